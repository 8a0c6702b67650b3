"""Calibration: by hand, and in general."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import TypeCheckError

from tidemill.core.errors import InputError
from tidemill.metrics.types.calibration import calibration


def test_by_hand() -> None:
    confidence = np.array([0.95, 0.85, 0.15, 1.0])
    right = np.array([True, False, False, True])
    found = calibration(confidence, right, bins=2)
    # Upper half: mean confidence 2.8 / 3, two of three right; lower half: 0.15 and none.
    assert found.error == pytest.approx((abs(2.8 - 2) + 0.15) / 4)
    low, high = found.bins
    assert (low.low, low.high, low.count, low.accuracy) == (0.0, 0.5, 1, 0.0)
    assert (high.low, high.high, high.count) == (0.5, 1.0, 3)
    assert high.confidence == pytest.approx(2.8 / 3)
    assert high.accuracy == pytest.approx(2 / 3)


def test_an_edge_belongs_to_the_bin_above_and_one_to_the_last() -> None:
    found = calibration(np.array([0.0, 0.5, 1.0]), np.array([True] * 3), bins=2)
    assert [entry.count for entry in found.bins] == [1, 2]


def test_who_is_as_often_right_as_sure_has_no_error() -> None:
    confidence = np.repeat(0.75, 400)
    assert calibration(confidence, np.arange(400) % 4 != 0).error == 0.0


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=50), st.integers(1, 30))
def test_every_prediction_is_in_one_bin(pairs: list[tuple[float, bool]], bins: int) -> None:
    confidence = np.array([pair[0] for pair in pairs], dtype=float)
    right = np.array([pair[1] for pair in pairs], dtype=bool)
    found = calibration(confidence, right, bins=bins)
    assert sum(entry.count for entry in found.bins) == len(pairs)
    assert 0.0 <= found.error <= 1.0
    for entry in found.bins:
        assert not entry.count or entry.low <= entry.confidence + 1e-12 <= entry.high + 1e-9


def test_it_tells_its_facts() -> None:
    facts = calibration(np.array([0.5]), np.array([True]), bins=1).to_dict()
    entry = {"low": 0.0, "high": 1.0, "count": 1, "confidence": 0.5, "accuracy": 1.0}
    assert facts == {"error": 0.5, "bins": [entry]}


@pytest.mark.parametrize(
    ("confidence", "right", "bins"),
    [
        ([0.5, 0.5], [True], 10),
        ([1.5], [True], 10),
        ([-0.1], [True], 10),
        ([math.nan], [True], 10),
        ([0.5], [True], 0),
    ],
)
def test_what_fits_no_bins_is_refused(
    confidence: list[float], right: list[bool], bins: int
) -> None:
    # Where shapes are checked at run time, that check comes first.
    with pytest.raises((InputError, TypeCheckError)):
        calibration(np.array(confidence), np.array(right), bins=bins)
