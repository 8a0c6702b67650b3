import numpy as np
import pytest

pytest.importorskip("amaranth")

from tests.hardware.rtl.driving import answers
from tests.hardware.rtl.vectors import Bits, Vectors
from tidemill.hardware.rtl import reference
from tidemill.hardware.rtl.formats import HALF, SINGLE
from tidemill.hardware.rtl.multiplier import HalfMultiplier, SingleMultiplier


def half_products(a: Bits, b: Bits) -> Bits:
    halves = (side.astype(np.uint16).view(np.float16) for side in (a, b))
    return reference.half_product(*halves).view(np.uint32)


def single_products(a: Bits, b: Bits) -> Bits:
    return reference.single_product(a.view(np.float32), b.view(np.float32)).view(np.uint32)


def half_pairs(seed: int, count: int) -> tuple[Bits, Bits]:
    return Vectors(HALF, np.random.default_rng(seed)).pairs(count)


def single_pairs(seed: int, count: int) -> tuple[Bits, Bits]:
    """Pairs of which every other has a product near the least or the largest numbers."""
    vectors = Vectors(SINGLE, np.random.default_rng(seed))
    a, b = vectors.pairs(count)
    other = slice(count // 2, count, 2)
    fields = (a[other] >> 23 & 255).astype(np.int64)
    edge = np.where(vectors.chance.random(len(fields)) < 0.7, 127 - 12, 127 + 254)
    wanted = np.clip(edge - fields + vectors.chance.integers(-14, 15, len(fields)), 0, 254)
    b[other] = b[other] & 0x807FFFFF | (wanted << 23).astype(np.uint32)
    return a, b


@pytest.mark.claim("bdwp.rtl.exact")
@pytest.mark.slow
def test_products_of_halves_are_exact() -> None:
    a, b = half_pairs(1, 10_000)
    product = answers(HalfMultiplier(), {"a": a, "b": b}, "product")
    np.testing.assert_array_equal(product, half_products(a, b))


@pytest.mark.slow
def test_products_of_singles_are_those_of_numpy_bit_by_bit() -> None:
    a, b = single_pairs(2, 10_000)
    product = answers(SingleMultiplier(), {"a": a, "b": b}, "product")
    np.testing.assert_array_equal(product, single_products(a, b))


def test_hard_products_of_singles_are_among_those_tried() -> None:
    product = single_products(*single_pairs(2, 10_000)) & 0x7FFFFFFF
    assert np.count_nonzero((product > 0) & (product < 1 << 23)) > 1000
    assert np.count_nonzero(product == SINGLE.infinity) > 300


@pytest.mark.parametrize("latency", [1, 2, 3, 5])
def test_a_product_comes_after_the_latency_whatever_it_is(latency: int) -> None:
    a, b = half_pairs(latency, 200)
    found = answers(HalfMultiplier(latency), {"a": a, "b": b}, "product")
    np.testing.assert_array_equal(found, half_products(a, b))
    a, b = single_pairs(latency, 200)
    found = answers(SingleMultiplier(latency), {"a": a, "b": b}, "product")
    np.testing.assert_array_equal(found, single_products(a, b))


@pytest.mark.parametrize(
    ("a", "b", "product"),
    [
        (0x0001, 0x0001, 0x27800000),  # 2^-24 squared
        (0x8000, 0x3C00, 0x80000000),
        (0x7BFF, 0xFBFF, 0xCF7FC004),
        (0x7C00, 0x8000, 0x7FC00000),
        (0x7C00, 0x8001, 0xFF800000),
        (0xFE01, 0x0000, 0x7FC00000),
    ],
)
def test_products_known_by_hand(a: int, b: int, product: int) -> None:
    inputs = {"a": np.array([a, b], np.uint32), "b": np.array([b, a], np.uint32)}
    assert answers(HalfMultiplier(), inputs, "product").tolist() == [product, product]


@pytest.mark.parametrize("latency", [1, 2])
def test_a_product_that_is_void_is_nothing(latency: int) -> None:
    vectors = Vectors(HALF, np.random.default_rng(5))
    a, b = vectors.extremes, vectors.extremes[::-1]
    void = np.arange(len(a)) % 3 == 0
    found = answers(HalfMultiplier(latency), {"a": a, "b": b, "void": void}, "product")
    plain = answers(HalfMultiplier(latency), {"a": a, "b": b}, "product")
    np.testing.assert_array_equal(found, np.where(void, np.uint64(0), plain))
