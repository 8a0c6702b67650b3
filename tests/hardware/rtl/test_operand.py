import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("amaranth")

from tidemill.core.errors import SettingError
from tidemill.hardware.rtl.operand import RightOperand, dense_operand, packed_operand
from tidemill.sparsity.pattern import NMPattern


def unpacked(operand: RightOperand) -> np.ndarray:
    """The whole matrix again, zeros where nothing is kept."""
    matrix = np.zeros((operand.contraction, operand.columns), np.float16)
    groups = np.arange(operand.depth) // operand.kept * operand.group
    for column in range(operand.columns):
        rows = groups + operand.indices[:, column]
        matrix[rows, column] = operand.values[:, column]
    return matrix


@given(st.integers(1, 40), st.integers(1, 5), st.integers(1, 16))
def test_a_dense_operand_is_the_matrix_in_order(contraction: int, columns: int, group: int) -> None:
    matrix = np.arange(1, contraction * columns + 1, dtype=np.float16).reshape(-1, columns)
    operand = dense_operand(matrix, group=group)
    np.testing.assert_array_equal(unpacked(operand), matrix)
    assert (operand.depth, operand.indices.max()) == (contraction, min(group, contraction) - 1)


@given(st.data())
def test_a_packed_operand_is_what_the_mask_keeps(data: st.DataObject) -> None:
    m = data.draw(st.integers(1, 16))
    pattern = NMPattern(data.draw(st.integers(1, m)), m)
    chance = np.random.default_rng(data.draw(st.integers(0, 99)))
    groups, columns = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    matrix = chance.random((groups * m, columns)).astype(np.float16) + np.float16(1)
    order = chance.random((columns, groups, m)).argsort(axis=2)
    mask = (order < pattern.n).reshape(columns, -1).T
    operand = packed_operand(matrix, mask, pattern)
    np.testing.assert_array_equal(unpacked(operand), np.where(mask, matrix, np.float16(0)))
    assert operand.depth == groups * pattern.n
    grouped = operand.indices.reshape(groups, pattern.n, columns).astype(int)
    assert (np.diff(grouped, axis=1) > 0).all()


def test_a_mask_of_another_pattern_is_refused() -> None:
    matrix = np.ones((8, 2), np.float16)
    mask = np.zeros((8, 2), np.bool_)
    mask[:3] = True
    with pytest.raises(SettingError, match="does not keep 2:8"):
        packed_operand(matrix, mask, NMPattern(2, 8))


def test_groups_have_to_divide_the_contraction() -> None:
    with pytest.raises(SettingError, match="do not divide into groups of 8"):
        packed_operand(np.ones((12, 1), np.float16), np.ones((12, 1), np.bool_), NMPattern(8, 8))
