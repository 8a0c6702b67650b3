"""What every backend of the executor does, and the parts they share."""

import functools
import ipaddress
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core import shard_work
from tidemill.core.cluster import ClusterExecutor
from tidemill.core.errors import (
    CapacityError,
    InputError,
    MissingExtraError,
    SettingError,
    TidemillError,
)
from tidemill.core.executor import (
    Actor,
    Executor,
    InlineExecutor,
    Outcome,
    Resources,
    is_worth_retrying,
    typed_error,
)
from tidemill.core.processes import ProcessExecutor

ONE = Resources(workers=1)
TWO = Resources(workers=2)


BACKENDS = [
    pytest.param(InlineExecutor, id="inline"),
    pytest.param(ProcessExecutor, id="processes"),
    pytest.param(ClusterExecutor, id="cluster", marks=pytest.mark.slow),
]


@pytest.fixture(params=BACKENDS)
def executor(request: pytest.FixtureRequest) -> Executor:
    if request.param is ClusterExecutor:
        request.getfixturevalue("local_cluster")
    made: Executor = request.param()
    return made


class TestConformance:
    """The promise of the seam; a new backend joins by adding itself to the fixture."""

    def test_is_what_the_seam_asks_for(self, executor: Executor) -> None:
        assert isinstance(executor, Executor)

    @pytest.mark.claim("house.executor.one-seam")
    def test_every_shard_has_one_outcome(self, executor: Executor) -> None:
        outcomes = list(executor.map(shard_work.double, range(100), resources=TWO))
        assert sorted((o.index, o.shard, o.unwrap()) for o in outcomes) == [
            (number, number, 2 * number) for number in range(100)
        ]
        assert {o.attempts for o in outcomes} == {1}
        assert all(o.seconds >= 0 for o in outcomes)

    def test_no_shards_are_no_outcomes(self, executor: Executor) -> None:
        assert list(executor.map(shard_work.double, [], resources=TWO)) == []

    def test_none_is_a_shard_and_a_value(self, executor: Executor) -> None:
        outcomes = list(executor.map(shard_work.echo, [None, None], resources=ONE))
        assert [(o.ok, o.value) for o in outcomes] == [(True, None), (True, None)]

    def test_a_failing_shard_does_not_end_the_run(self, executor: Executor) -> None:
        outcomes = list(executor.map(shard_work.fail_on_odd, range(10), resources=TWO))
        failed = [o for o in outcomes if not o.ok]
        assert sorted(o.shard for o in failed) == [1, 3, 5, 7, 9]
        assert {o.value for o in failed} == {None}
        error = next(o.error for o in failed if o.shard == 3)
        assert type(error) is TidemillError
        assert str(error) == "ValueError: 3 is odd"
        assert "fail_on_odd" in error.__notes__[0]

    @pytest.mark.claim("house.executor.one-seam")
    def test_typed_errors_arrive_whole(self, executor: Executor) -> None:
        (bad,) = executor.map(shard_work.reject, [4], resources=ONE)
        assert isinstance(bad.error, InputError)
        assert bad.error.place == "a.py:4:1"
        (missing,) = executor.map(shard_work.need_extra, [1], resources=ONE)
        assert isinstance(missing.error, MissingExtraError)
        assert missing.error.extra == "report"
        with pytest.raises(MissingExtraError, match="feature 1"):
            missing.unwrap()

    @pytest.mark.claim("house.executor.retries")
    def test_retries_until_it_succeeds(self, executor: Executor, tmp_path: Path) -> None:
        shard = (str(tmp_path / "attempts"), 3)
        (outcome,) = executor.map(
            shard_work.note_then_fail_until, [shard], resources=ONE, retries=5
        )
        assert (outcome.value, outcome.attempts) == (3, 3)

    def test_retries_end(self, executor: Executor, tmp_path: Path) -> None:
        shard = (str(tmp_path / "attempts"), 9)
        (outcome,) = executor.map(
            shard_work.note_then_fail_until, [shard], resources=ONE, retries=2
        )
        assert str(outcome.error) == "RuntimeError: attempt 3"
        assert outcome.attempts == 3

    @pytest.mark.claim("house.executor.retries")
    def test_bad_input_is_not_tried_again(self, executor: Executor) -> None:
        (outcome,) = executor.map(shard_work.reject, [1], resources=ONE, retries=5)
        assert outcome.attempts == 1

    def test_a_shard_past_its_deadline_fails_alone(self, executor: Executor) -> None:
        outcomes = executor.map(
            shard_work.nap, [0.0, 0.6, 0.0], resources=TWO, deadline_seconds=0.3
        )
        by_shard = {o.index: o for o in outcomes}
        assert isinstance(by_shard[1].error, CapacityError)
        assert "0.3 s" in str(by_shard[1].error)
        assert by_shard[0].ok
        assert by_shard[2].ok

    def test_takes_shards_only_as_work_can_begin(self, executor: Executor) -> None:
        taken = itertools.count()
        source = (next(taken) for _ in itertools.repeat(None))
        outcomes = executor.map(shard_work.double, source, resources=TWO)
        for _ in range(50):
            assert next(outcomes).ok
        outcomes.close()  # type: ignore[attr-defined]  # iterators of both are generators
        assert next(taken) < 100

    def test_an_error_of_the_source_is_the_callers(self, executor: Executor) -> None:
        def source() -> Iterator[int]:
            yield 1
            raise OSError("the walk broke off")

        with pytest.raises(OSError, match="walk broke off"):
            list(executor.map(shard_work.double, source(), resources=ONE))

    def test_partial_functions_and_large_shards(self, executor: Executor) -> None:
        fn = functools.partial(max, b"")
        shards = [bytes([number]) * 3_000_000 for number in range(6)]
        outcomes = list(executor.map(fn, shards, resources=TWO))
        assert sorted(o.unwrap() for o in outcomes) == shards


class TestActorConformance:
    def test_keeps_its_state(self, executor: Executor) -> None:
        actor = executor.actor(functools.partial(shard_work.Counter, 5), resources=ONE)
        assert isinstance(actor, Actor)
        assert [actor.call("add", 1), actor.call("add", 10)] == [6, 16]
        assert actor.alive
        actor.close()
        actor.close()
        assert not actor.alive

    def test_a_failing_method_leaves_it_alive(self, executor: Executor) -> None:
        actor = executor.actor(shard_work.Counter, resources=ONE)
        with pytest.raises(InputError) as caught:
            actor.call("fail")
        assert caught.value.place == "x.py:3"
        with pytest.raises(TidemillError, match="ZeroDivisionError: by nothing"):
            actor.call("stumble")
        assert actor.call("add", 2) == 2
        actor.close()

    @pytest.mark.parametrize("method", ["_count", "absent", "__init__"])
    def test_only_public_methods_are_called(self, executor: Executor, method: str) -> None:
        actor = executor.actor(shard_work.Counter, resources=ONE)
        with pytest.raises(TidemillError, match="no public method"):
            actor.call(method)
        actor.close()

    @pytest.mark.claim("house.executor.actors")
    def test_past_its_deadline_it_is_gone_and_can_be_rebuilt(self, executor: Executor) -> None:
        actor = executor.actor(functools.partial(shard_work.Counter, 1), resources=ONE)
        assert actor.call("add", 1) == 2
        with pytest.raises(CapacityError, match=r"longer than 0\.2 s"):
            actor.call("wait", 0.5, deadline_seconds=0.2)
        assert not actor.alive
        with pytest.raises(CapacityError, match="actor that is gone"):
            actor.call("add", 1)
        actor.rebuild()
        assert actor.call("add", 1) == 2
        actor.close()

    def test_what_the_factory_raises_the_first_call_raises(self, executor: Executor) -> None:
        actor = executor.actor(shard_work.broken_counter, resources=ONE)
        with pytest.raises(TidemillError, match="OSError: no such weights"):
            actor.call("add", 1)
        assert not actor.alive


class TestNodeConformance:
    @pytest.mark.claim("house.executor.nodes")
    def test_each_node_is_named_and_does_the_same_work(self, executor: Executor) -> None:
        nodes = executor.nodes()
        assert len({node.name for node in nodes}) == len(nodes) >= 1
        for node in nodes:
            assert ipaddress.ip_address(node.host).is_loopback
            (outcome,) = node.executor.map(shard_work.double, [4], resources=ONE)
            assert outcome.unwrap() == 8
            actor = node.executor.actor(shard_work.Counter, resources=ONE)
            assert actor.call("add", 2) == 2
            actor.close()

    def test_a_node_knows_itself_alone(self, executor: Executor) -> None:
        for node in executor.nodes():
            assert [one.name for one in node.executor.nodes()] == [node.name]


class TestResources:
    @pytest.mark.parametrize("workers", [0, -1])
    def test_needs_a_worker(self, workers: int) -> None:
        with pytest.raises(SettingError, match=f"workers is {workers}"):
            Resources(workers=workers)

    @pytest.mark.parametrize("memory_bytes", [0, -1, (128 << 20) - 1])
    def test_needs_memory_to_begin(self, memory_bytes: int) -> None:
        with pytest.raises(SettingError, match=f"memory_bytes is {memory_bytes:,}"):
            Resources(memory_bytes=memory_bytes)


class TestErrors:
    def test_lack_of_memory_is_a_lack_of_capacity(self) -> None:
        assert isinstance(typed_error(MemoryError()), CapacityError)

    def test_typed_errors_stay_themselves(self) -> None:
        error = InputError("bad")
        assert typed_error(error) is error

    def test_only_what_may_end_differently_is_tried_again(self) -> None:
        assert is_worth_retrying(CapacityError("died"))
        assert is_worth_retrying(TidemillError("unexpected"))
        assert not is_worth_retrying(SettingError("wrong"))

    def test_an_outcome_without_error_unwraps(self) -> None:
        outcome = Outcome(index=0, shard=1, value=2, error=None, attempts=1, seconds=0.0)
        assert outcome.ok
        assert outcome.unwrap() == 2
