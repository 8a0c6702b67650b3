"""One job of a kind at a time, whoever dies."""

import errno
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tidemill.core.clock import FixedClock
from tidemill.core.errors import CapacityError, LockedError, SettingError, StoreError
from tidemill.core.locks import Holder, JobLock, holder_of

HOLD = """
import sys, time
from tidemill.core.clock import SystemClock
from tidemill.core.locks import JobLock
with JobLock(sys.argv[1], "index", SystemClock()):
    print("held", flush=True)
    time.sleep(600)
"""


def start_holder(directory: Path) -> "subprocess.Popen[str]":
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(directory)],
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_the_file_names_the_holder(tmp_path: Path, clock: FixedClock) -> None:
    with JobLock(tmp_path, "index", clock) as lock:
        assert lock.held
        facts = json.loads(lock.path.read_text())
        assert stat.S_IMODE(lock.path.stat().st_mode) == 0o600
    assert facts == {
        "job": "index",
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": "2026-01-02T12:00:00+00:00",
    }
    assert lock.path.read_bytes() == b""
    assert holder_of(tmp_path, "index") is None


def test_a_second_holder_is_refused_with_the_first_ones_name(
    tmp_path: Path, clock: FixedClock
) -> None:
    with JobLock(tmp_path, "index", clock):
        with pytest.raises(LockedError) as caught, JobLock(tmp_path, "index", clock):
            pass
        assert f"process {os.getpid()} on" in str(caught.value)
        assert "since 2026-01-02T12:00:00+00:00" in str(caught.value)
        assert caught.value.exit_code == 4
    with JobLock(tmp_path, "index", clock):
        pass


@pytest.mark.claim("house.locks.second")
def test_a_second_process_is_refused(tmp_path: Path, clock: FixedClock) -> None:
    with start_holder(tmp_path) as child:
        try:
            with (
                pytest.raises(LockedError, match=f"process {child.pid} on"),
                JobLock(tmp_path, "index", clock),
            ):
                pass
        finally:
            child.kill()


@pytest.mark.claim("house.locks.dead")
def test_a_killed_holder_leaves_no_lock(tmp_path: Path, clock: FixedClock) -> None:
    with start_holder(tmp_path) as child:
        held = holder_of(tmp_path, "index")
        assert held is not None
        assert held.pid == child.pid
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert json.loads((tmp_path / "index.lock").read_text())["pid"] == child.pid
    assert holder_of(tmp_path, "index") is None
    with JobLock(tmp_path, "index", clock) as lock:
        assert json.loads(lock.path.read_text())["pid"] == os.getpid()


@pytest.mark.claim("house.locks.dead")
def test_a_stale_file_with_a_living_process_id_locks_nobody_out(
    tmp_path: Path, clock: FixedClock
) -> None:
    reused = {"job": "index", "pid": os.getppid(), "host": socket.gethostname(), "since": "then"}
    (tmp_path / "index.lock").write_text(json.dumps(reused))
    (tmp_path / "index.lock").chmod(0o644)
    with JobLock(tmp_path, "index", clock) as lock:
        assert json.loads(lock.path.read_text())["pid"] == os.getpid()
        assert stat.S_IMODE(lock.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff\xfe"])
def test_an_unreadable_file_still_locks(tmp_path: Path, clock: FixedClock, content: bytes) -> None:
    with JobLock(tmp_path, "index", clock) as lock:
        lock.path.write_bytes(content)
        with (
            pytest.raises(LockedError, match="another process"),
            JobLock(tmp_path, "index", clock),
        ):
            pass
        assert holder_of(tmp_path, "index") == Holder(
            job="index", pid=0, host="unknown", since="just now"
        )


def test_jobs_of_different_kinds_do_not_meet(tmp_path: Path, clock: FixedClock) -> None:
    with JobLock(tmp_path, "index", clock), JobLock(tmp_path, "feedback", clock):
        pass


@pytest.mark.claim("house.locks.small-writes")
def test_a_small_write_waits_for_another(tmp_path: Path, clock: FixedClock) -> None:
    first = JobLock(tmp_path, "feedback", clock)
    first.__enter__()
    release = threading.Timer(0.5, first.__exit__, [None, None, None])
    release.start()
    with JobLock(tmp_path, "feedback", clock, wait_seconds=60.0) as second:
        assert second.held
        assert not first.held
    release.join()


def test_it_is_not_reentrant(tmp_path: Path, clock: FixedClock) -> None:
    with (
        JobLock(tmp_path, "index", clock) as lock,
        pytest.raises(LockedError, match="this very object"),
        lock,
    ):
        pass


def test_an_exception_releases_it(tmp_path: Path, clock: FixedClock) -> None:
    with pytest.raises(ZeroDivisionError), JobLock(tmp_path, "index", clock):
        raise ZeroDivisionError
    assert holder_of(tmp_path, "index") is None


def test_asking_who_holds_it_turns_nobody_away(tmp_path: Path, clock: FixedClock) -> None:
    with JobLock(tmp_path, "index", clock):
        pass
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            holder_of(tmp_path, "index")
            time.sleep(0)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(50):
            with JobLock(tmp_path, "index", clock):
                pass
    finally:
        done.set()
        asking.join()


def test_nobody_holds_what_was_never_locked(tmp_path: Path) -> None:
    assert holder_of(tmp_path / "absent", "index") is None


@pytest.mark.parametrize("job", ["", "../index", "In dex", "a/b", "x" * 65])
def test_a_jobs_name_is_no_path(tmp_path: Path, clock: FixedClock, job: str) -> None:
    with pytest.raises(SettingError, match="not a kind of job"):
        JobLock(tmp_path, job, clock)


def test_a_link_in_its_place_is_not_followed(tmp_path: Path, clock: FixedClock) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "index.lock").symlink_to(victim)
    with (
        pytest.raises(StoreError, match=r"cannot lock .*index\.lock"),
        JobLock(tmp_path, "index", clock),
    ):
        pass
    with pytest.raises(StoreError, match="cannot be read"):
        holder_of(tmp_path, "index")
    assert victim.read_text() == "precious"


def test_a_folder_in_its_place_is_a_clear_error(tmp_path: Path, clock: FixedClock) -> None:
    (tmp_path / "index.lock").mkdir()
    with (
        pytest.raises(StoreError, match=r"cannot lock .*index\.lock"),
        JobLock(tmp_path, "index", clock),
    ):
        pass


@pytest.mark.parametrize("call", ["fchmod", "pwrite"])
def test_without_room_to_sign_it_holds_all_the_same(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with JobLock(tmp_path, "index", clock):
        with pytest.raises(LockedError, match="another process"), JobLock(tmp_path, "index", clock):
            pass
        assert holder_of(tmp_path, "index") is not None


def test_no_room_for_its_file_is_a_capacity_error(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(CapacityError, match="cannot lock"), JobLock(tmp_path, "index", clock):
        pass
