"""What every policy owes a tier, whatever comes in whatever order."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.serving.policies.play import Tier
from tidemill.serving.policies.adaptive_lrfu import AdaptiveLrfu
from tidemill.serving.policies.policy import Policy
from tidemill.serving.policies.table import POLICIES

MADE: dict[str, Callable[[int], Policy]] = dict(POLICIES) | {
    "adaptive-lrfu, forgetful": lambda capacity: AdaptiveLrfu(capacity, most_strangers=2)
}
KEYS = st.sampled_from([f"e{number}" for number in range(12)])
CAPACITIES = st.integers(min_value=4, max_value=20)
SIZES = st.sampled_from((1, 1, 2, 4))
COSTS = st.sampled_from((0.0, 0.5, 1.0, 8.0))


class Conformance(RuleBasedStateMachine):
    """Two tiers with the same policy live through the same things, and stay alike."""

    make: Callable[[int], Policy]

    @initialize(capacity=CAPACITIES)
    def open(self, capacity: int) -> None:
        self.tier, self.twin = (Tier(type(self).make(capacity), capacity) for _ in range(2))

    def both(self, act: Callable[[Tier], object]) -> None:
        assert act(self.tier) == act(self.twin)

    @rule(key=KEYS, size=SIZES, cost=COSTS)
    def request(self, key: str, size: int, cost: float) -> None:
        self.both(lambda tier: tier.request(key, size=size, cost=cost))
        if key not in self.tier.resident:
            assert not any(map(self.tier.may_leave, self.tier.resident))

    @rule(key=KEYS, size=SIZES, cost=COSTS)
    def preload(self, key: str, size: int, cost: float) -> None:
        if key not in self.tier.resident:
            self.both(lambda tier: tier.load(key, size=size, cost=cost))

    @precondition(lambda self: self.tier.resident)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.tier.resident)))
        self.both(lambda tier: tier.drop(key))

    @rule(key=KEYS)
    def remove_twice(self, key: str) -> None:
        if key not in self.tier.resident:
            self.both(lambda tier: tier.policy.removed(key))

    @rule(key=KEYS)
    def pin(self, key: str) -> None:
        self.both(lambda tier: tier.pinned.add(key))

    @rule(key=KEYS)
    def unpin(self, key: str) -> None:
        self.both(lambda tier: tier.pinned.discard(key))

    @rule()
    def ask_for_a_victim(self) -> None:
        victim = self.tier.policy.victim(self.tier.may_leave)
        assert victim == self.twin.policy.victim(self.twin.may_leave)
        free = set(filter(self.tier.may_leave, self.tier.resident))
        assert (victim in free) if free else victim is None

    @invariant()
    def knows_who_is_resident(self) -> None:
        tier = self.tier
        assert len(tier.policy) == len(tier.resident)
        assert all(key in tier.policy for key in tier.resident)
        assert sum(tier.resident.values()) <= tier.capacity
        assert self.twin.left == tier.left


@pytest.mark.claim("coe.policy.lru")
@pytest.mark.parametrize("name", MADE)
def test_every_policy_keeps_the_seam(name: str) -> None:
    machine: Any = type("Machine", (Conformance,), {"make": staticmethod(MADE[name])})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=20, stateful_step_count=40, deadline=None)
    )


@pytest.mark.parametrize("name", MADE)
def test_nobody_leaves_where_nobody_may(name: str) -> None:
    policy = MADE[name](4)
    assert policy.victim(lambda _: True) is None
    policy.accessed("a")
    policy.admitted("a", size_bytes=1, cost_seconds=1.0)
    assert policy.victim(lambda _: False) is None
    assert policy.victim(lambda _: True) == "a"
    assert "a" in policy
    policy.removed("a")
    assert "a" not in policy


@pytest.mark.parametrize("name", MADE)
def test_admitting_a_resident_again_changes_its_size_alone(name: str) -> None:
    policy = MADE[name](4)
    for size in (1, 2):
        policy.accessed("a")
        policy.admitted("a", size_bytes=size, cost_seconds=1.0)
    assert len(policy) == 1
    assert policy.victim(lambda _: True) == "a"
    policy.removed("a")
    assert policy.victim(lambda _: True) is None


@pytest.mark.parametrize("name", MADE)
def test_one_pinned_forever_does_not_stop_the_others(name: str) -> None:
    tier = Tier(MADE[name](8), 8)
    tier.pinned.add("kept")
    assert tier.request("kept")
    for number in range(200):
        assert tier.request(f"e{number % 23}")
    assert "kept" in tier.resident
