from pathlib import Path

import numpy as np
import pytest

from tidemill.experts.encodings import Storage
from tidemill.experts.tensor_writer import write_tensors
from tidemill.experts.tensors import read_tensors


@pytest.mark.parametrize(
    "storage",
    [Storage(), Storage(dtype="BF16"), Storage(dtype="F16"), Storage(encoding="int8-rows")],
)
def test_rows_are_those_of_the_whole_matrix_to_the_last_bit(
    tmp_path: Path, storage: Storage
) -> None:
    values = np.random.default_rng(0).normal(size=(40, 16)).astype(np.float32)
    write_tensors(tmp_path / "t", {"a": values}, {"a": storage})
    tensor = read_tensors(tmp_path / "t")["a"]
    places = np.array([0, 39, 7, 7])
    assert np.array_equal(tensor.table.rows(places), tensor.to_float32()[places])
    assert np.array_equal(tensor.table.whole(), tensor.to_float32())
    assert tensor.table.shape == (40, 16)


def test_a_sparse_matrix_is_made_dense_to_be_looked_up(tmp_path: Path) -> None:
    values = np.zeros((4, 16), dtype=np.float32)
    values[:, ::8] = 1.5
    write_tensors(tmp_path / "t", {"a": values}, {"a": Storage(encoding="2:8", dtype="BF16")})
    table = read_tensors(tmp_path / "t")["a"].table
    assert np.array_equal(table.rows(np.array([3])), values[3:])
