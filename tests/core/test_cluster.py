"""The cluster backend: lost nodes, lost processes, limits, ends, and closed doors."""

import functools
import importlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.core import cluster_work, shard_work
from tidemill.core.cluster import ClusterExecutor, connect
from tidemill.core.errors import CapacityError, MissingExtraError, SettingError
from tidemill.core.executor import Outcome, Resources
from tidemill.core.remote import Host, Order
from tidemill.core.version import created_by
from tidemill.core.workers import packed, unpacked

ONE = Resources(workers=1)
TWO = Resources(workers=2)


def order_for(fn: Callable[[Any], object], version: str | None = None) -> Order:
    program = packed(functools.partial(functools.partial, fn), "the function")
    return Order(
        program=program,
        memory_bytes=None,
        path=tuple(sys.path),
        version=created_by() if version is None else version,
    )


def acted(words: list[str], *, retries: int = 0) -> dict[str, Outcome[str, str]]:
    outcomes = ClusterExecutor().map(shard_work.act, words, resources=TWO, retries=retries)
    return {outcome.shard: outcome for outcome in outcomes}


class TestWithoutRay:
    def test_its_absence_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "ray", None)
        with pytest.raises(MissingExtraError, match=r"over a cluster needs .*\[cluster\]"):
            ClusterExecutor().map(shard_work.double, [1], resources=ONE)

    def test_an_older_one_says_which_is_needed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(__version__="2.59.1"))
        with pytest.raises(MissingExtraError, match=r"Ray 2\.60 or newer, not 2\.59\.1"):
            ClusterExecutor().actor(shard_work.Counter, resources=ONE)

    def test_a_clients_address_is_refused(self) -> None:
        with pytest.raises(SettingError, match="address is ray://10"):
            connect("ray://10.0.0.1:10001")

    def test_a_cluster_that_is_not_there(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # and does not listen
            port = taken.getsockname()[1]
            # In a program of its own, for this one may be connected.
            refused = run_python(REFUSED, f"127.0.0.1:{port}")
        assert refused.stdout == f"SettingError: the cluster 127.0.0.1:{port} cannot be reached\n"

    @pytest.mark.parametrize("address", ["nowhere", "10.0.0.1", "10.0.0.1:head", ":6379"])
    def test_what_is_no_address_is_refused(self, address: str) -> None:
        with pytest.raises(SettingError, match=f"address is {address}"):
            connect(address)


class TestHost:
    def test_hands_messages_on(self) -> None:
        host = Host()
        answer, is_alive = host.begin(order_for(shard_work.double))
        assert is_alive
        assert unpacked(answer).error is None
        answer, is_alive = host.ask(packed(4, "a shard"))
        assert (unpacked(answer).value, is_alive) == (8, True)
        host.stop()
        host.stop()

    def test_tells_how_its_worker_ended(self) -> None:
        host = Host()
        host.begin(order_for(shard_work.act))
        for _ in range(2):  # what was sent ahead hears it too
            answer, is_alive = host.ask(packed("exit", "a shard"))
            error = unpacked(answer).error
            assert not is_alive
            assert isinstance(error, CapacityError)
            assert "exited with code 7" in str(error)

    def test_another_version_is_refused(self) -> None:
        answer, _ = Host().begin(order_for(shard_work.double, "tidemill 0.0.0"))
        error = unpacked(answer).error
        assert isinstance(error, SettingError)
        assert "the program runs tidemill 0.0.0" in str(error)

    def test_what_has_not_begun_cannot_be_asked(self) -> None:
        answer, is_alive = Host().ask(b"")
        assert isinstance(unpacked(answer).error, CapacityError)
        assert not is_alive
        Host().stop()


@pytest.mark.slow
@pytest.mark.usefixtures("local_cluster")
class TestDeaths:
    def test_a_dead_worker_costs_its_shard_alone(self) -> None:
        found = acted(["a", "exit", "b", "crash", "c", "kill", "d"])
        assert [word for word, outcome in found.items() if not outcome.ok] != []
        for word, how in {"exit": "code 7", "crash": "SIGSEGV", "kill": "SIGKILL"}.items():
            assert isinstance(found[word].error, CapacityError)
            assert how in str(found[word].error)
        assert sorted(str(o.value) for o in found.values() if o.ok) == ["a", "b", "c", "d"]

    def test_deaths_are_tried_again(self) -> None:
        assert acted(["exit"], retries=2)["exit"].attempts == 3

    def test_a_lost_process_of_rays_costs_what_it_had_in_work(self) -> None:
        words = ["a", "orphan", "b", "c"]
        found = list(ClusterExecutor().map(cluster_work.end_parent, words, resources=TWO))
        lost = next(o for o in found if o.shard == "orphan")
        assert isinstance(lost.error, CapacityError)
        assert "lost with its node or its process" in str(lost.error)
        assert sorted(o.unwrap() for o in found if o.ok) == ["a", "b", "c"]

    def test_a_hanging_worker_is_killed_and_replaced(self) -> None:
        found = list(
            ClusterExecutor().map(
                shard_work.act, ["hang", "a", "b"], resources=ONE, deadline_seconds=2.0
            )
        )
        assert [(o.shard, o.ok) for o in found] == [("hang", False), ("a", True), ("b", True)]
        assert isinstance(found[0].error, CapacityError)
        assert "longer than 2 s" in str(found[0].error)

    def test_a_killed_actor_is_a_typed_error_and_can_be_rebuilt(self) -> None:
        actor = ClusterExecutor().actor(functools.partial(shard_work.Counter, 1), resources=ONE)
        assert actor.call("add", 1) == 2
        assert actor.pid is None
        with pytest.raises(CapacityError, match="exited with code 9"):
            actor.call("die")
        assert not actor.alive
        actor.rebuild()
        assert actor.call("add", 1) == 2
        actor.close()

    def test_closing_an_actor_ends_a_call_of_another_thread(self) -> None:
        actor = ClusterExecutor().actor(shard_work.Counter, resources=ONE)
        assert actor.call("add", 1) == 1
        ended: list[CapacityError] = []

        def hang() -> None:
            try:
                actor.call("wait", 600.0)
            except CapacityError as error:
                ended.append(error)

        thread = threading.Thread(target=hang)
        thread.start()
        while not actor._turn.locked():  # noqa: SLF001  nothing else tells that it began
            time.sleep(0.02)
        actor.close()
        thread.join(60)
        assert len(ended) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("local_cluster")
class TestLimits:
    def test_memory_is_limited_by_the_kernel(self) -> None:
        limited = Resources(workers=1, memory_bytes=1 << 30)
        found = list(ClusterExecutor().map(shard_work.act, ["memory", "a"], resources=limited))
        assert isinstance(found[0].error, CapacityError)
        assert "out of memory" in str(found[0].error)
        assert found[1].ok

    def test_the_limit_is_the_one_given(self) -> None:
        limited = Resources(workers=1, memory_bytes=(1 << 30) + 4096)
        (found,) = ClusterExecutor().map(
            resource.getrlimit, [resource.RLIMIT_AS], resources=limited
        )
        assert found.unwrap()[0] == (1 << 30) + 4096

    def test_more_workers_than_there_is_room_for(self) -> None:
        found = ClusterExecutor().map(
            shard_work.process_id, range(40), resources=Resources(workers=9)
        )
        assert 1 <= len({o.unwrap() for o in found}) <= 4

    def test_order_of_the_shards_on_wish(self) -> None:
        shards = [0.3, 0.0, 0.1, 0.0, 0.0]
        found = ClusterExecutor(in_order=True).map(shard_work.nap, shards, resources=TWO)
        assert [o.shard for o in found] == shards


@pytest.mark.slow
@pytest.mark.usefixtures("local_cluster")
class TestEnds:
    def test_workers_are_gone_after_the_run(self) -> None:
        found = ClusterExecutor().map(shard_work.process_id, range(4), resources=TWO)
        assert not cluster_work.left_of({o.unwrap() for o in found})

    def test_leaving_early_kills_them(self) -> None:
        found = ClusterExecutor().map(shard_work.process_id, range(1000), resources=TWO)
        worker = next(found).unwrap()
        found.close()  # type: ignore[attr-defined]  # it is a generator
        assert not cluster_work.left_of({worker})

    def test_workers_ignore_interrupts(self) -> None:
        (found,) = ClusterExecutor().map(shard_work.ignores_interrupt, [1], resources=ONE)
        assert found.unwrap() is True


@pytest.mark.slow
@pytest.mark.usefixtures("local_cluster")
class TestDoors:
    @pytest.mark.claim("house.cluster.doors")
    def test_it_listens_on_loopback_alone(self) -> None:
        here = {os.getpid()} | cluster_work.processes_below()
        addresses = cluster_work.listening_addresses(here)
        assert addresses
        assert addresses <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}

    def test_it_asks_for_a_token_that_is_in_no_file(self) -> None:
        token = os.environ["RAY_AUTH_TOKEN"]
        assert os.environ["RAY_AUTH_MODE"] == "token"
        assert len(token) == 64
        file = Path.home() / ".ray" / "auth_token"
        assert not file.exists() or file.read_text() != token

    def test_a_process_has_one_connection(self) -> None:
        with pytest.raises(SettingError, match="connected to the cluster local, not to auto"):
            connect("auto")

    def test_another_program_finds_it_by_address_and_token(self) -> None:
        token = os.environ["RAY_AUTH_TOKEN"]
        done = run_python(GUEST, RAY_ADDRESS=own_address(), RAY_AUTH_TOKEN=token)
        assert done.stdout == "[2]\n"

    @pytest.mark.claim("house.cluster.doors")
    def test_a_stranger_is_not_let_in(self) -> None:
        address = own_address()
        refused = run_python(REFUSED, address, RAY_AUTH_TOKEN="0" * 64)
        assert refused.stdout == f"SettingError: the cluster {address} cannot be reached\n"


@pytest.mark.slow
class TestAlone:
    """What needs a program, and mostly a cluster, of its own."""

    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
    def test_no_orphans_whatever_ends_the_program(self, how: signal.Signals) -> None:
        pytest.importorskip("ray")
        program = start_python(ENDLESS)
        try:
            assert program.stdout
            assert program.stdout.readline() == "begun\n"
            started = cluster_work.processes_below(program.pid)
            assert len(started) > 4
            program.send_signal(how)
            program.wait(60)
        finally:
            program.kill()
            program.communicate()
        assert program.returncode != 0
        # Two agents of Ray's try for a minute to reach the head, which is the first to end.
        assert not cluster_work.left_of(started, patience_seconds=150)

    def test_modules_of_the_working_folder_are_not_loaded(self, tmp_path: Path) -> None:
        pytest.importorskip("ray")
        for name in ("json.py", "numpy.py", "psutil.py", "tidemill.py", "secrets.py"):
            (tmp_path / name).write_text("from pathlib import Path\nPath('ran').touch()\n")
        done = run_python(LOOK_AROUND, folder=tmp_path)
        assert done.stdout == "[2]\n"
        assert not (tmp_path / "ran").exists()

    def test_the_program_is_as_before_after_it(self) -> None:
        pytest.importorskip("ray")
        assert run_python(BEFORE_AND_AFTER).stdout == "as before\n"


@pytest.mark.slow
class TestTwoNodes:
    @pytest.mark.claim("house.cluster.lost-node")
    def test_work_in_flight_survives_a_lost_node(self, tmp_path: Path) -> None:
        pytest.importorskip("ray")
        with cluster_work.two_nodes() as nodes:
            program = nodes.start(cluster_work.square_all, tmp_path)
            wait_until(lambda: len(cluster_work.begun(tmp_path)) >= 12)
            nodes.kill_second()
            answer, _ = program.communicate(timeout=240)
        found = json.loads(answer)
        shards = list(range(cluster_work.SHARDS))
        assert [(shard, value) for shard, value, _ in found] == [(n, n * n) for n in shards]
        begun = cluster_work.begun(tmp_path)
        assert sorted(set(begun)) == shards
        again = {n for n in shards if begun.count(n) > 1}
        assert len(begun) - len(shards) <= 1  # what the lost node had in work, and nothing finished
        assert again <= {shard for shard, _, attempts in found if attempts > 1}

    @pytest.mark.claim("house.cluster.resume")
    def test_a_killed_program_goes_on_where_its_journal_ends(self, tmp_path: Path) -> None:
        pytest.importorskip("ray")
        with cluster_work.two_nodes() as nodes:
            program = nodes.start(cluster_work.square_what_is_left, tmp_path)
            wait_until(lambda: len(cluster_work.begun(tmp_path)) >= 12)
            program.kill()
            program.communicate()
            before = len(cluster_work.begun(tmp_path))
            answer, _ = nodes.start(cluster_work.square_what_is_left, tmp_path).communicate()
            left = int(answer)
            begun = cluster_work.begun(tmp_path)
            rest, _ = nodes.start(cluster_work.square_what_is_left, tmp_path).communicate()
        assert cluster_work.SHARDS - before <= left < cluster_work.SHARDS
        assert sorted(set(begun)) == list(range(cluster_work.SHARDS))
        # At most what both workers had in work, and what had just been finished.
        assert len(begun) <= cluster_work.SHARDS + 4
        assert rest == "0\n"


GUEST = """
from tests.core.shard_work import double
from tidemill.core.cluster import AUTO, ClusterExecutor
from tidemill.core.executor import Resources
print([o.value for o in ClusterExecutor(AUTO).map(double, [1], resources=Resources())])
"""

REFUSED = """
import sys
from tidemill.core.cluster import connect
from tidemill.core.errors import SettingError
try:
    connect(sys.argv[1])
except SettingError as error:
    print("SettingError:", error.message.partition(" reached")[0], "reached")
"""

ENDLESS = """
from tests.core.shard_work import process_id
from tidemill.core.cluster import ClusterExecutor, connect
from tidemill.core.executor import Resources
connect(cpus=2)
outcomes = ClusterExecutor().map(process_id, range(10**9), resources=Resources(workers=2))
for outcome in outcomes:
    if outcome.index == 8:
        print("begun", flush=True)
"""

LOOK_AROUND = """
from tests.core.shard_work import double
from tidemill.core.cluster import ClusterExecutor, connect
from tidemill.core.executor import Resources
connect(cpus=1)
print([o.value for o in ClusterExecutor().map(double, [1], resources=Resources())])
"""

BEFORE_AND_AFTER = """
import os, signal
from tidemill.core.cluster import connect, disconnect
before = dict(os.environ), signal.getsignal(signal.SIGTERM)
connect(cpus=1)
assert signal.getsignal(signal.SIGTERM) is before[1]
connect()
disconnect()
disconnect()
assert {name: os.environ[name] for name in before[0]} == before[0]
assert not {name for name in os.environ if name.startswith("RAY_AUTH")}
print("as before")
"""


def own_address() -> str:
    address = importlib.import_module("ray").get_runtime_context().gcs_address
    assert isinstance(address, str)
    return address


def environ_for(**more: str) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("RAY_")}
    return kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)} | more


def run_python(
    code: str, *words: str, folder: Path | None = None, **environ: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-P", "-c", textwrap.dedent(code), *words],
        cwd=folder, env=environ_for(**environ), capture_output=True, text=True, check=True,
    )  # fmt: skip


def start_python(code: str) -> "subprocess.Popen[str]":
    return cluster_work.start_python(code, environ_for())


def wait_until(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
