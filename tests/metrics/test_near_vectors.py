"""Near vectors against all products at once."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tidemill.metrics import near_vectors as module
from tidemill.metrics.near_vectors import near_vectors


def unit_rows(seed: int, rows: int, width: int = 6) -> NDArray[np.float32]:
    values = np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True))


def all_at_once(vectors: NDArray[np.float32], cosine: float, most: int) -> set[tuple[int, int]]:
    values = vectors @ vectors.T
    np.fill_diagonal(values, -2)
    chosen = np.argsort(-values, axis=1, kind="stable")[:, :most]
    return {
        (min(row, column), max(row, column))
        for row in range(len(vectors))
        for column in chosen[row].tolist()
        if values[row, column] >= cosine
    }


@pytest.mark.parametrize("most", [1, 3, 100])
@pytest.mark.parametrize("seed", range(3))
def test_blocks_find_what_all_products_find(
    monkeypatch: pytest.MonkeyPatch, seed: int, most: int
) -> None:
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 7)
    monkeypatch.setattr(module, "COLUMNS_AT_ONCE", 16)
    vectors = unit_rows(seed, 60)
    pairs, cosines = near_vectors(vectors, cosine=0.7, most=most)
    assert set(map(tuple, pairs.tolist())) == all_at_once(vectors, 0.7, most)
    assert pairs.tolist() == sorted(pairs.tolist())
    for (left, right), cosine in zip(pairs.tolist(), cosines.tolist(), strict=True):
        assert left < right
        assert cosine == pytest.approx(float(vectors[left] @ vectors[right]), abs=1e-6)


def test_equal_rows_are_chosen_by_their_place() -> None:
    vectors = np.array([[1, 0]] * 4, dtype=np.float32)
    pairs, cosines = near_vectors(vectors, cosine=0.9, most=1)
    assert pairs.tolist() == [[0, 1], [0, 2], [0, 3]]
    assert cosines.tolist() == [1, 1, 1]


@pytest.mark.parametrize("rows", [0, 1])
def test_few_rows_have_no_pairs(rows: int) -> None:
    pairs, cosines = near_vectors(np.ones((rows, 3), dtype=np.float32), cosine=0.1, most=5)
    assert (pairs.shape, cosines.shape) == ((0, 2), (0,))
