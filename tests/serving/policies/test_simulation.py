from collections.abc import Callable

import pytest
from typing_extensions import override

from tidemill.core.errors import CapacityError
from tidemill.serving.policies.lru import Lru
from tidemill.serving.policies.simulation import Misses, simulate

SIZES = {"a": 2, "b": 1, "c": 3}
COSTS = {"a": 0.5, "b": 0.25, "c": 1.0}


def test_everything_is_counted() -> None:
    # a, b enter; a hit; c (3 of 4) takes both their places; a takes c's; a hit.
    found = simulate(list("abacaa"), Lru(), 4, sizes=SIZES, costs=COSTS)
    assert found == Misses(
        requests=6, misses=4, bytes_asked=12, bytes_moved=8, cost_seconds=2.25, evictions=3
    )
    assert found.miss_share == 4 / 6
    assert found.byte_miss_share == 8 / 12


def test_no_requests_have_no_misses() -> None:
    found = simulate([], Lru(), 4, sizes=SIZES, costs=COSTS)
    assert (found.miss_share, found.byte_miss_share) == (0.0, 0.0)


def test_an_expert_larger_than_the_tier_is_refused() -> None:
    with pytest.raises(CapacityError, match="c has 3 bytes, the tier 2"):
        simulate(["c"], Lru(), 2, sizes=SIZES, costs=COSTS)


def test_a_policy_that_names_nobody_is_told_so() -> None:
    class Silent(Lru):
        @override
        def victim(self, evictable: Callable[[str], bool]) -> str | None:
            del evictable
            return None

    with pytest.raises(CapacityError, match="Silent names nobody to leave for c"):
        simulate(list("abc"), Silent(), 4, sizes=SIZES, costs=COSTS)
