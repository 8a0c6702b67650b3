"""Every encoding in the table keeps the seam's promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tidemill.core.errors import ExpertError
from tidemill.experts.dtypes import DTYPES, Floats, widened
from tidemill.experts.encodings import ENCODINGS, encoding
from tidemill.experts.parts import Part

MATRICES = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=3, max_side=9),
    elements=st.floats(-1_000, 1_000, width=32),
)
each_encoding = pytest.mark.parametrize("name", sorted(ENCODINGS))
each_float = pytest.mark.parametrize("dtype", ["F32", "F16"])

STEPS = {"dense": 2**-11, "int8-rows": 1 / 254 + 2**-11}
"""By what share of its row's peak a value may be off, with F16 beside."""


@each_encoding
@each_float
@given(values=MATRICES)
def test_values_come_back_as_near_as_is_promised(name: str, dtype: str, values: Floats) -> None:
    parts = encoding(name).encode(values, dtype)
    decoded = encoding(name).decode(parts, values.shape)
    assert decoded.dtype == np.float32
    assert decoded.shape == values.shape
    peaks = np.abs(values).reshape(len(values), -1).max(axis=1)
    off = np.abs(decoded - values).reshape(len(values), -1).max(axis=1)
    # The last term is the smallest step of F16 on both sides of the product.
    assert (off <= peaks * STEPS[name] + 2**-24 * 128).all()
    encoding(name).check(parts)


@each_encoding
@each_float
@given(values=MATRICES)
def test_the_layout_is_that_of_the_parts(name: str, dtype: str, values: Floats) -> None:
    parts = encoding(name).encode(values, dtype)
    layout = encoding(name).layout(values.shape, {role: p.dtype for role, p in parts.items()})
    assert layout == {role: part.numbers.shape for role, part in parts.items()}
    for part in parts.values():
        assert part.numbers.dtype == DTYPES[part.dtype].stored


@each_encoding
@given(values=MATRICES)
def test_encoding_is_deterministic(name: str, values: Floats) -> None:
    first, second = (encoding(name).encode(values, "F32") for _ in range(2))
    assert {r: p.numbers.tobytes() for r, p in first.items()} == {
        r: p.numbers.tobytes() for r, p in second.items()
    }


@each_encoding
def test_parts_of_other_roles_and_kinds_are_refused(name: str) -> None:
    with pytest.raises(ExpertError, match="parts"):
        encoding(name).layout((2, 2), {"other": "F32"})
    with pytest.raises(ExpertError, match=r"of kind U64|parts"):
        encoding(name).layout((2, 2), {"values": "U64"})
    with pytest.raises(ExpertError, match="of kind F64"):
        encoding(name).encode(np.ones((2, 2), dtype=np.float32), "F64")


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(ExpertError, match="unknown encoding 'gzip'") as caught:
        encoding("gzip")
    assert "dense, int8-rows" in str(caught.value)


@pytest.mark.claim("house.experts.encodings")
@given(values=MATRICES)
def test_rows_are_off_by_half_a_step_at_most(values: Floats) -> None:
    parts = encoding("int8-rows").encode(values, "F32")
    scales = widened(parts["scales"].numbers, "F32").astype(np.float64)
    exact = parts["values"].numbers.reshape(len(values), -1) * scales[:, None]
    off = np.abs(exact - values.reshape(len(values), -1))
    assert (off <= scales[:, None] * (0.5 + 1e-6)).all()


@pytest.mark.claim("house.experts.encodings")
@pytest.mark.parametrize("dtype", ["F32", "F16"])
def test_the_peak_of_a_row_keeps_a_step_and_zeros_stay(dtype: str) -> None:
    values = np.array([[1.0, -3.1, 0.0], [0.0, 0.0, 0.0], [1e-7, 0.0, -1e-7]], dtype=np.float32)
    parts = encoding("int8-rows").encode(values, dtype)
    steps = parts["values"].numbers
    assert steps[0].tolist()[1] in {-127, -126}
    assert steps[1].tolist() == [0, 0, 0]
    decoded = encoding("int8-rows").decode(parts, values.shape)
    assert (decoded[values == 0] == 0).all()
    assert np.abs(decoded).max() <= 3.2


def test_rows_need_two_dimensions() -> None:
    with pytest.raises(ExpertError, match="two dimensions"):
        encoding("int8-rows").encode(np.ones(3, dtype=np.float32), "F32")


@pytest.mark.parametrize(
    ("steps", "scale", "reason"), [(-128, 1.0, "-128"), (1, -1.0, "below zero")]
)
def test_numbers_that_the_encoder_never_writes_are_refused(
    steps: int, scale: float, reason: str
) -> None:
    parts = {
        "values": Part(dtype="I8", numbers=np.array([[steps]], dtype=np.int8)),
        "scales": Part(dtype="F32", numbers=np.array([scale], dtype=np.float32)),
    }
    with pytest.raises(ExpertError, match=reason):
        encoding("int8-rows").check(parts)


@pytest.mark.claim("house.experts.encodings")
def test_dense_float32_is_kept_to_the_bit() -> None:
    values = np.random.default_rng(1).normal(size=(7, 5)).astype(np.float32)
    parts = encoding("dense").encode(values, "F32")
    assert encoding("dense").decode(parts, (7, 5)).tobytes() == values.tobytes()
