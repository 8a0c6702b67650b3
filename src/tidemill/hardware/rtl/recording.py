"""What the array was given and what it answered, cycle by cycle, in Amaranth's simulator."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tidemill.core.randomness import stream
from tidemill.hardware.rtl.design import SUM_BITS, RtlDesign
from tidemill.hardware.rtl.operand import RightOperand, dense_operand, packed_operand
from tidemill.hardware.rtl.ports import Port
from tidemill.hardware.rtl.simulation import StceSimulator
from tidemill.hardware.sat.array import Mapping as Layout
from tidemill.hardware.sat.array import mappings

__all__ = ["Recording", "recorded"]

GROUPS = 2
"""Of the contraction: enough that sums go on from one group to the next."""

EXPONENTS = range(-18, 4)
"""Of numbers, so that some are subnormal halves and sums are rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Several products, one after the other; before each the array is reset for a cycle.

    Attributes:
        stimulus: For each cycle the reset, then all inputs in the order of the ports; the first
            is in the highest bits.
        expected: For each cycle which columns give a sum, above the sums, zero where none.
        sums: That are given in all.
    """

    stimulus: Sequence[int] = field(repr=False)
    expected: Sequence[int] = field(repr=False)
    sums: int


def recorded(simulator: StceSimulator, inputs: Sequence[Port]) -> Recording:
    """Run a small product of every mode, and return what was seen.

    Modes are dense and N:M, each with outputs stationary, the same interleaved, and with weights
    stationary.

    Args:
        simulator: Of the array.
        inputs: Ports of the array, in order.
    """
    recorder = _Recorder(simulator.design, inputs)
    for left, right, layout in _products(simulator.design):
        recorder.reset()
        simulator.product(left, right, layout, watch=recorder.look)
    return Recording(stimulus=recorder.stimulus, expected=recorder.expected, sums=recorder.sums)


class _Recorder:
    """Writes down what it sees."""

    def __init__(self, design: RtlDesign, inputs: Sequence[Port]) -> None:
        self._columns = design.columns
        self._inputs = inputs
        self.stimulus: list[int] = []
        self.expected: list[int] = []
        self.sums = 0

    def reset(self) -> None:
        """Let a cycle pass in which the array is reset."""
        self.stimulus.append(1 << sum(port.width for port in self._inputs))
        self.expected.append(0)

    def look(self, inputs: Mapping[str, int], sums: int, valid: int) -> None:
        """Write a cycle down."""
        word = 0
        for port in self._inputs:
            word = word << port.width | inputs[port.name]
        mask = sum(
            (1 << SUM_BITS) - 1 << SUM_BITS * column
            for column in range(self._columns)
            if valid >> column & 1
        )
        self.stimulus.append(word)
        self.expected.append(valid << SUM_BITS * self._columns | sums & mask)
        self.sums += valid.bit_count()


def _products(design: RtlDesign) -> Iterator[tuple[NDArray[np.float16], RightOperand, Layout]]:
    chance = stream(0, "rtl", "testbench")
    contraction = GROUPS * design.group
    for layout in _layouts(design):
        # One row and one column too many: tiles follow each other, the last ones padded.
        left = _numbers(chance, design.rows * layout.down + 1, contraction)
        right = _numbers(chance, contraction, design.columns * layout.across + 1)
        yield left, dense_operand(right, group=design.group), layout
        mask = _mask(chance, design, right.shape[1])
        yield left, packed_operand(right, mask, design.pattern), layout


def _layouts(design: RtlDesign) -> Iterator[Layout]:
    ways = mappings(design.array, "os")
    # The way in the middle holds sums of several rows and of several columns.
    yield from dict.fromkeys((Layout(dataflow="os"), ways[len(ways) // 2]))
    yield Layout(dataflow="ws")


def _numbers(chance: random.Random, rows: int, columns: int) -> NDArray[np.float16]:
    drawn = [chance.uniform(-1, 1) * 2.0 ** chance.choice(EXPONENTS) for _ in range(rows * columns)]
    return np.array(drawn, np.float16).reshape(rows, columns)


def _mask(chance: random.Random, design: RtlDesign, columns: int) -> NDArray[np.bool_]:
    pattern = design.pattern
    mask = np.zeros((columns, GROUPS, pattern.m), np.bool_)
    for column, group in np.ndindex(columns, GROUPS):
        mask[column, group, chance.sample(range(pattern.m), pattern.n)] = True
    return mask.reshape(columns, GROUPS * pattern.m).T
