"""Cycles of one product on the array, in closed form.

Two ways of counting. `ideal_cycles` is that of SCALE-Sim 3.0.0, an independent simulator, which
knows a latency of one cycle only, loads and fills the array anew for every tile, and leaves the
draining of results out. `full_count` is that of the array in `hardware.rtl`, cycle for cycle:
sums interleaved to fill the adder, tiles that follow each other without a gap, results that
drain through the columns, weights that are loaded while others are used.
"""

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from types import MappingProxyType

from tidemill.hardware.sat.array import Array, Mapping, Shape

__all__ = [
    "EQUATIONS",
    "CycleCount",
    "full_count",
    "ideal_cycles",
    "pieces",
    "tile_period",
    "tiles",
]

EQUATIONS: MappingOf[str, str] = MappingProxyType(
    {
        "ideal os": "(R + C + K - 2) * ceil(M / R) * ceil(N / C) - 1",
        "ideal ws": "(2R + C + M - 2) * ceil(K / R) * ceil(N / C) - 1",
        "full os": (
            "(T - 1) * max(K L, R S) + K L + R S + R + C + P,"
            " T = ceil(M / (R down)) * ceil(N / (C across)), S = down * across"
        ),
        "full ws": (
            "R + (T - 1) * max(M, (R - 1) L + R + 1, [ceil(K / R) > 1] * (R L + 1))"
            " + M + R L + C + P - 1, T = ceil(K / R) * ceil(N / C)"
        ),
    }
)
"""M x K x N on R x C elements; K is what is kept of the contraction, L and P the cycles of an
addition and a multiplication. Of several products the tiles follow each other, so that T counts
those of all; an ideal array ends each product before it begins the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleCount:
    """What a product takes, and why that is not what an ideal array takes.

    Attributes:
        ideal: Of the ideal array, whose sums wait for nothing.
        terms: What the real array takes besides (or less), by reason.
    """

    ideal: int
    terms: MappingOf[str, int]

    @property
    def cycles(self) -> int:
        """In all."""
        return self.ideal + sum(self.terms.values())


def tiles(shape: Shape, array: Array, mapping: Mapping) -> int:
    """Return how many pieces of the array's size a product is cut into."""
    if mapping.dataflow == "os":
        down, across = array.rows * mapping.down, array.columns * mapping.across
        return shape.count * pieces(shape.rows, down) * pieces(shape.columns, across)
    return shape.count * pieces(shape.depth, array.rows) * pieces(shape.columns, array.columns)


def ideal_cycles(shape: Shape, array: Array, mapping: Mapping) -> int:
    """Return the cycles that SCALE-Sim 3.0.0 says, whatever the mapping interleaves."""
    plain = Mapping(dataflow=mapping.dataflow)
    fill = array.rows + array.columns - 2
    if mapping.dataflow == "os":
        return (fill + shape.depth) * tiles(shape, array, plain) - shape.count
    return (array.rows + fill + shape.rows) * tiles(shape, array, plain) - shape.count


def tile_period(shape: Shape, array: Array, mapping: Mapping) -> int:
    """Return the cycles from the beginning of a tile to that of the next.

    With outputs stationary a tile's results leave through its columns while the next one is
    computed. With weights stationary a tile's weights come down the columns while the last
    one's are used, and its sums go on where those of the tile before it ended.
    """
    rows, latency = array.rows, array.accumulate_latency
    if mapping.dataflow == "os":
        return max(shape.depth * latency, rows * mapping.sums)
    bounds = [shape.rows, (rows - 1) * latency + rows + 1]
    if shape.depth > rows:
        bounds.append(rows * latency + 1)
    return max(bounds)


def full_count(shape: Shape, array: Array, mapping: Mapping) -> CycleCount:
    """Return the cycles of the array as it is built, with what they are made of."""
    count = _output_stationary if mapping.dataflow == "os" else _weight_stationary
    ideal = ideal_cycles(shape, array, mapping)
    return CycleCount(ideal=ideal, terms=MappingProxyType(count(shape, array, mapping)))


def _output_stationary(shape: Shape, array: Array, mapping: Mapping) -> dict[str, int]:
    plain = tiles(shape, array, Mapping(dataflow="os"))
    own = tiles(shape, array, mapping)
    busy = shape.depth * array.accumulate_latency
    waited = tile_period(shape, array, mapping) - busy
    fill = array.rows + array.columns
    return {
        "additions": own * busy - plain * shape.depth,
        "fill": fill + array.multiply_latency - (plain * (fill - 2) - shape.count),
        "drain": array.rows * mapping.sums + (own - 1) * waited,
    }


def _weight_stationary(shape: Shape, array: Array, mapping: Mapping) -> dict[str, int]:
    own = tiles(shape, array, mapping)
    waited = tile_period(shape, array, mapping) - shape.rows
    through = array.rows * array.accumulate_latency + array.columns + array.multiply_latency
    return {
        "loads": array.rows - own * array.rows,
        "fill": through - 1 - (own * (array.rows + array.columns - 2) - shape.count),
        "waiting": (own - 1) * waited,
    }


def pieces(length: int, of: int) -> int:
    """Return how many pieces of a length, the last one perhaps shorter, make up another."""
    return -(-length // of)
