from fractions import Fraction

import pytest

from tidemill.core.errors import SettingError
from tidemill.hardware.sat.array import Shape
from tidemill.hardware.sat.job import job
from tidemill.hardware.workload.gemm import Gemm
from tidemill.sparsity.pattern import NMPattern

UNFOLDED = Gemm(rows=96, contraction=144, columns=32, count=3, distinct=Fraction(1, 9))


def test_a_dense_product_is_what_it_is() -> None:
    own = job(UNFOLDED)
    assert own.shape == Shape(rows=96, depth=144, columns=32, count=3)
    assert own.shape.macs == UNFOLDED.macs
    assert own.pattern.is_dense
    # Of what windows repeat, a ninth is fetched.
    assert own.left_bytes(96, 144) == 96 * 144 * 2 // 9
    assert own.right_bytes(144, 32) == 144 * 32 * 2
    assert own.written_bytes(96, 32) == 96 * 32 * 2


def test_a_sparse_product_is_packed_on_the_right() -> None:
    own = job(UNFOLDED, NMPattern(2, 8))
    assert (own.shape.depth, own.contraction, own.kept(16)) == (36, 144, 4)
    # A quarter of the values, with 3 bits each to say which they are.
    assert own.right_bytes(144, 32) == 36 * 32 * 2 + 36 * 32 * 3 // 8
    assert own.left_bytes(96, 144) == 96 * 144 * 2 // 9


def test_sides_that_are_swapped_keep_what_they_are() -> None:
    own = job(UNFOLDED, NMPattern(2, 8), swapped=True)
    assert own.shape == Shape(rows=32, depth=36, columns=96, count=3)
    # The unfolded windows are packed on the right now: a ninth of values and indices.
    assert own.right_bytes(144, 96) == (36 * 96 * 2 + 36 * 96 * 3 // 8) // 9
    assert own.left_bytes(32, 144) == 32 * 144 * 2


def test_bytes_of_a_part_are_whole_and_never_too_few() -> None:
    own = job(Gemm(rows=5, contraction=8, columns=5, distinct=Fraction(1, 9)), NMPattern(1, 8))
    assert own.left_bytes(1, 1) == 1
    # One value of two bytes and one index of three bits.
    assert own.right_bytes(8, 1) == 3


def test_numbers_may_have_other_sizes() -> None:
    own = job(UNFOLDED, operand_bytes=4)
    assert own.right_bytes(144, 32) == 144 * 32 * 4
    assert own.written_bytes(1, 1) == 4


def test_groups_have_to_divide_the_contraction() -> None:
    with pytest.raises(SettingError, match="144 weights do not divide into groups of 32"):
        job(UNFOLDED, NMPattern(2, 32))
