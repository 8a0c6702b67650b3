import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tidemill.core.errors import ExpertError
from tidemill.experts.dtypes import DTYPES, Floats, is_finite, narrowed, widened

FINITE = hnp.arrays(np.float32, st.integers(1, 40), elements=st.floats(-60_000, 60_000, width=32))


@given(FINITE)
def test_bfloat16_is_torchs_to_the_bit(values: Floats) -> None:
    ours = narrowed(values, "BF16")
    theirs = torch.from_numpy(values.copy()).to(torch.bfloat16)
    assert np.array_equal(ours, theirs.view(torch.uint16).numpy())
    assert np.array_equal(widened(ours, "BF16"), theirs.float().numpy())


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
@given(values=FINITE)
def test_rounding_twice_is_rounding_once(values: Floats, dtype: str) -> None:
    once = narrowed(values, dtype)
    again = narrowed(widened(once, dtype), dtype)
    assert once.tobytes() == again.tobytes()
    assert once.itemsize == DTYPES[dtype].bytes_each


def test_ties_go_to_even() -> None:
    halfway = np.array([1 + 2**-8, 1 + 3 * 2**-8], dtype=np.float32)
    assert widened(narrowed(halfway, "BF16"), "BF16").tolist() == [1.0, 1 + 2**-6]


@pytest.mark.parametrize(("dtype", "value"), [("F16", 65_520.0), ("BF16", 3.4e38)])
def test_what_is_too_large_is_refused_and_not_infinite(dtype: str, value: float) -> None:
    with pytest.raises(ExpertError, match=f"too large for {dtype}"):
        narrowed(np.array([1, -value], dtype=np.float32), dtype)


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16", "F64"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 70_000, (1 << 20) + 5])
def test_one_bad_number_is_found_wherever_it_is(dtype: str, bad: float, place: int) -> None:
    if dtype == "BF16":
        numbers = np.full((1 << 20) + 9, 0x3F80, dtype="<u2")
        numbers[place] = np.array(bad, dtype=np.float32).view(np.uint32) >> 16
    else:
        numbers = np.ones((1 << 20) + 9, dtype=DTYPES[dtype].stored)
        numbers[place] = bad
    assert not is_finite(numbers, dtype)
    numbers[place] = 1
    assert is_finite(numbers, dtype)


def test_whole_numbers_are_always_finite() -> None:
    assert is_finite(np.array([-1], dtype=np.int8), "I8")
