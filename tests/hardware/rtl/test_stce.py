from functools import cache
from typing import Any

import numpy as np
import pytest

pytest.importorskip("amaranth")

from tests.hardware.rtl.products import assert_equal_bits, modes, operand, wanted
from tests.hardware.rtl.vectors import Vectors
from tidemill.hardware.rtl.design import RtlDesign
from tidemill.hardware.rtl.feeding import Feed, feed
from tidemill.hardware.rtl.formats import HALF
from tidemill.hardware.rtl.simulation import StceSimulator
from tidemill.hardware.sat.array import Mapping, Shape
from tidemill.hardware.sat.cycles import full_count
from tidemill.sparsity.pattern import NMPattern

PATTERNS = (None, NMPattern(2, 4), NMPattern(2, 8), NMPattern(2, 16))
DENSE_AND_SPARSE = pytest.mark.parametrize("pattern", PATTERNS, ids=str)
VECTORS = 10_000


@cache
def simulator(rows: int, columns: int, latency: int = 4, group: int = 16) -> StceSimulator:
    pattern = NMPattern(2, group)
    return StceSimulator(
        RtlDesign(rows=rows, columns=columns, pattern=pattern, accumulate_latency=latency)
    )


def check(
    array: StceSimulator, shape: tuple[int, int, int], pattern: NMPattern | None, mapping: Mapping
) -> int:
    """Run a product; compare bits with numpy and cycles with the closed form."""
    chance = np.random.default_rng(sum(shape))
    rows, contraction, columns = shape
    left = chance.standard_normal((rows, contraction)).astype(np.float16)
    matrix = chance.standard_normal((contraction, columns)).astype(np.float16)
    right, _ = operand(matrix, pattern, array.design, chance)
    found = array.product(left, right, mapping)
    assert_equal_bits(found, wanted(left, right))
    own = Shape(rows=rows, depth=right.depth, columns=columns)
    assert found.cycles == full_count(own, array.design.array, mapping).cycles
    return found.cycles


@pytest.mark.slow
@pytest.mark.claim("bdwp.rtl.cycles", "bdwp.rtl.exact", "bdwp.sat.interleave")
@DENSE_AND_SPARSE
@pytest.mark.parametrize("shape", [(5, 16, 9), (9, 32, 6)], ids=str)
def test_every_mode_of_4_x_4_takes_the_cycles_of_the_model_and_gives_numpys_bits(
    pattern: NMPattern | None, shape: tuple[int, int, int]
) -> None:
    array = simulator(4, 4)
    for mapping in modes(array.design.array):
        check(array, shape, pattern, mapping)


@pytest.mark.slow
@pytest.mark.claim("bdwp.rtl.cycles", "bdwp.rtl.exact")
@DENSE_AND_SPARSE
def test_every_mode_of_8_x_8_takes_the_cycles_of_the_model_and_gives_numpys_bits(
    pattern: NMPattern | None,
) -> None:
    array = simulator(8, 8)
    for mapping in modes(array.design.array):
        check(array, (9, 32, 10), pattern, mapping)


@pytest.mark.parametrize("latency", [1, 2, 3, 6])
def test_other_latencies_and_sides(latency: int) -> None:
    array = simulator(2, 3, latency, 8)
    for mapping in modes(array.design.array):
        check(array, (5, 16, 4), NMPattern(2, 8), mapping)


def test_one_element_alone() -> None:
    array = simulator(1, 1, 1, 8)
    for mapping in modes(array.design.array):
        check(array, (3, 8, 2), None, mapping)


@pytest.mark.claim("bdwp.sat.interleave")
def test_without_interleaving_every_addition_waits_for_the_one_before() -> None:
    array = simulator(2, 2, 4, 8)
    shape = (4, 32, 4)
    alone = check(array, shape, None, Mapping(dataflow="os"))
    in_turn = check(array, shape, None, Mapping(dataflow="os", down=2, across=2))
    assert alone - in_turn == 3 * 4 * 32 - 6  # three tiles more; three sums more drain at the end


@pytest.mark.claim("bdwp.rtl.cycles")
def test_an_array_that_waits_for_memory_takes_that_longer_and_gives_the_same_bits() -> None:
    array, chance = simulator(2, 2, 4, 8), np.random.default_rng(6)
    left = chance.standard_normal((9, 16)).astype(np.float16)
    matrix = chance.standard_normal((16, 5)).astype(np.float16)
    right, _ = operand(matrix, NMPattern(2, 8), array.design, chance)
    for mapping in modes(array.design.array):
        alone = array.product(left, right, mapping)
        stalls = {0, *chance.choice(alone.cycles, alone.cycles // 3, replace=False).tolist()}
        found = array.product(left, right, mapping, stalls=stalls)
        assert_equal_bits(found, wanted(left, right))
        # Stalls after the last sum would not count; the chosen ones are all before it.
        assert found.cycles == alone.cycles + len(stalls)


def test_what_does_not_count_may_be_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    array, chance = simulator(2, 2, 4, 8), np.random.default_rng(7)
    left = chance.standard_normal((3, 16)).astype(np.float16)
    matrix = chance.standard_normal((16, 3)).astype(np.float16)
    right, _ = operand(matrix, None, array.design, chance)

    def dirty(*arguments: Any) -> Feed:
        given = feed(*arguments)
        given.groups[~given.valid] = HALF.quiet_nan
        given.first[~given.valid] = given.last[~given.valid] = True
        return given

    monkeypatch.setattr("tidemill.hardware.rtl.simulation.feed", dirty)
    for mapping in (
        Mapping(dataflow="os"),
        Mapping(dataflow="os", across=3),
        Mapping(dataflow="ws"),
    ):
        assert_equal_bits(array.product(left, right, mapping), wanted(left, right))


def test_both_dataflows_give_the_same_bits() -> None:
    array, chance = simulator(2, 2, 4, 8), np.random.default_rng(5)
    left = (chance.standard_normal((6, 24)) * 100).astype(np.float16)
    matrix = chance.standard_normal((24, 3)).astype(np.float16)
    right, _ = operand(matrix, NMPattern(2, 8), array.design, chance)
    found = [array.product(left, right, mapping).result for mapping in modes(array.design.array)]
    for result in found[1:]:
        np.testing.assert_array_equal(result.view(np.uint32), found[0].view(np.uint32))


@pytest.mark.slow
@pytest.mark.claim("bdwp.rtl.exact")
@pytest.mark.parametrize("pattern", [None, NMPattern(2, 8)], ids=str)
@pytest.mark.parametrize(
    "mapping", [Mapping(dataflow="os", across=4), Mapping(dataflow="ws")], ids=str
)
def test_an_element_is_exact_on_ten_thousand_vectors_with_extremes(
    pattern: NMPattern | None, mapping: Mapping
) -> None:
    array = simulator(1, 1, 4, 8)
    chance = np.random.default_rng(11)
    vectors = Vectors(HALF, chance)
    contraction = 8 if pattern else 4
    bits = np.concatenate(
        [
            chance.choice(vectors.extremes, (VECTORS // 8, contraction)),
            vectors.some(VECTORS // 8 * contraction).reshape(-1, contraction),
        ]
    )
    left = bits.astype(np.uint16).view(np.float16)
    usual = chance.standard_normal((contraction, 3)).astype(np.float16)
    hard = chance.choice(vectors.extremes, contraction).astype(np.uint16).view(np.float16)
    right, _ = operand(np.column_stack([usual, hard]), pattern, array.design, chance)
    assert left.shape[0] * right.columns == VECTORS
    assert_equal_bits(array.product(left, right, mapping), wanted(left, right))
