from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest

from tidemill.serving.policies.traces import (
    EXPERTS,
    drifting,
    expert_names,
    looping,
    repeating,
    scanning,
    sizes_of,
    zipf,
)

MADE: dict[str, Callable[[int, int], list[str]]] = {
    "zipf": lambda requests, seed: zipf(requests, alpha=1.0, seed=seed),
    "drifting": lambda requests, seed: drifting(requests, alpha=1.0, every=100, seed=seed),
    "repeating": lambda requests, seed: repeating(requests, alpha=1.0, seed=seed),
    "looping": lambda requests, seed: looping(requests, seed=seed),
    "scanning": lambda requests, seed: scanning(requests, alpha=1.0, every=100, seed=seed),
}
each = pytest.mark.parametrize("make", MADE.values(), ids=MADE)


@each
def test_the_same_seed_gives_the_same_requests(make: Callable[[int, int], list[str]]) -> None:
    trace = make(1_000, 3)
    assert trace == make(1_000, 3)
    assert trace != make(1_000, 4)
    assert len(trace) == 1_000
    assert set(trace) <= set(expert_names())
    assert make(0, 3) == []
    assert len(make(1, 3)) == 1


def test_there_are_as_many_experts_as_samba_coe_has() -> None:
    assert len(set(expert_names())) == EXPERTS == 150


@pytest.mark.parametrize("alpha", [0.6, 1.0, 1.2])
def test_ranks_are_asked_for_as_zipf_says(alpha: float) -> None:
    counts = [count for _, count in Counter(zipf(60_000, alpha=alpha, seed=5)).most_common()]
    assert counts[0] / counts[7] == pytest.approx(8**alpha, rel=0.15)


def test_the_popular_do_not_have_the_first_numbers() -> None:
    popular = [Counter(zipf(5_000, alpha=1.0, seed=seed)).most_common(1) for seed in range(8)]
    assert len({found[0][0] for found in popular}) > 4


def test_drift_moves_a_tenth_of_the_ranks() -> None:
    trace = drifting(40_000, alpha=1.2, every=10_000, seed=2)
    whole = [Counter(trace[start : start + 10_000]) for start in range(0, 40_000, 10_000)]
    leaders = [{name for name, _ in counts.most_common(30)} for counts in whole]
    stayed = [len(one & other) for one, other in pairwise(leaders)]
    assert all(20 <= count < 30 for count in stayed)


def test_half_of_the_requests_repeat_the_last() -> None:
    trace = repeating(20_000, alpha=0.0, seed=6)
    again = sum(one == other for one, other in pairwise(trace))
    assert again / len(trace) == pytest.approx(0.5, abs=0.02)


def test_a_scan_walks_through_all_experts_once() -> None:
    trace = scanning(700, alpha=1.0, every=200, seed=7)
    assert trace[200:350] == list(expert_names())
    assert trace[550:700] == list(expert_names())
    assert len(set(trace[350:550])) < EXPERTS


def test_sizes_are_one_two_and_four_units() -> None:
    sizes = sizes_of(100, seed=8)
    assert set(sizes) == set(expert_names())
    assert set(sizes.values()) == {100, 200, 400}
    assert min(Counter(sizes.values()).values()) > 30
    assert sizes == sizes_of(100, seed=8)
    assert sizes != sizes_of(100, seed=9)
