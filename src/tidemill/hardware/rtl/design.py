"""What is decided before an array is made: sizes, pattern, latency."""

from dataclasses import dataclass

from tidemill.core.errors import SettingError
from tidemill.hardware.sat.array import Array
from tidemill.sparsity.pattern import NMPattern

__all__ = ["LARGEST_GROUP", "LONGEST_ADDER", "RtlDesign"]

LARGEST_GROUP = 32
LONGEST_ADDER = 8
MULTIPLY_LATENCY = 1
VALUE_BITS = 16
SUM_BITS = 32
USUAL = NMPattern(2, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class RtlDesign:
    """The parameters of the hardware.

    Attributes:
        rows: Of processing elements.
        columns: Of processing elements.
        pattern: N:M that SORE prunes to. Elements take any pattern of groups up to its M, and
            dense products.
        accumulate_latency: Stages of the adder, and sums that an element can hold.
        lanes: Of SORE and of WUVE.

    Raises:
        SettingError: One of them is out of its range.
    """

    rows: int = 4
    columns: int = 4
    pattern: NMPattern = USUAL
    accumulate_latency: int = 4
    lanes: int = 32

    def __post_init__(self) -> None:
        if not 1 <= self.accumulate_latency <= LONGEST_ADDER:
            raise SettingError(
                f"an adder of {self.accumulate_latency} stages",
                hint=f"It has 1 to {LONGEST_ADDER}.",
            )
        if not 1 <= self.lanes <= 1024:
            raise SettingError(f"{self.lanes} lanes", hint="There are 1 to 1,024.")
        _ = self.array

    @property
    def array(self) -> Array:
        """The array, as the cycle model knows it."""
        return Array(
            rows=self.rows,
            columns=self.columns,
            accumulate_latency=self.accumulate_latency,
            multiply_latency=MULTIPLY_LATENCY,
        )

    @property
    def group(self) -> int:
        """Elements of the left operand that one link carries at once."""
        return self.pattern.m

    @property
    def index_bits(self) -> int:
        """That pick one of them."""
        return max(1, (self.group - 1).bit_length())
