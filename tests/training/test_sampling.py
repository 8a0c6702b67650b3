import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import InputError
from tidemill.training.sampling import GroupPlan, LanguagePlan, LengthPlan, smoothed

ROWS = {"go": np.arange(10), "java": np.arange(10, 40), "ruby": np.arange(40, 100)}


@pytest.mark.claim("gcb.pretraining.languages")
def test_languages_are_drawn_with_alpha_seven_tenths() -> None:
    counts = [10, 30, 60]
    powers = [0.1**0.7, 0.3**0.7, 0.6**0.7]
    expected = [power / sum(powers) for power in powers]
    assert smoothed(counts).tolist() == pytest.approx(expected)
    plan = LanguagePlan(ROWS, batch=4, steps=20_000, seed=(3, "s"))
    drawn = [plan.language(step) for step in range(20_000)]
    for name, share in zip(("go", "java", "ruby"), expected, strict=True):
        assert drawn.count(name) / 20_000 == pytest.approx(share, abs=0.012)


@pytest.mark.claim("gcb.pretraining.languages")
def test_a_batch_is_of_one_language() -> None:
    plan = LanguagePlan(ROWS, batch=7, steps=50, seed=(1, "s"))
    for step in range(50):
        own = ROWS[plan.language(step)]
        assert set(plan.rows(step).tolist()) <= set(own.tolist())


@given(st.integers(1, 9), st.integers(0, 5))
def test_every_example_comes_once_before_any_comes_twice(batch: int, seed: int) -> None:
    plan = LanguagePlan({"go": np.arange(12)}, batch=batch, steps=40, seed=(seed, "s"))
    seen = np.concatenate([plan.rows(step) for step in range(40)])
    for epoch in range(len(seen) // 12):
        assert sorted(seen[12 * epoch : 12 * (epoch + 1)].tolist()) == list(range(12))


def test_a_step_does_not_depend_on_those_asked_before() -> None:
    plan = LanguagePlan(ROWS, batch=5, steps=30, seed=(2, "s"))
    once = [plan.rows(step).tolist() for step in range(30)]
    other = LanguagePlan(ROWS, batch=5, steps=30, seed=(2, "s"))
    assert [other.rows(step).tolist() for step in reversed(range(30))] == once[::-1]


def test_groups_come_with_their_members_side_by_side() -> None:
    groups = [np.arange(0, 6), np.arange(6, 9), np.arange(9, 20), np.array([20])]
    plan = GroupPlan(groups, size=(2, 3), seed=(1, "g"))
    for step in range(20):
        rows = plan.rows(step).reshape(2, 3)
        owners = [
            {int(np.searchsorted([6, 9, 20], row, side="right")) for row in part} for part in rows
        ]
        assert all(len(owner) == 1 for owner in owners)
        assert owners[0] != owners[1]
        assert 20 not in rows


def test_nothing_to_draw_from_is_an_error() -> None:
    with pytest.raises(InputError, match="no example"):
        LanguagePlan({"go": np.zeros(0, np.int64)}, batch=2, steps=1, seed=(0, "s"))
    with pytest.raises(InputError, match="no two groups"):
        GroupPlan([np.arange(4)], size=(2, 2), seed=(0, "s"))


def test_a_plan_by_length_has_the_same_examples_with_the_short_ones_first() -> None:
    plan = LanguagePlan(ROWS, batch=7, steps=5, seed=(1, "s"))
    lengths = np.random.default_rng(0).integers(1, 9, 100)
    for step in range(5):
        rows = LengthPlan(plan, lambda some: lengths[some]).rows(step)
        assert sorted(rows.tolist()) == sorted(plan.rows(step).tolist())
        assert np.all(np.diff(lengths[rows]) >= 0)
