import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sparsity.test_masks import drawn, patterns
from tidemill.core.errors import ExpertError
from tidemill.sparsity.bits import packed_bits, packed_bytes, unpacked_bits
from tidemill.sparsity.masks import magnitude_mask
from tidemill.sparsity.packed import PackedWeight, packed
from tidemill.sparsity.pattern import NMPattern


@settings(max_examples=60, deadline=None)
@given(
    patterns(),
    st.integers(1, 5),
    st.integers(1, 4),
    st.sampled_from([torch.float32, torch.bfloat16, torch.float16]),
)
@pytest.mark.claim("bdwp.packed")
def test_a_round_trip_is_exact(
    pattern: NMPattern, rows: int, groups: int, dtype: torch.dtype
) -> None:
    weight = drawn(rows, groups * pattern.m, seed=rows).to(dtype)
    kept = magnitude_mask(weight, pattern)
    found = packed(weight, kept, pattern)
    assert torch.equal(found.to_dense(), torch.where(kept, weight, torch.zeros((), dtype=dtype)))
    places = found.columns_kept()
    assert (places.diff(dim=1) > 0).all()


@pytest.mark.claim("bdwp.packed")
def test_2_of_8_in_bf16_takes_at_most_30_hundredths_of_the_dense_bytes() -> None:
    weight = drawn(768, 3072).bfloat16()
    pattern = NMPattern(2, 8)
    found = packed(weight, magnitude_mask(weight, pattern), pattern)
    assert found.bytes_held == 768 * 3072 * 38 // (8 * 8)
    assert found.bytes_held <= 0.30 * 2 * 768 * 3072


def test_parts_that_do_not_fit_are_refused() -> None:
    weight = drawn(4, 8)
    pattern = NMPattern(2, 8)
    found = packed(weight, magnitude_mask(weight, pattern), pattern)
    with pytest.raises(ExpertError, match=r"has 4 x 4 values and 6 bytes of indices, not"):
        PackedWeight(
            pattern=pattern, rows=4, columns=16, values=found.values, indices=found.indices
        )


@given(st.integers(0, 8), st.data())
def test_bits_come_back(bits: int, data: st.DataObject) -> None:
    numbers = data.draw(st.lists(st.integers(0, 2**bits - 1), max_size=20))
    wanted = torch.tensor(numbers, dtype=torch.uint8).numpy()
    stream = packed_bits(wanted, bits)
    assert len(stream) == packed_bytes(len(numbers), bits)
    assert unpacked_bits(stream, len(numbers), bits).tolist() == numbers


def test_a_matrix_without_rows_is_refused() -> None:
    with pytest.raises(ExpertError, match="a 2:8 matrix of 0 rows"):
        PackedWeight(
            pattern=NMPattern(2, 8),
            rows=0,
            columns=8,
            values=torch.zeros(0, 2),
            indices=torch.zeros(0, dtype=torch.uint8),
        )
