"""The sum of two FP32 numbers, rounded once."""

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.data import StructLayout, View
from amaranth.lib.wiring import Component, In, Out

from tidemill.hardware.rtl.formats import SINGLE
from tidemill.hardware.rtl.pipeline import Pipeline, checked_latency, wire
from tidemill.hardware.rtl.rounding import (
    Operand,
    jammed,
    leading_zeros,
    rounded,
    shifted_right,
    unrounded,
)

__all__ = ["SingleAdder"]

STAGES = 4

LOW = 3
"""Bits below the larger addend in which the smaller one keeps what rounding needs."""

ADDEND = SINGLE.significand_bits + LOW

ALIGNED = StructLayout(
    {
        "large": SINGLE.significand_bits,
        "small": ADDEND,
        "exponent": SINGLE.exponent_bits,
        "sign": 1,
        "subtracts": 1,
        "is_infinite": 1,
        "is_nan": 1,
    }
)

SUMMED = StructLayout(
    {
        "total": ADDEND + 1,
        "exponent": SINGLE.exponent_bits,
        "sign": 1,
        "subtracts": 1,
        "is_infinite": 1,
        "is_nan": 1,
    }
)


class SingleAdder(Component):
    """FP32 + FP32, one sum a clock.

    Ports: ``a`` and ``b``, and their ``total`` ``latency`` clocks later.

    Args:
        latency: Clocks. Four stages (align, add, normalise, round) merge below 4.

    Attributes:
        latency: The same.

    Raises:
        SettingError: The latency is below 1.
    """

    def __init__(self, latency: int = 4) -> None:
        width = SINGLE.width
        super().__init__({"a": In(width), "b": In(width), "total": Out(width)})
        self.latency: int = checked_latency(latency)

    def elaborate(self, platform: object) -> Module:  # noqa: ARG002 - Amaranth hands it over
        """Return the unit's logic."""
        module = Module()
        pipeline = Pipeline(module, stages=STAGES, latency=self.latency)
        aligned = pipeline.after(1, _aligned(module, self.a, self.b))
        summed = pipeline.after(2, _summed(module, aligned))
        normalised = pipeline.after(3, _normalised(module, summed))
        total = wire(module, rounded(SINGLE, normalised), "rounded")
        module.d.comb += self.total.eq(pipeline.after(4, total))
        return module


def _aligned(module: Module, a: Value, b: Value) -> View:
    """Order the addends by magnitude and shift the smaller one to the larger one's exponent."""
    swaps = wire(module, b[:-1] > a[:-1], "swaps")
    large = Operand(SINGLE, wire(module, Mux(swaps, b, a), "large"))
    small = Operand(SINGLE, wire(module, Mux(swaps, a, b), "small"))
    distance = wire(module, (large.exponent - small.exponent)[: SINGLE.exponent_bits], "distance")
    shifted = shifted_right(module, Cat(Const(0, LOW), small.significand), distance)
    subtracts = large.sign ^ small.sign
    found = Signal(ALIGNED, name="aligned")
    module.d.comb += [
        found.large.eq(large.significand),
        found.small.eq(shifted),
        found.exponent.eq(large.exponent),
        found.sign.eq(large.sign),
        found.subtracts.eq(subtracts),
        found.is_infinite.eq(large.is_top),
        # A NaN is the larger one, and infinity less infinity is one.
        found.is_nan.eq(large.is_nan | (small.is_top & subtracts)),
    ]
    return found


def _summed(module: Module, aligned: View) -> View:
    """Add or subtract, by one chain of carries: its lowest place carries the two's complement."""
    large = Cat(Const(1, 1), Const(0, LOW), aligned.large, Const(0, 1))
    small = Cat(aligned.subtracts, Cat(aligned.small, 0) ^ aligned.subtracts.replicate(ADDEND + 1))
    found = Signal(SUMMED, name="summed")
    module.d.comb += found.total.eq((large + small)[1 : ADDEND + 2])
    module.d.comb += [
        found[name].eq(aligned[name])
        for name in ("exponent", "sign", "subtracts", "is_infinite", "is_nan")
    ]
    return found


def _normalised(module: Module, summed: View) -> View:
    """Shift the first 1 to the top, but no further than to where subnormals stand."""
    count = wire(module, leading_zeros(module, summed.total), "count")
    is_short = count > summed.exponent
    shift = wire(module, Mux(is_short, summed.exponent, count)[: len(count)], "shift")
    moved = wire(module, (summed.total << shift)[: ADDEND + 1], "moved")
    found = Signal(unrounded(SINGLE), name="normalised")
    module.d.comb += [
        found.significand.eq(jammed(moved, len(found.significand))),
        found.exponent.eq(summed.exponent + 1 - shift),
        found.sign.eq(summed.sign & ~(summed.subtracts & ~summed.total.any())),
        found.is_infinite.eq(summed.is_infinite),
        found.is_nan.eq(summed.is_nan),
    ]
    return found
