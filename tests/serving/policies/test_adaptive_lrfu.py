from collections.abc import Sequence
from math import exp2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serving.policies.play import Tier, evictions, misses
from tidemill.serving.policies.adaptive_lrfu import AdaptiveLrfu
from tidemill.serving.policies.lru import Lru
from tidemill.serving.policies.shadow import Facts, Shadow
from tidemill.serving.policies.traces import drifting, looping, zipf

TRACES = st.lists(st.sampled_from("abcdefgh"), max_size=80)
CAPACITIES = st.integers(min_value=1, max_value=7)
FACTS = Facts.of(1, 1.0)


def faded(uses: Sequence[int], now: int, half_life: float) -> float:
    """What Lee et al. call CRF: every use, and how long ago it was."""
    return sum(exp2((use - now) / half_life) for use in uses)


def lrfu_misses(trace: Sequence[str], capacity: int, half_life: float) -> int:
    """Count by the definition, over all uses so far, who was resident or not."""
    uses: dict[str, list[int]] = {}
    resident: set[str] = set()
    found_absent = 0
    for now, key in enumerate(trace):
        if key not in resident:
            found_absent += 1
            if len(resident) == capacity:
                worth = {other: faded(uses[other], now, half_life) for other in resident}
                resident.remove(min(worth, key=lambda other: worth[other]))
            resident.add(key)
        uses.setdefault(key, []).append(now)
    return found_absent


@given(trace=TRACES, capacity=CAPACITIES)
def test_a_half_life_of_one_request_is_lru(trace: list[str], capacity: int) -> None:
    quick = misses(
        lambda size: AdaptiveLrfu(size, half_lives=(1,), sees_loops=False), capacity, trace
    )
    assert quick == misses(lambda _: Lru(), capacity, trace)


@pytest.mark.parametrize("half_life", [3.7, 11.3, 50.9])
@given(trace=TRACES, capacity=CAPACITIES)
def test_a_fixed_half_life_is_lrfu_by_its_definition(
    half_life: float, trace: list[str], capacity: int
) -> None:
    def fixed_policy(size: int) -> AdaptiveLrfu:
        return AdaptiveLrfu(size, half_lives=(half_life,), sees_loops=False)

    fixed = misses(fixed_policy, capacity, trace)
    assert fixed == lrfu_misses(trace, capacity, half_life)


@given(trace=TRACES, capacity=CAPACITIES)
def test_a_shadow_misses_what_a_tier_would(trace: list[str], capacity: int) -> None:
    shadow = Shadow(capacity, 11.3)
    shadowed = sum(shadow.requested(key, FACTS, now=now) for now, key in enumerate(trace))
    assert shadowed == lrfu_misses(trace, capacity, 11.3)


def test_an_endless_half_life_is_lfu_that_remembers_who_left() -> None:
    # c: b leaves with one use to a's three.  b: it comes back for its second, and c leaves with
    # one.  d: b leaves again.
    policy = AdaptiveLrfu(2, half_lives=(1e9,), sees_loops=False)
    assert evictions(policy, 2, "a a a b c b d") == "bcb"


def test_seconds_by_byte_weigh_uses() -> None:
    sizes, costs = {"a": 4, "b": 1, "c": 1}, {"a": 1.0, "b": 1.0, "c": 1.0}
    assert evictions(AdaptiveLrfu(5), 5, "b a c", sizes=sizes, costs=costs) == "a"
    dear = costs | {"a": 8.0}
    assert evictions(AdaptiveLrfu(5), 5, "b a c", sizes=sizes, costs=dear) == "b"


def test_it_remembers_long_where_popularity_stays_and_short_where_it_moves() -> None:
    staying, moving = AdaptiveLrfu(16), AdaptiveLrfu(16)
    for policy, trace in (
        (staying, zipf(6_000, alpha=1.0, seed=11)),
        (moving, drifting(6_000, alpha=1.0, every=30, seed=11)),
    ):
        tier = Tier(policy, 16)
        for key in trace:
            tier.request(key)
    assert staying.half_life >= 1_024
    assert moving.half_life <= 64


def test_it_learns_where_loading_is_said_to_cost_nothing() -> None:
    policy = AdaptiveLrfu(16)
    tier = Tier(policy, 16)
    for key in drifting(6_000, alpha=1.0, every=30, seed=11):
        tier.request(key, cost=0.0)
    assert policy.half_life <= 64


def test_of_a_loop_that_does_not_fit_it_keeps_what_does() -> None:
    policy = AdaptiveLrfu(8)
    trace = looping(1_600, seed=3, experts=16)
    tier = Tier(policy, 8)
    for key in trace:
        tier.request(key)
    assert policy.is_in_loop
    loop = misses(AdaptiveLrfu, 8, trace)
    assert loop < 0.6 * len(trace)
    assert misses(lambda _: Lru(), 8, trace) == len(trace)


def test_it_finds_out_of_a_loop() -> None:
    policy = AdaptiveLrfu(16)
    tier = Tier(policy, 16)
    for key in (*looping(2_000, seed=3, experts=32), *zipf(6_000, alpha=1.0, seed=11)):
        tier.request(key)
    assert not policy.is_in_loop


def test_it_finds_back_after_a_change_of_weather() -> None:
    policy = AdaptiveLrfu(16)
    tier = Tier(policy, 16)
    seen = []
    for trace in (
        zipf(6_000, alpha=1.0, seed=11),
        drifting(8_000, alpha=1.0, every=30, seed=11),
        zipf(12_000, alpha=1.0, seed=12),
    ):
        for key in trace:
            tier.request(key)
        seen.append(policy.half_life)
    assert seen[1] < seen[0]
    assert seen[1] < seen[2]


def test_what_it_remembers_is_bounded() -> None:
    policy = AdaptiveLrfu(4, most_strangers=20)
    tier = Tier(policy, 4)
    for number in range(1_000):
        tier.request("popular")
        tier.request(f"e{number}")
        assert policy.remembered <= 4 + 21
    assert "popular" in tier.resident


def test_forgetting_drops_whose_uses_lie_furthest_back() -> None:
    shadow = Shadow(2, 16)
    for now, key in enumerate("ab"):
        shadow.requested(key, FACTS, now=now)
    assert shadow.count("a") < shadow.count("b")
    shadow.forget("a")
    assert shadow.requested("a", FACTS, now=2)
    assert not shadow.requested("b", FACTS, now=3)


def test_what_is_larger_than_the_shadow_stands_there_alone() -> None:
    shadow = Shadow(2, 16)
    shadow.requested("a", FACTS, now=0)
    assert shadow.requested("large", Facts.of(3, 1.0), now=1)
    assert not shadow.requested("large", Facts.of(3, 1.0), now=2)
    assert shadow.requested("a", FACTS, now=3)
