"""The steps of a cut product: what each computes, fetches and writes, and what all take.

A step computes on one half of the buffers while the next one's operands come into the other and
the last one's results leave; halves change when both are done, and the array stands still
until then.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product

from tidemill.hardware.sat.array import Mapping, Shape
from tidemill.hardware.sat.blocking import Blocking
from tidemill.hardware.sat.cycles import full_count, pieces, tile_period, tiles
from tidemill.hardware.sat.engine import Engine
from tidemill.hardware.sat.job import Job

__all__ = ["Step", "Walk", "WalkTime"]

Place = tuple[int, int, int, int]
"""Of a step: product, outer block, inner block, slab of the contraction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What happens in one step.

    Attributes:
        compute: Cycles of the array.
        fetched: Bytes of its own operands that were not there before.
        written: Bytes of its results.
    """

    compute: int
    fetched: int
    written: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkTime:
    """What a product takes with its memory.

    Attributes:
        cycles: In all.
        compute: Of the array, which is idle in the others.
        dram_bytes: Read and written.
    """

    cycles: int
    compute: int
    dram_bytes: int


class Walk:
    """The steps of a product, in order.

    Args:
        job: The product.
        mapping: How it is laid over the array.
        blocks: How it is cut.
        engine: Where it runs.
    """

    def __init__(self, job: Job, mapping: Mapping, blocks: Blocking, engine: Engine) -> None:
        self.job = job
        self.mapping = mapping
        self.blocks = blocks
        self.engine = engine

    @cached_property
    def counts(self) -> Place:
        """How often each loop runs, from the outermost in."""
        shape, blocks = self.job.shape, self.blocks
        rows, columns = (
            pieces(shape.rows, blocks.rows),
            pieces(shape.columns, blocks.columns),
        )
        outer, inner = (rows, columns) if blocks.outer == "rows" else (columns, rows)
        return shape.count, outer, inner, pieces(self.job.contraction, blocks.contraction)

    def places(self) -> Iterator[Place]:
        """Yield every step's place in order; there may be many."""
        # Not `itertools.product`, which would hold all of their numbers first.
        many, outer, inner, slabs = map(range, self.counts)
        yield from ((a, b, c, d) for a in many for b in outer for c in inner for d in slabs)

    def step(self, place: Place) -> Step:
        """Return what happens in a step."""
        job = self.job
        rows, contraction, columns = self.sizes(place)
        before = self._before(place)
        is_last_slab = place[3] == self.counts[3] - 1
        return Step(
            compute=self._compute(rows, contraction, columns, is_last=is_last_slab),
            fetched=(
                job.left_bytes(rows, contraction) * self._changes(place, before, "rows")
                + job.right_bytes(contraction, columns) * self._changes(place, before, "columns")
            ),
            written=job.written_bytes(rows, columns) if is_last_slab else 0,
        )

    def time(self) -> WalkTime:
        """Return what all steps take, from a few of each kind.

        Steps are alike but for those at the ends of a loop and beside them.
        """
        step, moving = cache(self.step), self.engine.dram_cycles
        cycles = moving(step((0, 0, 0, 0)).fetched) + self.head + moving(step(self._last).written)
        compute, moved = self.head + self.tail, 0
        for times, place in self._kinds():
            own, before, after = step(place), self._before(place), self._after(place)
            out = step(before).written if before else 0
            coming = step(after).fetched if after else 0
            # Nothing begins after the last step, whose array is done when its results are out.
            busy = own.compute if after else own.compute + self.tail
            cycles += times * max(busy, moving(out + coming))
            compute += times * own.compute
            moved += times * (own.fetched + own.written)
        return WalkTime(cycles=cycles, compute=compute, dram_bytes=moved)

    @property
    def head(self) -> int:
        """Cycles from the first operands to the first tile: its weights are loaded."""
        return self.engine.array.rows if self.mapping.dataflow == "ws" else 0

    @cached_property
    def tail(self) -> int:
        """Cycles until the last tile's results are out, after the next one could have begun.

        Less than none where the next one would have waited for its weights.
        """
        rows, _, columns = self.sizes(self._last)
        shape = self._part(rows, self.job.shape.depth, columns)
        count = full_count(shape, self.engine.array, self.mapping).cycles
        period = self._period(shape) * tiles(shape, self.engine.array, self.mapping)
        return count - self.head - period

    @property
    def _last(self) -> Place:
        product_, outer, inner, slab = self.counts
        return product_ - 1, outer - 1, inner - 1, slab - 1

    def sizes(self, place: Place) -> tuple[int, int, int]:
        """Return the rows, the contraction and the columns of a step."""
        blocks, shape = self.blocks, self.job.shape
        row, column = (place[1], place[2]) if blocks.outer == "rows" else (place[2], place[1])
        return (
            min(blocks.rows, shape.rows - row * blocks.rows),
            min(blocks.contraction, self.job.contraction - place[3] * blocks.contraction),
            min(blocks.columns, shape.columns - column * blocks.columns),
        )

    def _changes(self, place: Place, before: Place | None, side: str) -> bool:
        """Say whether a step needs another part of an operand than the one before."""
        if before is None or place[0] != before[0] or place[3] != before[3]:
            return True
        loop = 1 if side == self.blocks.outer else 2
        return place[loop] != before[loop]

    def _compute(self, rows: int, contraction: int, columns: int, *, is_last: bool) -> int:
        job, array = self.job, self.engine.array
        depth = job.kept(contraction)
        if self.mapping.dataflow == "os" and self.counts[3] > 1:
            busy = depth * array.accumulate_latency
            whole = self._part(rows, job.shape.depth, columns)
            waited = self._period(whole) - job.shape.depth * array.accumulate_latency
            return busy + (waited if is_last else 0)
        part = self._part(rows, depth, columns)
        whole = self._part(rows, job.shape.depth, columns)
        return tiles(part, array, self.mapping) * self._period(whole)

    def _part(self, rows: int, depth: int, columns: int) -> Shape:
        return Shape(rows=rows, depth=depth, columns=columns)

    def _period(self, shape: Shape) -> int:
        return tile_period(shape, self.engine.array, self.mapping)

    def _before(self, place: Place) -> Place | None:
        return self._moved(place, -1)

    def _after(self, place: Place) -> Place | None:
        return self._moved(place, 1)

    def _moved(self, place: Place, by: int) -> Place | None:
        number = 0
        for index, count in zip(place, self.counts, strict=True):
            number = number * count + index
        number += by
        moved = []
        for count in reversed(self.counts):
            number, index = divmod(number, count)
            moved.append(index)
        return None if number else tuple(reversed(moved))  # type: ignore[return-value]

    def _kinds(self) -> Iterator[tuple[int, Place]]:
        """Yield a place of each kind of step, and how many there are of the kind."""
        loops = [_kinds_of(count) for count in self.counts]
        for (many, a), (outer, b), (inner, c), (slabs, d) in product(*loops):
            yield many * outer * inner * slabs, (a, b, c, d)


def _kinds_of(count: int) -> list[tuple[int, int]]:
    """Return the first, one like the others, and the last two, with how many each stands for."""
    if count <= 4:
        return [(1, index) for index in range(count)]
    return [(1, 0), (count - 3, 1), (1, count - 2), (1, count - 1)]
