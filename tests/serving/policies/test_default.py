"""What the default policy promises beside LRU; ``benches/policies.py`` has the whole table."""

from collections.abc import Sequence

import pytest

from tidemill.serving.policies.simulation import simulate
from tidemill.serving.policies.table import DEFAULT_POLICY, policy
from tidemill.serving.policies.traces import drifting, expert_names, zipf

SIZES = dict.fromkeys(expert_names(), 1)
COSTS = dict.fromkeys(expert_names(), 0.1)
CAPACITIES = (16, 50, 100)
ALPHAS = (0.6, 0.8, 1.0, 1.2)


def fewer(trace: Sequence[str], capacity: int) -> float:
    """Return by which share the default misses less than LRU."""
    own, lru = (
        simulate(trace, policy(name, capacity), capacity, sizes=SIZES, costs=COSTS).misses
        for name in (DEFAULT_POLICY, "lru")
    )
    return 1 - own / lru


@pytest.mark.parametrize("capacity", CAPACITIES)
def test_it_misses_less_than_lru_before_long(capacity: int) -> None:
    assert fewer(zipf(6_000, alpha=0.8, seed=21), capacity) > 0.1


@pytest.mark.claim("coe.policy.default")
@pytest.mark.slow
def test_it_misses_at_least_15_percent_less_than_lru_where_popularity_stays() -> None:
    found = {
        (alpha, capacity): fewer(zipf(30_000, alpha=alpha, seed=22), capacity)
        for alpha in ALPHAS
        for capacity in CAPACITIES
    }
    assert sum(found.values()) / len(found) >= 0.15
    assert min(gain for (alpha, _), gain in found.items() if alpha >= 0.8) >= 0.15


@pytest.mark.claim("coe.policy.default")
@pytest.mark.slow
@pytest.mark.parametrize("capacity", CAPACITIES)
def test_it_misses_no_more_than_lru_where_popularity_drifts(capacity: int) -> None:
    assert fewer(drifting(30_000, alpha=1.0, every=1_000, seed=23), capacity) >= 0
