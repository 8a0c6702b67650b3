from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serving.policies.play import Tier, evictions, misses
from tidemill.core.errors import SettingError
from tidemill.serving.policies.belady import Belady
from tidemill.serving.policies.table import POLICIES

TRACES = st.text(alphabet="abcde", min_size=1, max_size=9)


def fewest_misses(trace: str, capacity: int) -> int:
    """Try every choice of who leaves."""

    @cache
    def fewest(place: int, resident: frozenset[str]) -> int:
        if place == len(trace):
            return 0
        key = trace[place]
        if key in resident:
            return fewest(place + 1, resident)
        if len(resident) < capacity:
            return 1 + fewest(place + 1, resident | {key})
        return 1 + min(fewest(place + 1, resident - {out} | {key}) for out in resident)

    return fewest(0, frozenset())


def test_the_furthest_next_use_leaves() -> None:
    # At d, a comes next, b after it, and c never again.
    trace = "abcdab"
    assert evictions(Belady(trace), 3, trace) == "c"


@given(trace=TRACES, capacity=st.integers(min_value=1, max_value=4))
def test_it_is_the_optimum_for_equal_sizes(trace: str, capacity: int) -> None:
    assert misses(lambda _: Belady(trace), capacity, trace) == fewest_misses(trace, capacity)


@pytest.mark.claim("coe.policy.lru")
@pytest.mark.parametrize("name", POLICIES)
@given(
    trace=st.text(alphabet="abcdefghij", min_size=1, max_size=80),
    capacity=st.integers(min_value=1, max_value=9),
)
def test_no_policy_misses_less(name: str, trace: str, capacity: int) -> None:
    bound = misses(lambda _: Belady(trace), capacity, trace)
    assert bound <= misses(POLICIES[name], capacity, trace)


def test_another_future_is_refused() -> None:
    policy = Belady("ab")
    policy.accessed("a")
    with pytest.raises(SettingError, match="request 1 is for 'c'"):
        policy.accessed("c")
    policy.accessed("b")
    with pytest.raises(SettingError, match="request 2 is for 'a'"):
        policy.accessed("a")


def test_who_is_preloaded_and_never_asked_for_leaves_first() -> None:
    tier = Tier(Belady("aba"), 2)
    tier.load("z")
    for key in "aba":
        tier.request(key)
    assert tier.left == ["z"]


def test_it_knows_who_is_resident() -> None:
    tier = Tier(Belady("aab"), 1)
    for key in "aab":
        tier.request(key)
    assert len(tier.policy) == 1
    assert "b" in tier.policy
    assert "a" not in tier.policy
