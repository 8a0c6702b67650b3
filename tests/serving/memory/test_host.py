from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.serving.memory.test_blocks import large, matrices
from tidemill.core.clock import FixedClock
from tidemill.core.errors import CapacityError, LockedError
from tidemill.experts.package import ExpertPackage
from tidemill.serving.memory.arena import Arena
from tidemill.serving.memory.host import HostTier
from tidemill.serving.memory.reading import read_blocks
from tidemill.serving.policies.table import policy

ONE = 128 * 256 * 4
"""Bytes of a large matrix: 32 grains."""

CLOCK = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))


def tier(capacity: int, name: str = "lru") -> HostTier:
    return HostTier(Arena(capacity), policy(name, capacity), CLOCK)


def load(
    host: HostTier, package: ExpertPackage, may_leave: Callable[[str], bool] = lambda _: True
) -> bool:
    host.accessed(package.expert_hash)
    loading = host.begin(package, may_leave)
    if loading is None:
        return False
    read = read_blocks(package, loading.missing, loading.places)
    host.finish(loading, read_bytes=read, seconds=0.01)
    return True


@pytest.fixture
def experts(tmp_path: Path) -> list[ExpertPackage]:
    return [matrices(tmp_path / str(n), f"search-{n}", own=large(n)) for n in range(5)]


def held(host: HostTier, package: ExpertPackage) -> np.ndarray:
    tensors, _ = host.places(package.expert_hash)
    start, size = tensors["own"]
    whole = host.arena._view[start : start + size]  # noqa: SLF001  what a worker maps
    return np.frombuffer(whole, np.float32).reshape(128, 256)


@pytest.mark.claim("coe.tiers")
def test_the_budget_holds_at_every_moment_and_who_is_there_is_whole(
    experts: list[ExpertPackage],
) -> None:
    host = tier(3 * ONE)
    for number in (0, 1, 2, 0, 3, 4, 0):
        package = experts[number]
        host.accessed(package.expert_hash)
        if package.expert_hash not in host.residents:
            assert load(host, package)
        assert host.used_bytes <= host.arena.capacity_bytes
        for resident in host.residents.values():
            seed = int(resident.package.name[-1])
            assert np.array_equal(held(host, resident.package), large(seed))
    assert {one.package.name for one in host.residents.values()} == {
        "search-0",
        "search-3",
        "search-4",
    }


@pytest.mark.claim("coe.tiers")
def test_who_computes_or_is_pinned_stays(experts: list[ExpertPackage]) -> None:
    host = tier(2 * ONE)
    assert load(host, experts[0])
    assert load(host, experts[1])
    host.lease(experts[0].expert_hash)
    host.pin(experts[1].expert_hash, pinned=True)
    assert host.begin(experts[2]) is None
    with pytest.raises(LockedError, match="computing"):
        host.evict(experts[0].expert_hash)
    host.release(experts[0].expert_hash)
    assert load(host, experts[2])
    assert set(host.taken_evicted()) == {experts[0].expert_hash}
    assert not host.taken_evicted()


def test_those_for_whom_somebody_waits_may_be_kept(experts: list[ExpertPackage]) -> None:
    host = tier(2 * ONE)
    assert load(host, experts[0])
    assert load(host, experts[1])
    assert not load(host, experts[2], lambda _: False)
    assert host.used_bytes == 2 * ONE
    assert load(host, experts[2], lambda key: key == experts[1].expert_hash)
    assert experts[0].expert_hash in host.residents


def test_what_never_fits_is_refused_with_the_reason(experts: list[ExpertPackage]) -> None:
    with pytest.raises(CapacityError, match=r"takes 131,072 bytes, and the host tier has 65,536"):
        tier(ONE // 2).begin(experts[0])
    host = tier(ONE + 4_096)
    assert load(host, experts[0])
    host.pin(experts[0].expert_hash, pinned=True)
    with pytest.raises(CapacityError, match="pinned experts leave 4,096"):
        host.begin(experts[1])


def test_what_experts_share_is_read_and_counted_once(tmp_path: Path) -> None:
    host = tier(4 * ONE)
    family = [
        matrices(tmp_path / str(n), f"search-{n}", base=large(9), own=large(n)) for n in range(3)
    ]
    for package in family:
        assert load(host, package)
    assert host.used_bytes == 4 * ONE
    assert host.counters.bytes_read == 4 * ONE
    host.evict(family[0].expert_hash)
    assert host.used_bytes == 3 * ONE
    assert np.array_equal(held(host, family[1]), large(1))
    for package in family[1:]:
        host.evict(package.expert_hash)
    assert host.used_bytes == 0


def test_a_shared_block_on_its_way_is_waited_for(tmp_path: Path) -> None:
    host = tier(4 * ONE)
    first, second = (
        matrices(tmp_path / str(n), f"search-{n}", base=large(9), own=large(n)) for n in range(2)
    )
    loading = host.begin(first)
    assert loading is not None
    assert host.begin(second) is None
    assert host.begin(first) is None
    host.abandon(loading)
    assert host.used_bytes == 0
    assert load(host, second)


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from("rlpe")), max_size=40))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nothing_is_lost_or_doubled_whatever_happens(
    experts: list[ExpertPackage], steps: list[tuple[int, str]]
) -> None:
    host = tier(3 * ONE, "adaptive-lrfu")
    for number, what in steps:
        package = experts[number]
        key = package.expert_hash
        there = host.residents.get(key)
        if what == "r" and there is None:
            load(host, package)
        elif there is not None and what == "l":
            (host.release if there.leases else host.lease)(key)
        elif there is not None and what == "p":
            host.pin(key, pinned=not there.is_pinned and host.used_bytes < 3 * ONE)
        elif there is not None and what == "e" and not there.leases:
            host.evict(key)
        assert host.used_bytes == ONE * len(host.residents) <= host.arena.capacity_bytes
    host.arena.close()
