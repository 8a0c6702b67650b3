from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import BusyError
from tidemill.serving.scheduling.call import Batch, Call
from tidemill.serving.scheduling.scheduler import Limits, Scheduler


def call(expert: str, arrived: float = 0.0, length: int = 10, operation: str = "code") -> Call:
    return Call(
        expert_hash=expert, operation=operation, items=("x",), length=length, arrived=arrived
    )


def filled(some: Iterable[Call], **limits: float) -> Scheduler:
    scheduler = Scheduler(Limits(**limits))  # type: ignore[arg-type]  # by name
    for one in some:
        scheduler.add(one)
    return scheduler


def order(scheduler: Scheduler, *, now: float = 0.0) -> str:
    """Return whose batches one worker gets, one after the other."""
    found, current = "", None
    while batch := scheduler.next_batch(now=now, is_ready=lambda _: True, current=current):
        current = batch.expert_hash
        found += current * len(batch.calls)
    return found


@pytest.mark.claim("coe.scheduler")
def test_a_worker_goes_on_with_its_expert_so_that_little_is_switched() -> None:
    """The order that users of other servers ask for (llama-swap issue 612)."""
    arrivals = [call(name, arrived=place / 1000) for place, name in enumerate("ABAACABC")]
    assert order(filled(arrivals)) == "AAAABBCC"


@pytest.mark.claim("coe.scheduler")
def test_whoever_has_waited_too_long_is_next() -> None:
    scheduler = filled([call("B", 0.0), call("A", 1.0), call("A", 1.1)], patience_seconds=0.5)
    first = scheduler.next_batch(now=0.4, is_ready=lambda _: True, current="A")
    assert first is not None
    assert first.expert_hash == "A"
    scheduler.add(call("A", 1.2))
    second = scheduler.next_batch(now=0.6, is_ready=lambda _: True, current="A")
    assert second is not None
    assert second.expert_hash == "B"


def test_who_is_active_in_a_worker_comes_before_who_must_be_made_ready() -> None:
    scheduler = filled([call("A", 0.0), call("B", 0.01)])
    batch = scheduler.next_batch(now=0.02, is_ready=lambda _: True, current=None, active={"B"})
    assert batch is not None
    assert batch.expert_hash == "B"


def test_who_is_not_ready_is_passed_over() -> None:
    scheduler = filled([call("A", 0.0), call("B", 0.01)])
    batch = scheduler.next_batch(now=9.0, is_ready="B".__eq__)
    assert batch is not None
    assert batch.expert_hash == "B"
    assert scheduler.next_batch(now=9.0, is_ready="B".__eq__) is None
    assert scheduler.wanted() == ["A"]


def test_a_batch_is_of_one_operation_and_of_about_one_length() -> None:
    calls = [
        call("A", length=100),
        call("A", length=90_000),
        call("A", length=120),
        call("A", operation="queries", length=100),
        call("A", length=300),
    ]
    scheduler = filled(calls)
    first, second, third = batches(scheduler)
    assert first.calls == (calls[0], calls[2], calls[4])
    assert second.calls == (calls[1],)
    assert third.calls == (calls[3],)
    assert len(scheduler) == 0


def test_a_batch_is_bounded_and_a_call_that_is_larger_is_alone() -> None:
    scheduler = filled([call("A") for _ in range(10)], batch_items=4)
    sizes = [len(batch.calls) for batch in batches(scheduler)]
    assert sizes == [4, 4, 2]
    scheduler = filled([call("A", length=900) for _ in range(3)], batch_length=1000)
    assert [len(batch.calls) for batch in batches(scheduler)] == [1, 1, 1]


def batches(scheduler: Scheduler) -> list[Batch]:
    found = []
    while batch := scheduler.next_batch(now=0.0, is_ready=lambda _: True):
        found.append(batch)
    return found


def test_full_queues_turn_away_and_say_when_to_come_again() -> None:
    scheduler = filled([call("A"), call("B")], calls=2)
    with pytest.raises(BusyError, match="2 calls are waiting") as caught:
        scheduler.add(call("C"), retry_after_seconds=4.0)
    assert caught.value.retry_after_seconds == 4.0
    scheduler = filled([call("A", length=60)], length=100)
    with pytest.raises(BusyError):
        scheduler.add(call("A", length=60))


def test_a_lost_batch_comes_first_again_and_each_call_alone() -> None:
    calls = [call("A", 0.0), call("A", 0.1), call("A", 0.2)]
    scheduler = filled(calls[:2])
    batch = scheduler.next_batch(now=1.0, is_ready=lambda _: True)
    assert batch is not None
    scheduler.add(calls[2])
    scheduler.again(batch.calls)
    assert [found.calls for found in batches(scheduler)] == [(one,) for one in calls]
    assert [one.attempts for one in calls] == [2, 2, 1]


def test_a_cancelled_call_is_neither_computed_nor_put_back() -> None:
    calls = [call("A"), call("A")]
    scheduler = filled(calls)
    scheduler.cancel(calls[0])
    assert len(scheduler) == 1
    batch = scheduler.next_batch(now=0, is_ready=lambda _: True)
    assert batch is not None
    scheduler.cancel(calls[1])
    scheduler.again(batch.calls)
    assert len(scheduler) == 0


@given(
    st.lists(st.tuples(st.sampled_from("ABCD"), st.integers(1, 500)), max_size=60),
    st.integers(1, 8),
)
def test_every_call_is_computed_exactly_once(arrivals: list[tuple[str, int]], items: int) -> None:
    calls = [
        call(name, arrived=place / 100, length=length)
        for place, (name, length) in enumerate(arrivals)
    ]
    scheduler = filled(calls, batch_items=items)
    found = [one for batch in batches(scheduler) for one in batch.calls]
    assert sorted(map(id, found)) == sorted(map(id, calls))
    assert all(len({one.expert_hash for one in batch.calls}) <= 1 for batch in batches(scheduler))
