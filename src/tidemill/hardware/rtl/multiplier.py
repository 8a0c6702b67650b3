"""Products of floats: exact ones of FP16 numbers, rounded ones of FP32 numbers."""

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib.data import StructLayout, View
from amaranth.lib.wiring import Component, In, Out

from tidemill.hardware.rtl.formats import HALF, SINGLE, FloatFormat
from tidemill.hardware.rtl.pipeline import Pipeline, checked_latency, wire
from tidemill.hardware.rtl.rounding import (
    Operand,
    denormalised,
    jammed,
    leading_zeros,
    rounded,
    unrounded,
)

__all__ = ["HalfMultiplier", "SingleMultiplier"]


class HalfMultiplier(Component):
    """FP16 x FP16 -> FP32, exact, one product a clock.

    Ports: ``a`` and ``b``, and their ``product`` ``latency`` clocks later; +0 where ``void`` was
    high with them, whatever they were.

    Args:
        latency: Clocks. Two stages (multiply, normalise) merge below 2.

    Attributes:
        latency: The same.

    Raises:
        SettingError: The latency is below 1.
    """

    def __init__(self, latency: int = 1) -> None:
        super().__init__(
            {
                "a": In(HALF.width),
                "b": In(HALF.width),
                "void": In(1),
                "product": Out(SINGLE.width),
            }
        )
        self.latency: int = checked_latency(latency)

    def elaborate(self, platform: object) -> Module:  # noqa: ARG002 - Amaranth hands it over
        """Return the unit's logic."""
        module = Module()
        pipeline = Pipeline(module, stages=2, latency=self.latency)
        multiplied = pipeline.after(1, _multiplied(module, HALF, self.a, self.b))
        is_void = pipeline.after(1, wire(module, self.void, "is_void"))
        # Before the register, whose reset does it for nothing.
        product = wire(module, Mux(is_void, 0, _exact(module, multiplied)), "exact")
        module.d.comb += self.product.eq(pipeline.after(2, product))
        return module


class SingleMultiplier(Component):
    """FP32 x FP32 -> FP32, rounded, one product a clock.

    Ports: ``a`` and ``b``, and their ``product`` ``latency`` clocks later.

    Args:
        latency: Clocks. Three stages (multiply, normalise, round) merge below 3.

    Attributes:
        latency: The same.

    Raises:
        SettingError: The latency is below 1.
    """

    def __init__(self, latency: int = 3) -> None:
        width = SINGLE.width
        super().__init__({"a": In(width), "b": In(width), "product": Out(width)})
        self.latency: int = checked_latency(latency)

    def elaborate(self, platform: object) -> Module:  # noqa: ARG002 - Amaranth hands it over
        """Return the unit's logic."""
        module = Module()
        pipeline = Pipeline(module, stages=3, latency=self.latency)
        multiplied = pipeline.after(1, _multiplied(module, SINGLE, self.a, self.b))
        normalised = pipeline.after(2, _normalised(module, multiplied))
        product = wire(module, rounded(SINGLE, denormalised(module, normalised)), "rounded")
        module.d.comb += self.product.eq(pipeline.after(3, product))
        return module


def _multiplied(module: Module, form: FloatFormat, a: Value, b: Value) -> View:
    """Return the parts of a product; its exponent is the sum of the biased ones."""
    one, other = Operand(form, a), Operand(form, b)
    layout = StructLayout(
        {
            "significand": 2 * form.significand_bits,
            "exponent": form.exponent_bits + 1,
            "sign": 1,
            "is_infinite": 1,
            "is_nan": 1,
        }
    )
    found = Signal(layout, name="multiplied")
    infinite_zero = (one.is_infinite & other.is_zero) | (one.is_zero & other.is_infinite)
    module.d.comb += [
        found.significand.eq(one.significand * other.significand),
        found.exponent.eq(one.exponent + other.exponent),
        found.sign.eq(one.sign ^ other.sign),
        found.is_infinite.eq(one.is_top | other.is_top),
        found.is_nan.eq(one.is_nan | other.is_nan | infinite_zero),
    ]
    return found


def _exact(module: Module, multiplied: View) -> Value:
    """Return a product of FP16 numbers as FP32 bits: none is too small or large for a normal."""
    count = wire(module, leading_zeros(module, multiplied.significand), "count")
    moved = wire(module, (multiplied.significand << count)[: 2 * HALF.significand_bits], "moved")
    # A first 1 at the top counts 2, which is one more in the exponent.
    offset = SINGLE.bias - 2 * HALF.bias + 1
    field = (multiplied.exponent + offset - count)[: SINGLE.exponent_bits]
    padding = SINGLE.fraction_bits + 1 - len(moved)
    finite = Mux(moved[-1], Cat((moved[:-1] << padding)[: SINGLE.fraction_bits], field), 0)
    bounded = Mux(multiplied.is_infinite, SINGLE.infinity, finite)
    return Mux(multiplied.is_nan, SINGLE.quiet_nan, Cat(bounded, multiplied.sign))


def _normalised(module: Module, multiplied: View) -> View:
    """Shift the first 1 of a product of FP32 numbers to the top."""
    count = wire(module, leading_zeros(module, multiplied.significand), "count")
    width = len(multiplied.significand)
    moved = wire(module, (multiplied.significand << count)[:width], "moved")
    found = Signal(unrounded(SINGLE), name="normalised")
    module.d.comb += [
        found.significand.eq(jammed(moved, len(found.significand))),
        found.exponent.eq(multiplied.exponent + (1 - SINGLE.bias) - count),
        found.sign.eq(multiplied.sign),
        found.is_infinite.eq(multiplied.is_infinite),
        found.is_nan.eq(multiplied.is_nan),
    ]
    return found
