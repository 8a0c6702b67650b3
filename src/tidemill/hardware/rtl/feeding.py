"""What enters the array when: a product laid out over cycles, rows and columns.

Everything but sums that go round with weights stationary is known before the array runs.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tidemill.core.errors import SettingError
from tidemill.hardware.rtl.design import MULTIPLY_LATENCY, RtlDesign
from tidemill.hardware.rtl.operand import RightOperand
from tidemill.hardware.sat.array import Mapping, Shape
from tidemill.hardware.sat.cycles import full_count, tile_period, tiles

__all__ = ["NO_SUM", "Feed", "feed"]

NO_SUM = -1
"""In `Feed.sums`: nothing has been added up before."""

Halves = NDArray[np.float16]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The array's inputs, cycle by cycle, and where its outputs belong.

    Attributes:
        shape: Of the product.
        mapping: How it is laid over the array.
        groups: For each cycle and row, the elements of the left operand.
        valid: Whether they count, [cycles, rows].
        first: Whether sums begin, or weights change.
        last: Whether sums are done.
        values: For each cycle and column, of the right operand.
        indices: Their partners' places.
        shift: Whether values move down the column.
        sums: With weights stationary, the number of the result that comes in from the north as
            far as it is added up, or `NO_SUM`; [cycles, columns].
        words: For each word that leaves a column, in order, the row of the result, or -1 for
            padding; [words, columns].
        places: For each of them its column.
    """

    shape: Shape
    mapping: Mapping
    groups: NDArray[np.uint16] = field(repr=False)
    valid: Flags = field(repr=False)
    first: Flags = field(repr=False)
    last: Flags = field(repr=False)
    values: NDArray[np.uint16] = field(repr=False)
    indices: NDArray[np.uint8] = field(repr=False)
    shift: Flags = field(repr=False)
    sums: NDArray[np.int64] = field(repr=False)
    words: NDArray[np.int64] = field(repr=False)
    places: NDArray[np.int64] = field(repr=False)

    @property
    def cycles(self) -> int:
        """That inputs are laid out for."""
        return len(self.valid)


def feed(design: RtlDesign, left: Halves, right: RightOperand, mapping: Mapping) -> Feed:
    """Lay a product out.

    Args:
        design: Of the array.
        left: [rows, contraction].
        right: What it is multiplied by.
        mapping: How.

    Raises:
        SettingError: The sides do not fit each other, or the group does not fit the links.
    """
    if left.shape[1] != right.contraction:
        raise SettingError(
            f"{left.shape[1]:,} columns meet {right.contraction:,} rows",
            hint="The left operand has as many columns as the right one has rows.",
        )
    if right.group > design.group:
        raise SettingError(
            f"groups of {right.group} for links of {design.group}",
            hint="Make the design for the largest M that is to run on it.",
        )
    if mapping.sums > design.accumulate_latency:
        raise SettingError(
            f"{mapping}: an element holds {design.accumulate_latency} sums, one for each stage",
            hint="Interleave fewer, or give the adder more stages.",
        )
    shape = Shape(rows=left.shape[0], depth=right.depth, columns=right.columns)
    blank = _Blank(design, shape, mapping)
    lay = _lay_stationary_sums if mapping.dataflow == "os" else _lay_stationary_weights
    return lay(blank, _grouped(left, right, design), right)


class _Blank:
    """Inputs of zeros, to be written into."""

    def __init__(self, design: RtlDesign, shape: Shape, mapping: Mapping) -> None:
        self.array = design.array
        self.shape = shape
        self.mapping = mapping
        self.count = tiles(shape, self.array, mapping)
        self.period = tile_period(shape, self.array, mapping)
        self.cycles = full_count(shape, self.array, mapping).cycles
        rows, columns = design.rows, design.columns
        self.groups = np.zeros((self.cycles, rows, design.group), np.uint16)
        self.flags = np.zeros((3, self.cycles, rows), np.bool_)
        self.values = np.zeros((self.cycles, columns), np.uint16)
        self.indices = np.zeros((self.cycles, columns), np.uint8)

    def made(
        self,
        shift: Flags,
        sums: NDArray[np.int64],
        words: tuple[NDArray[np.int64], NDArray[np.int64]],
    ) -> Feed:
        """Return what was written."""
        valid, first, last = self.flags
        return Feed(
            shape=self.shape,
            mapping=self.mapping,
            groups=self.groups,
            valid=valid,
            first=first,
            last=last,
            values=self.values,
            indices=self.indices,
            shift=shift,
            sums=sums,
            words=words[0],
            places=words[1],
        )


def _grouped(left: Halves, right: RightOperand, design: RtlDesign) -> NDArray[np.uint16]:
    """Return the left operand's bits in groups of the links' width, [rows, groups, width]."""
    rows, contraction = left.shape
    count = -(-contraction // right.group)
    padded = np.zeros((rows, count * right.group), np.float16)
    padded[:, :contraction] = left
    links = np.zeros((rows, count, design.group), np.uint16)
    links[:, :, : right.group] = padded.view(np.uint16).reshape(rows, count, right.group)
    return links


def _lay_stationary_sums(blank: _Blank, links: NDArray[np.uint16], right: RightOperand) -> Feed:
    array, mapping, shape = blank.array, blank.mapping, blank.shape
    latency, bits = array.accumulate_latency, right.values.view(np.uint16)
    down, across = array.rows * mapping.down, array.columns * mapping.across
    steps = np.arange(shape.depth)
    words = np.full((blank.count, array.rows, mapping.sums, array.columns), -1, np.int64)
    places = words.copy()
    over = -(-shape.columns // across)
    for tile, place in np.ndindex(blank.count, mapping.sums):
        top, side = (tile // over) * down, (tile % over) * across
        below, beside = divmod(place, mapping.across)
        begin = tile * blank.period + place + steps * latency
        for r in range(array.rows):
            row, when = top + below * array.rows + r, begin + r
            blank.flags[0, when, r] = True
            blank.flags[1, when[0], r] = blank.flags[2, when[-1], r] = True
            if row < shape.rows:
                blank.groups[when, r] = links[row, steps // right.kept]
                words[tile, r, place] = row
        for c in range(array.columns):
            column, when = side + beside * array.columns + c, begin + c
            if column < shape.columns:
                blank.values[when, c] = bits[:, column]
                blank.indices[when, c] = right.indices[:, column]
                places[tile, :, place, c] = column
    always = np.ones((blank.cycles, array.columns), np.bool_)
    none = np.full((blank.cycles, array.columns), NO_SUM, np.int64)
    flat = (-1, array.columns)
    return blank.made(always, none, (words.reshape(flat), places.reshape(flat)))


def _lay_stationary_weights(blank: _Blank, links: NDArray[np.uint16], right: RightOperand) -> Feed:
    array, shape = blank.array, blank.shape
    latency, bits = array.accumulate_latency, right.values.view(np.uint16)
    shift = np.zeros((blank.cycles, array.columns), np.bool_)
    sums = np.full((blank.cycles, array.columns), NO_SUM, np.int64)
    words = np.full((blank.count, shape.rows, array.columns), -1, np.int64)
    places = words.copy()
    tokens, folds = np.arange(shape.rows), -(-shape.depth // array.rows)
    for tile in range(blank.count):
        side, fold = tile // folds * array.columns, tile % folds
        begin = array.rows + tile * blank.period
        depths = fold * array.rows + np.arange(array.rows)
        for r, depth in enumerate(depths):
            when = begin + tokens + r * latency
            blank.flags[0, when, r] = True
            blank.flags[1, when[0], r] = True
            if depth < shape.depth:
                blank.groups[when, r] = links[:, depth // right.kept]
        for c in range(array.columns):
            column = side + c
            loads = begin - array.rows + c + np.arange(array.rows)
            shift[loads, c] = True
            if column >= shape.columns:
                continue
            real = depths[::-1] < shape.depth
            blank.values[loads[real], c] = bits[depths[::-1][real], column]
            blank.indices[loads[real], c] = right.indices[depths[::-1][real], column]
            words[tile, :, c], places[tile, :, c] = tokens, column
            if fold:
                sums[begin + tokens + c + MULTIPLY_LATENCY, c] = tokens * shape.columns + column
    flat = (-1, array.columns)
    return blank.made(shift, sums, (words.reshape(flat), places.reshape(flat)))
