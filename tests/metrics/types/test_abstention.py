"""Coverage against precision."""

import numpy as np
import pytest
from jaxtyping import TypeCheckError

from tidemill.core.errors import InputError
from tidemill.metrics.types.abstention import CurvePoint, abstention_curve


def curve(
    confidence: list[float], exact: list[bool], *, total: int, points: int = 100
) -> tuple[CurvePoint, ...]:
    right = np.array(exact, dtype=bool)
    sure = np.array(confidence, dtype=float)
    return abstention_curve(sure, right, np.ones_like(right), total=total, points=points)


def test_by_hand() -> None:
    found = curve([0.2, 0.9, 0.9, 0.5], [False, True, False, True], total=8)
    # The two of 0.9 are taken together: one of two; then two of three; then two of four.
    assert [(point.threshold, point.coverage) for point in found] == [
        (0.9, 2 / 8),
        (0.5, 3 / 8),
        (0.2, 4 / 8),
    ]
    assert [point.exact for point in found] == pytest.approx([1 / 2, 2 / 3, 2 / 4])
    assert all(point.head == 1.0 for point in found)
    assert found[0].to_dict() == {"threshold": 0.9, "coverage": 0.25, "exact": 0.5, "head": 1.0}


def test_nothing_predicted_has_no_points() -> None:
    assert curve([], [], total=3) == ()


def test_many_thresholds_become_few_and_the_last_stays() -> None:
    confidence = np.random.default_rng(2).permutation(np.linspace(0, 1, 5_000)).tolist()
    found = curve(confidence, [True] * 5_000, total=5_000, points=20)
    assert len(found) == 20
    assert found[-1].coverage == 1.0
    steps = np.diff([0.0, *(point.coverage for point in found)])
    assert steps == pytest.approx(np.full(20, 1 / 20), abs=1e-3)


def test_the_order_of_the_answers_does_not_matter() -> None:
    generator = np.random.default_rng(5)
    confidence = generator.integers(0, 5, 60) / 5
    right = generator.random(60) < 0.5
    order = generator.permutation(60)
    straight = abstention_curve(confidence, right, right, total=60)
    mixed = abstention_curve(confidence[order], right[order], right[order], total=60)
    assert straight == mixed


@pytest.mark.parametrize(
    ("confidence", "exact", "total", "points"),
    [([0.5], [True, True], 5, 10), ([0.5, 0.4], [True, True], 1, 10), ([0.5], [True], 1, 0)],
)
def test_what_is_no_curve_is_refused(
    confidence: list[float], exact: list[bool], total: int, points: int
) -> None:
    with pytest.raises((InputError, TypeCheckError)):
        curve(confidence, exact, total=total, points=points)
