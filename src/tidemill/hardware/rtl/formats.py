"""Binary floating-point formats of IEEE 754, by the widths of their fields."""

from dataclasses import dataclass

__all__ = ["HALF", "SINGLE", "FloatFormat"]


@dataclass(frozen=True, slots=True)
class FloatFormat:
    """How a float lies in its bits: the fraction lowest, then the exponent, then the sign.

    Attributes:
        exponent_bits: Of the biased exponent.
        fraction_bits: Of the significand without its hidden bit.
    """

    exponent_bits: int
    fraction_bits: int

    @property
    def width(self) -> int:
        """Bits of a float."""
        return 1 + self.exponent_bits + self.fraction_bits

    @property
    def significand_bits(self) -> int:
        """Bits of the significand with its hidden bit."""
        return 1 + self.fraction_bits

    @property
    def bias(self) -> int:
        """The exponent's field of numbers from 1 to below 2."""
        return (1 << (self.exponent_bits - 1)) - 1

    @property
    def top_field(self) -> int:
        """The exponent's field of infinities and NaNs."""
        return (1 << self.exponent_bits) - 1

    @property
    def infinity(self) -> int:
        """The bits of the positive infinity."""
        return self.top_field << self.fraction_bits

    @property
    def quiet_nan(self) -> int:
        """The bits of the only NaN that comes out of a unit."""
        return self.infinity | 1 << (self.fraction_bits - 1)


HALF = FloatFormat(exponent_bits=5, fraction_bits=10)
"""FP16, IEEE 754 binary16."""

SINGLE = FloatFormat(exponent_bits=8, fraction_bits=23)
"""FP32, IEEE 754 binary32."""
