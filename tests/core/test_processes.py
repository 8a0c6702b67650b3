"""The process backend: deaths, deadlines, limits, interrupts, and no orphans."""

import functools
import importlib
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.core import shard_work
from tidemill.core import processes
from tidemill.core.errors import CapacityError, TidemillError
from tidemill.core.executor import Resources
from tidemill.core.processes import ProcessActor, ProcessExecutor, Rules, ShardRun
from tidemill.core.workers import Worker, packed

ONE = Resources(workers=1)
TWO = Resources(workers=2)


def by_shard(words: list[str], **options: object) -> dict[str, object]:
    outcomes = ProcessExecutor().map(shard_work.act, words, **options)  # type: ignore[arg-type]
    return {outcome.shard: outcome for outcome in outcomes}


def is_running(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(condition: Callable[[], bool]) -> bool:
    give_up_at = time.monotonic() + 30
    while not condition():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.02)
    return True


class TestDeaths:
    @pytest.mark.claim("house.executor.crash")
    @pytest.mark.parametrize(
        ("way", "words"),
        [("exit", "exited with code 7"), ("crash", "SIGSEGV"), ("kill", "SIGKILL")],
    )
    def test_a_dead_worker_costs_its_shard_alone(self, way: str, words: str) -> None:
        found = list(ProcessExecutor().map(shard_work.act, ["a", way, "b", "c"], resources=TWO))
        lost = next(o for o in found if o.shard == way)
        assert isinstance(lost.error, CapacityError)
        assert words in str(lost.error)
        assert sorted(str(o.value) for o in found if o.ok) == ["a", "b", "c"]

    @pytest.mark.claim("house.executor.crash")
    def test_short_shards_sent_ahead_survive_every_death(self) -> None:
        shards = ["kill" if number % 40 == 39 else str(number) for number in range(400)]
        found = list(ProcessExecutor().map(shard_work.act, shards, resources=TWO))
        assert len(found) == 400
        assert sum(not o.ok for o in found) == 10
        assert {o.index for o in found} == set(range(400))
        assert all(o.ok is (o.shard != "kill") for o in found)

    def test_deaths_are_tried_again(self) -> None:
        (lost,) = ProcessExecutor().map(shard_work.act, ["exit"], resources=ONE, retries=2)
        assert lost.attempts == 3
        assert isinstance(lost.error, CapacityError)

    @pytest.mark.claim("house.executor.deadline")
    def test_a_hanging_worker_is_killed_and_replaced(self) -> None:
        started = time.monotonic()
        found = list(
            ProcessExecutor().map(
                shard_work.act, ["hang", "a", "b"], resources=ONE, deadline_seconds=0.5
            )
        )
        assert time.monotonic() - started < 60  # the shard sleeps for 600
        assert [(o.shard, o.ok) for o in found] == [("hang", False), ("a", True), ("b", True)]
        assert isinstance(found[0].error, CapacityError)

    def test_memory_is_limited_by_the_kernel(self) -> None:
        limited = Resources(workers=1, memory_bytes=1 << 30)
        found = list(ProcessExecutor().map(shard_work.act, ["memory", "a"], resources=limited))
        assert isinstance(found[0].error, CapacityError)
        assert "out of memory" in str(found[0].error)
        assert found[1].ok

    def test_the_limit_is_the_one_given(self) -> None:
        limited = Resources(workers=1, memory_bytes=(1 << 30) + 4096)
        fn = resource.getrlimit
        (found,) = ProcessExecutor().map(fn, [resource.RLIMIT_AS], resources=limited)
        assert found.unwrap()[0] == (1 << 30) + 4096

    def test_workers_that_die_at_their_start_end_the_run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "deadly.py").write_text("def fn(shard):\n    return shard\n")
        monkeypatch.syspath_prepend(tmp_path)
        fn = importlib.import_module("deadly").fn
        (tmp_path / "deadly.py").write_text("import os\nos._exit(5)\n")
        with pytest.raises(CapacityError, match="before they can begin, 3 times") as caught:
            list(ProcessExecutor().map(fn, range(9), resources=TWO))
        assert "exited with code 5" in str(caught.value)


class TestStarts:
    """Workers that cannot begin, beside one that does: so it is on a full cluster."""

    def run(self, second: bytes, shards: int) -> tuple[ShardRun[float, float], list[Worker]]:
        """Return a run whose first worker is sound and whose others run ``second``."""
        started: list[Worker] = []

        def start(program: bytes) -> Worker:
            assert not started or started[0].has_reply(60.0)  # the sound one has begun
            started.append(Worker(second if started else program, None))
            return started[-1]

        rules = Rules(workers=2, retries=0, deadline_seconds=None, in_order=False)
        return ShardRun(shard_work.nap, iter([0.02] * shards), start, rules), started

    def test_those_that_die_are_given_up_and_the_work_goes_on(self) -> None:
        run, started = self.run(packed(shard_work.stop_at_import, "a deadly program"), 60)
        assert [o.ok for o in run.outcomes()] == [True] * 60
        assert 2 <= len(started) <= 4

    def test_those_that_hang_are_waited_for_and_the_work_goes_on(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        endless = functools.partial(shard_work.nap, 600.0)
        run, started = self.run(packed(endless, "an endless program"), 40)
        outcomes = run.outcomes()
        found = [next(outcomes)]
        monkeypatch.setattr(processes, "_START_SECONDS", 0.05)
        found += outcomes
        assert [o.ok for o in found] == [True] * 40
        assert len(started) == 2
        assert not any(is_running(worker.pid) for worker in started)


class TestSending:
    def test_a_value_that_cannot_be_sent_is_the_shards_failure(self) -> None:
        found = list(ProcessExecutor().map(shard_work.act, ["unsendable", "a"], resources=ONE))
        assert "cannot be sent" in str(found[0].error)
        assert found[1].ok

    def test_a_shard_that_cannot_be_sent_is_its_failure(self) -> None:
        shards = [1, threading.Lock(), 2]
        found = list(ProcessExecutor().map(shard_work.echo, shards, resources=ONE))
        assert sorted((o.index, o.ok, o.attempts) for o in found) == [
            (0, True, 1),
            (1, False, 0),
            (2, True, 1),
        ]

    def test_a_function_that_cannot_be_sent_is_refused_at_once(self) -> None:
        with pytest.raises(TidemillError, match="the function cannot be sent"):
            ProcessExecutor().map(lambda shard: shard, [1], resources=ONE)

    def test_a_function_that_cannot_be_loaded_ends_the_run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "vanishing.py").write_text("def fn(shard):\n    return shard\n")
        monkeypatch.syspath_prepend(tmp_path)
        fn = importlib.import_module("vanishing").fn
        (tmp_path / "vanishing.py").unlink()
        with pytest.raises(TidemillError, match="vanishing"):
            list(ProcessExecutor().map(fn, [1], resources=ONE))

    def test_prints_do_not_reach_the_parents_output(self) -> None:
        code = """
        from tests.core.shard_work import print_loudly
        from tidemill.core.executor import Resources
        from tidemill.core.processes import ProcessExecutor
        list(ProcessExecutor().map(print_loudly, ["noise"], resources=Resources()))
        print("answer")
        """
        run = run_python(code, check=True)
        assert run.stdout == "answer\n"
        assert "noise" in run.stderr


class TestOrder:
    def test_order_of_completion_is_the_default(self) -> None:
        found = ProcessExecutor().map(shard_work.nap, [1.5, 0.0, 0.0], resources=TWO)
        assert next(found).shard == 0.0
        assert [o.shard for o in found] == [0.0, 1.5]

    def test_order_of_the_shards_on_wish(self) -> None:
        shards = [0.3, 0.0, 0.1, 0.0, 0.0]
        found = ProcessExecutor(in_order=True).map(shard_work.nap, shards, resources=TWO)
        assert [o.shard for o in found] == shards

    def test_in_order_a_slow_shard_bounds_what_is_taken(self) -> None:
        taken: list[float] = []

        def source() -> Iterator[float]:
            for number in range(5_000):
                taken.append(number)
                yield 0.5 if number == 0 else 0.0

        found = ProcessExecutor(in_order=True).map(shard_work.nap, source(), resources=TWO)
        assert next(found).shard == 0.5
        assert len(taken) < 100
        assert sum(1 for _ in found) == 4_999

    def test_both_workers_work(self) -> None:
        found = ProcessExecutor().map(shard_work.process_id, range(20), resources=TWO)
        workers = {o.unwrap() for o in found}
        assert len(workers) == 2
        assert os.getpid() not in workers


class TestEnds:
    def test_workers_are_gone_after_the_run(self) -> None:
        found = ProcessExecutor().map(shard_work.process_id, range(4), resources=TWO)
        workers = {o.unwrap() for o in found}
        assert not any(is_running(worker) for worker in workers)

    def test_leaving_early_kills_them(self) -> None:
        found = ProcessExecutor().map(shard_work.process_id, range(1000), resources=TWO)
        worker = next(found).unwrap()
        found.close()  # type: ignore[attr-defined]  # it is a generator
        assert not is_running(worker)

    def test_workers_ignore_interrupts(self) -> None:
        (found,) = ProcessExecutor().map(shard_work.ignores_interrupt, [1], resources=ONE)
        assert found.unwrap() is True

    @pytest.mark.claim("house.executor.orphans")
    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
    def test_no_orphans_whatever_ends_the_parent(self, how: signal.Signals, tmp_path: Path) -> None:
        code = f"""
        import itertools
        from pathlib import Path
        from tests.core.shard_work import process_id, nap
        from tidemill.core.executor import Resources
        from tidemill.core.processes import ProcessExecutor
        two = Resources(workers=2)
        runs = [ProcessExecutor().map(process_id, range(10**9), resources=two) for _ in "ab"]
        workers = {{str(next(run).unwrap()) for run in runs for _ in range(8)}}
        Path({str(tmp_path / "draft")!r}).write_text(" ".join(workers))
        Path({str(tmp_path / "draft")!r}).rename({str(tmp_path / "workers")!r})
        for outcome in runs[0]:
            pass
        """
        with start_python(code) as parent:
            try:
                assert wait_until((tmp_path / "workers").exists)
                workers = [int(word) for word in (tmp_path / "workers").read_text().split()]
                assert len(workers) >= 2  # a busy machine may leave one worker of a run idle
                # As a terminal does it: the whole group hears of a Ctrl-C.
                if how is signal.SIGINT:
                    os.killpg(parent.pid, how)
                else:
                    parent.send_signal(how)
                parent.wait(30)
            finally:
                parent.kill()
        assert parent.returncode == -how
        assert wait_until(lambda: not any(is_running(worker) for worker in workers))

    def test_a_worker_started_by_a_thread_outlives_the_thread(self) -> None:
        actors: list[ProcessActor] = []

        def start() -> None:
            actors.append(ProcessExecutor().actor(shard_work.Counter, resources=ONE))

        thread = threading.Thread(target=start)
        thread.start()
        thread.join()
        assert actors[0].call("add", 1) == 1
        time.sleep(0.1)
        assert actors[0].call("add", 1) == 2
        actors[0].close()

    def test_a_script_without_a_guard_is_not_run_again(self, tmp_path: Path) -> None:
        script = tmp_path / "script.py"
        script.write_text(
            "from tests.core.shard_work import double\n"
            "from tidemill.core.executor import Resources\n"
            "from tidemill.core.processes import ProcessExecutor\n"
            "print(sum(o.value for o in ProcessExecutor().map("
            "double, range(5), resources=Resources(workers=2))))\n"
        )
        environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        run = subprocess.run(
            [sys.executable, str(script)], env=environ, capture_output=True, text=True, check=True
        )
        assert (run.stdout, run.stderr) == ("20\n", "")

    @pytest.mark.claim("house.executor.foreign-modules")
    def test_modules_of_the_working_folder_are_not_loaded(self, tmp_path: Path) -> None:
        for name in ("json.py", "numpy.py", "tidemill.py"):
            (tmp_path / name).write_text("from pathlib import Path\nPath('ran').touch()\n")
        code = """
        from tests.core.shard_work import double
        from tidemill.core.executor import Resources
        from tidemill.core.processes import ProcessExecutor
        print([o.value for o in ProcessExecutor().map(double, [1], resources=Resources())])
        """
        environ = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        run = subprocess.run(
            [sys.executable, "-P", "-c", textwrap.dedent(code)],
            cwd=tmp_path, env=environ, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert (run.stdout, run.stderr) == ("[2]\n", "")
        assert not (tmp_path / "ran").exists()

    def test_no_more_open_files_is_a_capacity_error(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        descriptors = [os.open(os.devnull, os.O_RDONLY) for _ in range(4)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors[-1] + 1, hard))
        try:
            with pytest.raises(CapacityError, match="a worker cannot be started"):
                Worker(b"", None)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for descriptor in descriptors:
                os.close(descriptor)


class TestActorDeaths:
    @pytest.mark.claim("house.executor.actors")
    def test_a_killed_actor_is_a_typed_error_and_can_be_rebuilt(self) -> None:
        actor = ProcessExecutor().actor(functools.partial(shard_work.Counter, 1), resources=ONE)
        assert actor.call("add", 1) == 2
        worker = actor.pid
        assert worker is not None
        os.kill(worker, signal.SIGKILL)
        with pytest.raises(CapacityError, match="SIGKILL"):
            actor.call("add", 1)
        assert not actor.alive
        assert actor.pid is None
        actor.rebuild()
        assert actor.call("add", 1) == 2
        actor.close()

    def test_an_actor_that_dies_in_a_call_says_how(self) -> None:
        actor = ProcessExecutor().actor(shard_work.Counter, resources=ONE)
        with pytest.raises(CapacityError, match="exited with code 9"):
            actor.call("die")

    def test_calls_from_threads_take_turns(self) -> None:
        actor = ProcessExecutor().actor(shard_work.Counter, resources=ONE)
        threads = [
            threading.Thread(target=lambda: [actor.call("add", 1) for _ in range(50)])
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert actor.call("add", 0) == 400
        actor.close()

    def test_closing_ends_a_call_of_another_thread(self) -> None:
        actor = ProcessExecutor().actor(shard_work.Counter, resources=ONE)
        assert actor.call("add", 1) == 1
        ended: list[BaseException] = []

        def hang() -> None:
            try:
                actor.call("wait", 600.0)
            except CapacityError as error:
                ended.append(error)

        thread = threading.Thread(target=hang)
        thread.start()
        assert wait_until(actor._turn.locked)  # noqa: SLF001  nothing else tells that it began
        actor.close()
        thread.join(30)
        assert len(ended) == 1
        assert not actor.alive

    def test_an_interrupted_call_does_not_answer_the_next(self) -> None:
        actor = ProcessExecutor().actor(shard_work.Counter, resources=ONE)
        assert actor.call("add", 1) == 1
        here = threading.get_ident()
        interrupt = threading.Timer(0.3, signal.pthread_kill, [here, signal.SIGINT])
        interrupt.start()
        with pytest.raises(KeyboardInterrupt):
            actor.call("wait", 60.0)
        interrupt.join()
        assert not actor.alive
        actor.rebuild()
        assert actor.call("add", 1) == 1
        actor.close()


@pytest.mark.claim("house.executor.memory")
@pytest.mark.slow
def test_a_million_shards_keep_memory_flat() -> None:
    code = """
    import resource
    from tests.core.shard_work import double
    from tidemill.core.executor import Resources
    from tidemill.core.processes import ProcessExecutor
    run = ProcessExecutor().map(double, iter(range(1_000_000)), resources=Resources(workers=2))
    peaks = []
    for number, outcome in enumerate(run):
        if number in (20_000, 999_999):
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    print(peaks[1] - peaks[0])
    """
    assert int(run_python(code, check=True).stdout) < 4_096  # kilobytes


def run_python(code: str, *, check: bool) -> "subprocess.CompletedProcess[str]":
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environ,
        capture_output=True,
        text=True,
        check=check,
    )


def start_python(code: str) -> "subprocess.Popen[bytes]":
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environ,
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
