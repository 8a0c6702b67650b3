"""FP32 to FP16 and back."""

from amaranth import Cat, Module, Mux, Signal, Value

from tidemill.hardware.rtl.formats import HALF, SINGLE
from tidemill.hardware.rtl.pipeline import wire
from tidemill.hardware.rtl.rounding import (
    Operand,
    denormalised,
    jammed,
    leading_zeros,
    rounded,
    unrounded,
)

__all__ = ["half_of", "single_of"]

REBIAS = SINGLE.bias - HALF.bias


def half_of(module: Module, bits: Value) -> Value:
    """Return the FP16 number nearest to an FP32 one, within the clock.

    Args:
        module: Where it is computed.
        bits: The FP32 number.
    """
    number = Operand(SINGLE, bits)
    found = Signal(unrounded(HALF), name="narrowed")
    exponent = wire(module, number.exponent - REBIAS, "exponent")
    # All exponents from below the smallest halves to above the largest ones do the same.
    least, most = -HALF.significand_bits - 1, HALF.top_field
    clamped = Mux(exponent < least, least, Mux(exponent > most, most, exponent))
    module.d.comb += [
        found.significand.eq(jammed(number.significand, len(found.significand))),
        found.exponent.eq(clamped),
        found.sign.eq(number.sign),
        found.is_infinite.eq(number.is_infinite),
        found.is_nan.eq(number.is_nan),
    ]
    return wire(module, rounded(HALF, denormalised(module, found)), "half")


def single_of(module: Module, bits: Value) -> Value:
    """Return an FP16 number as an FP32 one, exactly and within the clock.

    Args:
        module: Where it is computed.
        bits: The FP16 number.
    """
    number = Operand(HALF, bits)
    count = wire(module, leading_zeros(module, number.significand), "count")
    moved = wire(module, (number.significand << count)[: HALF.significand_bits], "moved")
    padding = SINGLE.fraction_bits - HALF.fraction_bits
    fraction = (moved[:-1] << padding)[: SINGLE.fraction_bits]
    field = (number.exponent + REBIAS - count)[: SINGLE.exponent_bits]
    finite = Mux(moved[-1], Cat(fraction, field), 0)
    bounded = Mux(number.is_infinite, SINGLE.infinity, finite)
    return wire(module, Mux(number.is_nan, SINGLE.quiet_nan, Cat(bounded, number.sign)), "single")
