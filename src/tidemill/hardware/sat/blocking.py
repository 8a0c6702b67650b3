"""How a product is cut so that its parts fit into buffers.

One half of a buffer is filled while the other is used. With outputs stationary a part has the
whole contraction, or, where that does not fit, is a single tile whose sums stay in the array
until the next slab of it is there; the array stands still meanwhile. With weights stationary
sums wait in the buffer for results.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import lcm
from typing import Literal

from tidemill.core.errors import CapacityError
from tidemill.hardware.sat.array import Mapping
from tidemill.hardware.sat.cycles import pieces
from tidemill.hardware.sat.engine import Engine
from tidemill.hardware.sat.job import Job

__all__ = ["Blocking", "blocking"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocking:
    """Sizes of the parts, the last ones of which may be smaller.

    Attributes:
        rows: Of the result.
        contraction: In memory; the innermost loop.
        columns: Of the result.
        outer: What the outermost loop goes over.
    """

    rows: int
    contraction: int
    columns: int
    outer: Literal["rows", "columns"] = "rows"


def blocking(job: Job, mapping: Mapping, engine: Engine) -> Blocking:
    """Return how a product is cut: of ways that fit, one that moves the fewest bytes.

    Those are parts as wide and as tall as they can be, in either order. Parts with too few rows
    for the array to load the next weights meanwhile are taken only where no other fits.

    Raises:
        CapacityError: Not even the smallest parts fit.
    """
    room = _Room(job, mapping, engine)
    best: tuple[bool, int, int, int] | None = None
    chosen = None
    for number, found in enumerate(_candidates(room)):
        cost = (room.idles(found), _bytes(job, found), _steps(job, found), number)
        if best is None or cost < best:
            best, chosen = cost, found
    if chosen is None:
        raise CapacityError(
            f"a product of {job.shape.rows:,} x {job.contraction:,} x {job.shape.columns:,}"
            f" does not fit: a single tile of it ({mapping}) is larger than half a buffer",
            hint="Make a buffer of the machine larger, or its array smaller.",
        )
    return chosen


class _Room:
    """What fits into half of each buffer."""

    def __init__(self, job: Job, mapping: Mapping, engine: Engine) -> None:
        array, buffers = engine.array, engine.buffers
        self.job = job
        self.is_os = mapping.dataflow == "os"
        self.left, self.right, self.result = (
            size // 2 for size in (buffers.left, buffers.right, buffers.result)
        )
        self.sum_bytes = engine.partial_bytes
        self.down = array.rows * mapping.down if self.is_os else 1
        self.across = array.columns * mapping.across
        # A slab ends where a group ends and, with weights stationary, where a tile does.
        kept = job.pattern.n if self.is_os else lcm(job.pattern.n, array.rows)
        self.unit = min(kept // job.pattern.n * job.pattern.m, job.contraction)
        latency = array.accumulate_latency
        self.least_rows = 1 if self.is_os else array.rows * (latency + 1) + 1

    def idles(self, blocks: "Blocking") -> bool:
        """Say whether the array would wait for its weights in every tile."""
        return blocks.rows < min(self.least_rows, self.job.shape.rows)

    def rows(self, contraction: int, columns: int) -> int:
        """Return how many rows fit with so many columns; whole tiles of them."""
        job = self.job
        row = max(1, job.left_bytes(self.down, contraction))
        most = min(self.left // row, self.result // (self.down * columns * self.sum_bytes))
        return min(most, pieces(job.shape.rows, self.down)) * self.down

    def columns(self, contraction: int, rows: int) -> int:
        """Return how many columns fit with so many rows; whole tiles of them."""
        job = self.job
        column = max(1, job.right_bytes(contraction, self.across))
        most = min(self.right // column, self.result // (rows * self.across * self.sum_bytes))
        return min(most, pieces(job.shape.columns, self.across)) * self.across


def _candidates(room: _Room) -> Iterator[Blocking]:
    job = room.job
    for contraction in _slabs(room):
        is_whole = contraction == job.contraction
        if room.is_os and not is_whole:
            sizes = [(room.down, room.across)]
        else:
            sizes = _wide_and_tall(room, contraction)
        for rows, columns in sizes:
            if not _fits(room, rows, contraction, columns):
                continue
            for outer in ("rows", "columns"):
                yield Blocking(rows=rows, contraction=contraction, columns=columns, outer=outer)
        if is_whole and sizes and room.is_os:
            return


def _slabs(room: _Room) -> Iterator[int]:
    """Yield lengths of the contraction, from the whole one down by halves."""
    units = pieces(room.job.contraction, room.unit)
    yield room.job.contraction
    while units > 1:
        units = pieces(units, 2)
        yield units * room.unit


def _wide_and_tall(room: _Room, contraction: int) -> list[tuple[int, int]]:
    """Return a part with as many columns as fit, and one with as many rows."""
    least = min(room.least_rows, room.job.shape.rows) if not room.is_os else room.down
    wide = room.columns(contraction, least)
    tall = room.rows(contraction, room.across)
    sizes = [(room.rows(contraction, wide), wide)] if wide else []
    sizes += [(tall, room.columns(contraction, tall))] if tall else []
    return [(rows, columns) for rows, columns in sizes if rows and columns]


def _fits(room: _Room, rows: int, contraction: int, columns: int) -> bool:
    job = room.job
    return (
        job.left_bytes(rows, contraction) <= room.left
        and job.right_bytes(contraction, columns) <= room.right
        and rows * columns * room.sum_bytes <= room.result
    )


def _bytes(job: Job, found: Blocking) -> int:
    """Return what is read; what is written is the same for all."""
    shape = job.shape
    over_rows = pieces(shape.rows, found.rows)
    over_columns = pieces(shape.columns, found.columns)
    left = job.left_bytes(shape.rows, job.contraction)
    right = job.right_bytes(job.contraction, shape.columns)
    if found.contraction < job.contraction:
        return left * over_columns + right * over_rows
    if found.outer == "rows":
        return left + right * (over_rows if over_columns > 1 else 1)
    return right + left * (over_columns if over_rows > 1 else 1)


def _steps(job: Job, found: Blocking) -> int:
    shape = job.shape
    return (
        pieces(shape.rows, found.rows)
        * pieces(shape.columns, found.columns)
        * pieces(job.contraction, found.contraction)
    )
