"""A product simulated event by event: tiles, drains, loads and transfers, each when it can begin.

The closed form of `walk` and `cycles` counts; here every unit begins when it has what it needs,
step by step. The two have to agree to the cycle. How large steps are, and what they move, both
take from `walk`.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

from tidemill.hardware.sat.array import Shape
from tidemill.hardware.sat.cycles import tiles
from tidemill.hardware.sat.walk import Place, Walk

__all__ = ["Span", "Track", "simulated", "spans"]

Track = Literal["fetch", "write", "load", "array", "drain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that a unit did.

    Attributes:
        track: What it did: operands come in, results go out, weights are loaded, a tile is
            computed, its sums leave through the columns.
        start: The cycle it began in.
        end: The cycle after its last one.
    """

    track: Track
    start: int
    end: int


Spans = Generator[Span, None, int]


def simulated(walk: Walk) -> int:
    """Return the cycles of a product, simulated.

    Args:
        walk: Its steps.
    """
    events = spans(walk)
    while True:
        try:
            next(events)
        except StopIteration as end:
            cycles: int = end.value
            return cycles


def spans(walk: Walk) -> Spans:
    """Yield what every unit does, in order of beginnings for each; return the cycles of it all.

    Args:
        walk: The product's steps.
    """
    moving = walk.engine.dram_cycles
    array = _Sums(walk) if walk.mapping.dataflow == "os" else _Weights(walk)
    now = yield from _moved("fetch", 0, moving(walk.step((0, 0, 0, 0)).fetched))
    now = yield from array.prepared(now)
    written = 0
    places = walk.places()
    place: Place | None = next(places)
    moved = now
    while place is not None:
        after = next(places, None)
        ready = yield from array.run(place, now)
        coming = walk.step(after).fetched if after else 0
        # Both ways share the memory's wires: cycles are those of all bytes together.
        both, out = moving(written + coming), moving(written)
        moved = yield from _moved("write", now, min(out, both))
        moved = yield from _moved("fetch", moved, both - min(out, both))
        written = walk.step(place).written
        now = max(ready, moved)
        place = after
    # The last results are out when the array says so, not when it could begin anew.
    return (yield from _moved("write", max(array.left, moved), moving(written)))


def _moved(track: Track, start: int, cycles: int) -> Spans:
    if cycles:
        yield Span(track=track, start=start, end=start + cycles)
    return start + cycles


class _Sums:
    """The array with outputs stationary: streams one after the other, drains beside them."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._drained = 0
        self.left = 0

    def prepared(self, now: int) -> Spans:
        """Return when the first tile can begin."""
        yield from ()
        return now

    def run(self, place: Place, now: int) -> Spans:
        """Run a step's tiles; return when the next one could begin."""
        walk = self._walk
        array, mapping = walk.engine.array, walk.mapping
        rows, contraction, columns = walk.sizes(place)
        depth = walk.job.kept(contraction)
        # Of a contraction in slabs only the last one's sums leave the array.
        leaves = place[3] == walk.counts[3] - 1
        drain = array.rows * mapping.sums if leaves else 0
        for _ in range(tiles(Shape(rows=rows, depth=depth, columns=columns), array, mapping)):
            done = now + depth * array.accumulate_latency
            yield Span(track="array", start=now, end=done)
            if drain:
                first = done + array.multiply_latency + 1
                yield Span(track="drain", start=first, end=first + drain)
                self._drained = done + drain
                self.left = self._drained + array.rows + array.columns + array.multiply_latency
            # A column that still drains must be free before the next sums are done.
            now = max(done, self._drained - self._stream(place))
        return now

    def _stream(self, place: Place) -> int:
        """Return how long a tile streams before its sums want to leave."""
        walk = self._walk
        whole = walk.counts[3] > 1
        contraction = walk.job.contraction if whole else walk.sizes(place)[1]
        return walk.job.kept(contraction) * walk.engine.array.accumulate_latency


class _Weights:
    """The array with weights stationary: loads behind streams, sums that come round."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self.left = 0

    def prepared(self, now: int) -> Spans:
        """Load weights, the first of which nothing hides; return when their tile can begin."""
        end = now + self._walk.engine.array.rows
        yield Span(track="load", start=now, end=end)
        return end

    def run(self, place: Place, now: int) -> Spans:
        """Run a step's tiles; return when the next one could begin."""
        walk = self._walk
        array = walk.engine.array
        rows, contraction, columns = walk.sizes(place)
        part = Shape(rows=rows, depth=walk.job.kept(contraction), columns=columns)
        latency, height = array.accumulate_latency, array.rows
        through = height * latency + array.columns + array.multiply_latency - 1
        is_last = place == tuple(count - 1 for count in walk.counts)
        to_come = tiles(part, array, walk.mapping)
        while to_come:
            yield Span(track="array", start=now, end=now + rows)
            self.left = now + rows + through
            to_come -= 1
            if is_last and not to_come:
                break
            # The chain of a column moves when its last row has taken over what it held.
            loaded = yield from self.prepared(now + (height - 1) * latency + 1)
            came_round = now + height * latency + 1 if walk.job.shape.depth > height else 0
            now = max(now + rows, loaded, came_round)
        return now
