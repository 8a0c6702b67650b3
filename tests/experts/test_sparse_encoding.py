"""N:M tensors come back to the bit, take what is promised, and are refused when damaged."""

import subprocess
import sys
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.experts.drafts import pruned, values
from tidemill.core.errors import ExpertError
from tidemill.experts.dtypes import DTYPES, Floats, narrowed, widened
from tidemill.experts.encodings import Encoding, Storage, encoding
from tidemill.experts.footprint import footprint_of
from tidemill.experts.parts import FLOATS, Part, Shape
from tidemill.experts.sparse_encoding import BLOCK_GROUPS
from tidemill.experts.tensor_writer import write_tensors
from tidemill.experts.tensors import read_tensors
from tidemill.sparsity.bits import packed_bits
from tidemill.sparsity.packed import PackedWeight, packed
from tidemill.sparsity.pattern import NMPattern

PATTERNS = st.integers(2, 32).flatmap(
    lambda m: st.builds(NMPattern, st.integers(1, m - 1), st.just(m))
)
each_float = pytest.mark.parametrize("dtype", FLOATS)


@st.composite
def shapes(draw: st.DrawFn, pattern: NMPattern) -> Shape:
    inputs = pattern.m * draw(st.integers(1, 4))
    rows, height, width = (draw(st.integers(1, 5)) for _ in range(3))
    return (rows, inputs, height, width) if draw(st.booleans()) else (rows, inputs)


@st.composite
def sparse_tensors(draw: st.DrawFn, dtype: str) -> tuple[str, Floats]:
    """The name of a pattern, and a tensor with at most N values a group that dtype can hold."""
    pattern = draw(PATTERNS)
    numbers = values(*draw(shapes(pattern)), seed=draw(st.integers(0, 99)))
    numbers[np.abs(numbers) < draw(st.sampled_from([0.0, 0.7, 9.0]))] = -0.0
    exact = widened(narrowed(np.ascontiguousarray(numbers), dtype), dtype)
    return str(pattern), pruned(exact, pattern)


def index_parts(name: str, places: list[int], rows: int = 1) -> dict[str, Part]:
    """Parts of ones, whose places are given."""
    pattern = NMPattern.parse(name)
    stream = packed_bits(np.array(places, np.uint8), pattern.index_bits)
    ones = np.ones((rows, len(places) // rows), np.float32)
    return {"values": Part(dtype="F32", numbers=ones), "indices": Part(dtype="U8", numbers=stream)}


def bytes_of(parts: Mapping[str, Part]) -> dict[str, bytes]:
    return {role: part.numbers.tobytes() for role, part in parts.items()}


@each_float
@given(data=st.data())
def test_what_is_packed_comes_back_to_the_bit(dtype: str, data: st.DataObject) -> None:
    name, dense = data.draw(sparse_tensors(dtype))
    parts = encoding(name).encode(dense, dtype)
    encoding(name).check(parts)
    decoded = encoding(name).decode(parts, dense.shape)
    assert decoded.flags.c_contiguous
    assert decoded.dtype == np.float32
    assert decoded.tobytes() == (dense + np.float32(0)).tobytes()  # -0.0 became 0.0
    assert bytes_of(encoding(name).encode(decoded, dtype)) == bytes_of(parts)


@each_float
@given(data=st.data())
def test_the_layout_is_that_of_the_parts(dtype: str, data: st.DataObject) -> None:
    name, dense = data.draw(sparse_tensors(dtype))
    parts = encoding(name).encode(dense, dtype)
    layout = encoding(name).layout(dense.shape, {role: p.dtype for role, p in parts.items()})
    assert layout == {role: part.numbers.shape for role, part in parts.items()}
    for part in parts.values():
        assert part.numbers.dtype == DTYPES[part.dtype].stored


def test_the_bits_of_a_row_by_hand() -> None:
    row = np.zeros((1, 16), np.float32)
    row[0, [1, 6, 8, 15]] = [1.5, -2, 3, 4]
    parts = encoding("2:8").encode(row, "F32")
    assert parts["values"].numbers.tolist() == [[1.5, -2, 3, 4]]
    # 1, 6, 0 and 7, three bits each, the lowest first.
    assert parts["indices"].numbers.tolist() == [0b00_110_001, 0b0000_111_0]


def test_a_group_that_is_not_full_is_filled_up_at_its_lowest_free_places() -> None:
    row = np.array([[0, -0.0, 0, 5, 0, 0, -0.0, 0]], np.float32)
    parts = encoding("2:4").encode(row, "F32")
    assert parts["values"].numbers.tobytes() == np.array([0, 5, 0, 0], np.float32).tobytes()
    assert parts["indices"].numbers.tolist() == [0b01_00_11_00]
    sparse = row.copy()
    sparse[0, 2] = 7
    assert encoding("2:4").encode(sparse, "F32")["indices"].numbers.tolist() == [0b01_00_11_10]


def test_a_convolution_has_its_groups_along_its_inputs() -> None:
    kernel = np.zeros((1, 2, 1, 2), np.float32)
    kernel[0, 0, 0, 0] = 5
    kernel[0, 1, 0, 1] = 7
    parts = encoding("1:2").encode(kernel, "F32")
    assert parts["values"].numbers.tolist() == [[5, 7]]
    assert parts["indices"].numbers.tolist() == [0b10]
    assert np.array_equal(encoding("1:2").decode(parts, kernel.shape), kernel)


def test_a_group_with_too_many_values_is_named() -> None:
    dense = pruned(values(5, 24), NMPattern(2, 8))
    dense[3, 16:24] = [1, 1, 0, 1, 0, 0, 0, 0]
    with pytest.raises(ExpertError, match="row 3, group 2 has 3 weights that are not") as caught:
        encoding("2:8").encode(dense, "F32")
    assert "prune the tensor to the pattern first, or keep it dense" in str(caught.value)


@pytest.mark.parametrize(
    ("shape", "reason", "remedy"),
    [
        ((8,), "and this has 1", "keep it dense"),
        ((2, 8, 3), "for tensors of 2 or 4 dimensions, and this has 3", "keep it dense"),
        ((2, 12), "12 inputs do not divide into groups of 8", "whose M divides 12"),
        ((2, 4, 3, 2), "4 inputs do not divide into groups of 8", "whose M divides 4"),
    ],
)
def test_shapes_without_whole_groups_are_refused(shape: Shape, reason: str, remedy: str) -> None:
    nm = encoding("2:8")
    calls = (
        lambda: nm.layout(shape, {"values": "F32", "indices": "U8"}),
        lambda: nm.encode(np.zeros(shape, np.float32), "F32"),
    )
    for call in calls:
        with pytest.raises(ExpertError, match=reason) as caught:
            call()
        assert remedy in str(caught.value)


def test_parts_of_other_roles_and_kinds_are_refused() -> None:
    nm: Encoding = encoding("2:8")
    with pytest.raises(ExpertError, match="parts"):
        nm.layout((2, 8), {"values": "F32"})
    with pytest.raises(ExpertError, match="indices of kind I8 instead of U8"):
        nm.layout((2, 8), {"values": "F32", "indices": "I8"})
    with pytest.raises(ExpertError, match="of kind F64"):
        nm.encode(np.zeros((2, 8), np.float32), "F64")
    with pytest.raises(ExpertError, match="too large for F16"):
        nm.encode(np.full((1, 8), 1e30, np.float32) * (np.arange(8) < 2), "F16")


@pytest.mark.parametrize(
    ("name", "places", "reason"),
    [
        ("3:6", [0, 1, 2, 3, 4, 6], "an index of 6 or more in row 0, group 1"),
        ("2:5", [0, 1, 7, 2], "an index of 5 or more in row 0, group 1"),
        ("2:8", [0, 1, 5, 5], "indices do not rise in row 0, group 1"),
        ("2:8", [6, 1, 5, 6], "indices do not rise in row 0, group 0"),
    ],
)
def test_indices_that_the_encoder_never_writes_are_refused(
    name: str, places: list[int], reason: str
) -> None:
    with pytest.raises(ExpertError, match=reason) as caught:
        encoding(name).check(index_parts(name, places))
    assert "get the expert again, or pack it again" in str(caught.value)


def test_an_index_beyond_its_group_is_never_decoded() -> None:
    with pytest.raises(ExpertError, match="an index of 6 or more"):
        encoding("1:6").decode(index_parts("1:6", [7]), (1, 6))


def test_bits_behind_the_last_index_are_refused() -> None:
    parts = index_parts("1:8", [1, 2, 3])
    encoding("1:8").check(parts)
    parts["indices"].numbers[-1] |= 0x80
    with pytest.raises(ExpertError, match="bits that are not zero after its last index"):
        encoding("1:8").check(parts)


def test_a_wrong_index_is_found_in_every_block() -> None:
    rows, row_groups = 7, BLOCK_GROUPS // 3
    places = np.tile(np.array([0, 1, 2], np.uint8), rows * row_groups)
    assert rows * row_groups > 2 * BLOCK_GROUPS
    for row, group, wrong in ((0, 5, 7), (3, 1, 7), (6, row_groups - 1, 1)):
        damaged = places.copy().reshape(rows, row_groups, 3)
        damaged[row, group, 2] = wrong
        with pytest.raises(ExpertError, match=f"in row {row}, group {group}\n"):
            encoding("3:7").check(index_parts("3:7", damaged.reshape(-1).tolist(), rows))


def test_a_check_needs_little_memory() -> None:
    numbers = np.zeros((256, 4096), "<f2")
    places = np.zeros(numbers.size, np.uint8)
    parts = {
        "values": Part(dtype="F16", numbers=numbers),
        "indices": Part(dtype="U8", numbers=packed_bits(places, 5)),
    }
    del places
    tracemalloc.start()
    encoding("1:32").check(parts)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([(), (3, 3)]))
def test_two_of_eight_in_bf16_take_38_of_128_bits(
    rows: int, groups: int, kernel: tuple[int, ...]
) -> None:
    shape = (rows, 8 * groups, *kernel)
    parts = encoding("2:8").encode(np.zeros(shape, np.float32), "BF16")
    bits = 8 * sum(part.numbers.nbytes for part in parts.values())
    assert 0 <= bits - int(np.prod(shape)) * 16 * 38 // 128 < 8


@pytest.mark.parametrize("shape", [(768, 3072), (256, 1024), (64, 64, 3, 3), (144, 144)])
def test_layers_of_two_of_eight_take_at_most_30_hundredths_in_the_file(
    tmp_path: Path, shape: Shape
) -> None:
    dense = {"a": pruned(values(*shape), NMPattern(2, 8))}
    write_tensors(tmp_path / "t", dense, {"a": Storage(encoding="2:8", dtype="BF16")})
    footprint = footprint_of(read_tensors(tmp_path / "t").values())
    assert footprint is not None
    assert footprint.dense_bytes == 2 * dense["a"].size
    assert 38 / 128 <= footprint.share <= 0.30


@each_float
def test_parts_are_handed_out_as_they_are_stored(tmp_path: Path, dtype: str) -> None:
    exact = widened(narrowed(values(8, 16, 3, 3), dtype), dtype)
    dense = pruned(exact, NMPattern(2, 8))
    storage = {"a": Storage(encoding="2:8", dtype=dtype)}
    write_tensors(tmp_path / "t", {"a": dense, "b": values(3)}, storage)
    found = read_tensors(tmp_path / "t")
    assert found["b"].sparse is None
    sparse = found["a"].sparse
    assert sparse is not None
    assert (str(sparse.pattern), sparse.rows, sparse.columns) == ("2:8", 8, 144)
    assert not sparse.values.flags.owndata
    assert not sparse.indices.flags.owndata
    assert sparse.packed_bytes == sparse.values.nbytes + 8 * 36 * 3 // 8
    kinds = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
    weight = PackedWeight(
        pattern=sparse.pattern,
        rows=sparse.rows,
        columns=sparse.columns,
        values=torch.from_numpy(sparse.values.copy()).view(kinds[dtype]),
        indices=torch.from_numpy(sparse.indices.copy()),
    )
    matrix = torch.from_numpy(dense).permute(0, 2, 3, 1).reshape(8, 144)
    assert torch.equal(weight.to_dense().float(), matrix)


def test_files_and_memory_keep_a_matrix_alike() -> None:
    dense = pruned(values(6, 24), NMPattern(3, 8))
    weight = torch.from_numpy(dense)
    held = packed(weight, weight != 0, NMPattern(3, 8))
    parts = encoding("3:8").encode(dense, "F32")
    assert np.array_equal(held.values.numpy(), parts["values"].numbers)
    assert np.array_equal(held.indices.numpy(), parts["indices"].numbers)


def test_packages_are_read_without_torch() -> None:
    program = (
        "import sys; import tidemill.experts.registry, tidemill.experts.exporting;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
