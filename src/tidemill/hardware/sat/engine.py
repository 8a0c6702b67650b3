"""What products run on: the array, the buffers beside it, and the way to memory."""

from dataclasses import dataclass
from fractions import Fraction

from tidemill.hardware.sat.array import Array

__all__ = ["Buffers", "Engine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffers:
    """Bytes on the chip, half of which is filled while the other half is used.

    Attributes:
        left: For the left operand.
        right: For the right one.
        result: For sums.
    """

    left: int
    right: int
    result: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The tensor engine (STCE) with its memory.

    Attributes:
        array: Of processing elements.
        buffers: On the chip.
        partial_bytes: Of a sum.
        dram_bytes_per_cycle: That memory gives or takes.
    """

    array: Array
    buffers: Buffers
    partial_bytes: int
    dram_bytes_per_cycle: Fraction

    def dram_cycles(self, moved: int) -> int:
        """Return the cycles that moving so many bytes takes, whole ones."""
        rate = self.dram_bytes_per_cycle
        return -(-moved * rate.denominator // rate.numerator)
