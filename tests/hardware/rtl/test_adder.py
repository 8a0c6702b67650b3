import numpy as np
import pytest

pytest.importorskip("amaranth")

from tests.hardware.rtl.driving import answers
from tests.hardware.rtl.vectors import Bits, Vectors
from tidemill.hardware.rtl import reference
from tidemill.hardware.rtl.adder import SingleAdder
from tidemill.hardware.rtl.formats import SINGLE


def expected(a: Bits, b: Bits) -> Bits:
    return reference.single_sum(a.view(np.float32), b.view(np.float32)).view(np.uint32)


def pairs(seed: int, count: int) -> tuple[Bits, Bits]:
    return Vectors(SINGLE, np.random.default_rng(seed)).pairs(count)


@pytest.mark.claim("bdwp.rtl.exact")
@pytest.mark.slow
def test_sums_are_those_of_numpy_bit_by_bit() -> None:
    a, b = pairs(1, 10_000)
    total = answers(SingleAdder(), {"a": a, "b": b}, "total")
    np.testing.assert_array_equal(total, expected(a, b))


@pytest.mark.parametrize("latency", range(1, 9))
def test_a_sum_comes_after_the_latency_whatever_it_is(latency: int) -> None:
    a, b = pairs(latency, 300)
    total = answers(SingleAdder(latency), {"a": a, "b": b}, "total")
    np.testing.assert_array_equal(total, expected(a, b))


@pytest.mark.parametrize(
    ("a", "b", "total"),
    [
        (0x00000000, 0x80000000, 0x00000000),
        (0x80000000, 0x80000000, 0x80000000),
        (0x3F800000, 0xBF800000, 0x00000000),
        (0x3F800000, 0x33800000, 0x3F800000),  # 1 + 2^-24 ties to the even 1
        (0x3F800001, 0x33800000, 0x3F800002),  # and upwards from an odd one
        (0x3F800000, 0x33800001, 0x3F800001),
        (0x7F7FFFFF, 0x73000000, 0x7F800000),  # half a step above the largest
        (0x7F7FFFFF, 0x72FFFFFF, 0x7F7FFFFF),
        (0x00800000, 0x80000001, 0x007FFFFF),  # from normals down to subnormals
        (0x007FFFFF, 0x00000001, 0x00800000),
        (0x7F800000, 0xFF800000, 0x7FC00000),
        (0xFF800000, 0xFF800000, 0xFF800000),
        (0xFFC12345, 0x3F800000, 0x7FC00000),
    ],
)
def test_sums_known_by_hand(a: int, b: int, total: int) -> None:
    inputs = {"a": np.array([a, b], np.uint32), "b": np.array([b, a], np.uint32)}
    assert answers(SingleAdder(1), inputs, "total").tolist() == [total, total]
