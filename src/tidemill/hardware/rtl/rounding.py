"""Floats taken apart, and rounded back: to nearest, of two as near ones to the even one."""

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.data import StructLayout, View

from tidemill.hardware.rtl.formats import FloatFormat
from tidemill.hardware.rtl.pipeline import wire

__all__ = [
    "Operand",
    "denormalised",
    "jammed",
    "leading_zeros",
    "rounded",
    "shifted_right",
    "unrounded",
]

GUARDS = 2
"""Bits below a significand that rounding needs: the next one, and whether more follows."""


class Operand:
    """A float taken apart.

    Args:
        form: Its format.
        bits: The float.

    Attributes:
        sign: 1 for minus.
        magnitude: All bits but the sign; they order magnitudes.
        exponent: Biased, and 1 for subnormals and zeros, as for the smallest normals.
        significand: With the hidden bit, which subnormals and zeros lack.
        is_top: An infinity or a NaN.
        is_infinite: An infinity.
        is_nan: A NaN.
        is_zero: A zero of either sign.
    """

    def __init__(self, form: FloatFormat, bits: Value) -> None:
        fraction = bits[: form.fraction_bits]
        field = bits[form.fraction_bits : form.width - 1]
        is_normal = field.any()
        self.sign: Value = bits[-1]
        self.magnitude: Value = bits[:-1]
        self.exponent: Value = Cat(field[0] | ~is_normal, field[1:])
        self.significand: Value = Cat(fraction, is_normal)
        self.is_top: Value = field.all()
        self.is_infinite: Value = self.is_top & ~fraction.any()
        self.is_nan: Value = self.is_top & fraction.any()
        self.is_zero: Value = ~self.magnitude.any()


def unrounded(form: FloatFormat) -> StructLayout:
    """Return the parts of a number that is to be rounded.

    The top bit of ``significand`` counts 1 at the biased ``exponent``; where it is 0, the number
    is subnormal, and only a large exponent matters. ``is_infinite`` and ``is_nan`` overrule both.

    Args:
        form: What it is rounded to.
    """
    return StructLayout(
        {
            "significand": form.significand_bits + GUARDS,
            "exponent": signed(form.exponent_bits + 2),
            "sign": 1,
            "is_infinite": 1,
            "is_nan": 1,
        }
    )


def jammed(value: Value, width: int) -> Value:
    """Return the top bits of a value, the lowest also 1 where any bit below was.

    Args:
        value: Has at least so many bits.
        width: Bits that stay.
    """
    dropped = len(value) - width
    return Cat(value[: dropped + 1].any(), value[dropped + 1 :])


def leading_zeros(module: Module, value: Value) -> Value:
    """Return how many zeros stand before the first 1 of a value; for 0, the most it can say.

    Args:
        module: Where it is counted.
        value: Of two bits or more.
    """
    digits = (len(value) - 1).bit_length()
    padding = (1 << digits) - len(value)
    window = Cat(Const((1 << padding) - 1, padding), value)
    count: list[Signal] = []
    for digit in reversed(range(digits)):
        low, high = window[: 1 << digit], window[1 << digit :]
        is_empty = wire(module, ~high.any(), f"empty_{digit}")
        window = wire(module, Mux(is_empty, low, high), f"window_{digit}")
        count.insert(0, is_empty)
    return Cat(*count)


def shifted_right(module: Module, value: Value, amount: Value) -> Value:
    """Return a value shifted right, its lowest bit also 1 where a 1 was shifted out.

    Args:
        module: Where it is shifted.
        value: What is shifted.
        amount: By how much; any number.
    """
    width = len(value)
    digits = (width - 1).bit_length()
    is_far = amount[digits:].any()
    for digit in reversed(range(digits)):
        step = min(1 << digit, width - 1)
        moved = jammed(value, width - step)
        value = wire(module, Mux(amount[digit] | is_far, moved, value), f"right_{digit}")
    return value


def denormalised(module: Module, number: View) -> View:
    """Return a number with the leading zeros of a subnormal where its exponent is below 1.

    Args:
        module: Where it is shifted.
        number: Of a layout from `unrounded`.
    """
    below = Mux(number.exponent < 1, 1 - number.exponent, 0)
    amount = wire(module, below.as_unsigned(), "below")
    found = Signal(number.shape(), name="denormalised")
    module.d.comb += [
        found.eq(number),
        found.significand.eq(shifted_right(module, number.significand, amount)),
    ]
    return found


def rounded(form: FloatFormat, number: View) -> Value:
    """Return the float nearest to a number, as bits.

    What rounds up to the next power of two carries into the exponent's field, and from the
    largest float into that of infinity.

    Args:
        form: The float's.
        number: Of a layout from `unrounded`; from `denormalised` where it may be too small.
    """
    sticky, guard, fraction = (
        number.significand[0],
        number.significand[1],
        number.significand[GUARDS:-1],
    )
    field = Mux(number.significand[-1], number.exponent[: form.exponent_bits], 0)
    magnitude = Cat(fraction, field) + (guard & (sticky | fraction[0]))
    is_over = number.is_infinite | (number.exponent >= form.top_field)
    finite = Mux(is_over, form.infinity, magnitude[: form.width - 1])
    return Mux(number.is_nan, form.quiet_nan, Cat(finite, number.sign))
