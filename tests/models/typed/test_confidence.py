"""From scores to chances of being right."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.randomness import stream
from tidemill.models.typed.confidence import Calibration

SCORES = st.floats(-80, 0)


@given(SCORES, st.floats(0, 1e3), st.floats(-1e3, 1e3))
def test_a_confidence_is_a_chance(score: float, slope: float, intercept: float) -> None:
    assert 0 < Calibration(slope=slope, intercept=intercept).confidence(score) <= 1


@given(cases=st.lists(st.tuples(SCORES, st.booleans()), min_size=1, max_size=40))
def test_what_is_more_probable_is_never_less_sure(cases: list[tuple[float, bool]]) -> None:
    curve = Calibration.fitted([score for score, _ in cases], [right for _, right in cases])
    assert math.isfinite(curve.slope)
    assert math.isfinite(curve.intercept)
    found = [curve.confidence(score / 4) for score in range(-80, 1)]
    assert found == sorted(found)


@pytest.mark.claim("tidal.model.confidence")
def test_the_curve_that_made_the_cases_is_found() -> None:
    chance, true = stream(1, "cases"), Calibration(slope=0.8, intercept=1.5)
    scores = [-6 * chance.random() for _ in range(20_000)]
    right = [chance.random() < true.confidence(score) for score in scores]
    curve = Calibration.fitted(scores, right)
    assert curve.slope == pytest.approx(0.8, abs=0.05)
    assert curve.intercept == pytest.approx(1.5, abs=0.1)
    sure = [curve.confidence(score) for score in scores]
    assert sum(sure) / len(sure) == pytest.approx(sum(right) / len(right), abs=0.005)


def test_without_cases_the_curve_is_the_plain_one() -> None:
    assert Calibration.fitted([], []) == Calibration(slope=1.0, intercept=0.0)
    assert Calibration().confidence(0.0) == 0.5


@pytest.mark.parametrize("right", [True, False])
def test_cases_of_one_kind_leave_a_doubt(*, right: bool) -> None:
    curve = Calibration.fitted([-0.1, -1.0, -3.0] * 10, [right] * 30)
    sure = curve.confidence(-0.5)
    assert (0.9 < sure < 1) if right else (0 < sure < 0.1)
