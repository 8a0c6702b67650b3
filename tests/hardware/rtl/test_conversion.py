from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("amaranth")

from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out

from tests.hardware.rtl.driving import answers
from tests.hardware.rtl.vectors import Vectors
from tidemill.hardware.rtl import reference
from tidemill.hardware.rtl.conversion import half_of, single_of
from tidemill.hardware.rtl.formats import HALF, SINGLE


class Converter(Component):
    """A conversion with a register behind it."""

    def __init__(self, convert: Callable[[Any, Any], Any], wide: int, narrow: int) -> None:
        super().__init__({"number": In(wide), "converted": Out(narrow)})
        self._convert = convert

    def elaborate(self, platform: object) -> Any:  # noqa: ARG002
        module = Module()
        module.d.sync += self.converted.eq(self._convert(module, self.number))
        return module


@pytest.mark.slow
def test_every_half_becomes_the_same_single() -> None:
    halves = np.arange(1 << 16, dtype=np.uint16)
    found = answers(Converter(single_of, 16, 32), {"number": halves}, "converted", latency=1)
    number = halves.view(np.float16)
    singles = np.where(np.isnan(number), np.float32(np.nan), number.astype(np.float32))
    np.testing.assert_array_equal(found, singles.view(np.uint32))


@pytest.mark.slow
def test_singles_become_the_nearest_halves() -> None:
    vectors = Vectors(SINGLE, np.random.default_rng(3))
    a = vectors.some(12_000)
    # Most exponents are those of halves, and many fractions end where halves do, or halfway.
    field = vectors.chance.integers(127 - 27, 127 + 18, 11_000).astype(np.uint32)
    a[:11_000] = a[:11_000] & 0x807FFFFF | field << 23
    a[:6_000] = a[:6_000] >> 12 << 12
    a[:1_000] = a[:1_000] | 0x007FF000
    a = np.concatenate([vectors.extremes, a])
    found = answers(Converter(half_of, 32, 16), {"number": a}, "converted", latency=1)
    expected = reference.half_of(a.view(np.float32)).view(np.uint16)
    np.testing.assert_array_equal(found, expected)
    assert np.count_nonzero(expected & 0x7C00 == 0) > 2000
    assert np.count_nonzero(expected & 0x7FFF == HALF.infinity) > 200


@pytest.mark.parametrize(
    ("single", "half"),
    [
        (0x33000000, 0x0000),  # half of the smallest ties to zero
        (0x33000001, 0x0001),
        (0xB3C00000, 0x8002),
        (0x387FE000, 0x0400),  # subnormals round up to a normal
        (0x477FEFFF, 0x7BFF),
        (0x477FF000, 0x7C00),
        (0x00000001, 0x0000),
        (0xFF800001, 0x7E00),
    ],
)
def test_conversions_known_by_hand(single: int, half: int) -> None:
    unit = Converter(half_of, 32, 16)
    number = np.array([single], np.uint32)
    assert answers(unit, {"number": number}, "converted", latency=1).tolist() == [half]
