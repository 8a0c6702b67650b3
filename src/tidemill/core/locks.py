"""One job of a kind at a time, told apart by the kernel and explained by a file.

The lock itself is ``flock`` on ``<job>.lock``: the kernel lets go of it when
its holder dies, however it dies. The file's JSON only says who holds it, for
the message that the second comer reads, so stale or reused process ids can
never lock anybody out.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import socket
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tidemill.core.errors import LockedError, SettingError, StoreError
from tidemill.core.files import make_private_directory, named_failures

if TYPE_CHECKING:
    from types import TracebackType

    from tidemill.core.clock import Clock

__all__ = ["Holder", "JobLock", "holder_of"]

_JOB_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_POLL_SECONDS = 0.02
# `holder_of` takes the lock for an instant to learn whether it is free; a job
# that begins in that instant must not be turned away.
_GRACE_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lock, as the lock's file tells it.

    Attributes:
        job: Kind of job.
        pid: Process id on its host.
        host: Name of the host.
        since: When the job began, ISO 8601 in UTC.
    """

    job: str
    pid: int
    host: str
    since: str


class JobLock:
    """A context manager that holds the lock of one kind of job.

    It is not reentrant: a second lock of the same job is refused in the same
    process too.

    Args:
        directory: The folder of the lock files; made private when absent.
        job: Kind of job, such as ``index``.
        clock: Says since when the lock is held.
        wait_seconds: How long to wait for the present holder. Long jobs wait
            for nobody; a small write may wait for another.

    Raises:
        LockedError: On entry: somebody else holds it; says who and since when.
        StoreError: On entry: the folder does not allow a lock file.
        CapacityError: On entry: the disk is full.
    """

    def __init__(
        self, directory: str | Path, job: str, clock: Clock, *, wait_seconds: float = 0.0
    ) -> None:
        self.job = job
        self.path: Path = _lock_path(directory, job)
        self._clock = clock
        self._wait_seconds = max(wait_seconds, _GRACE_SECONDS)
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this very object holds the lock."""
        return self._descriptor is not None

    def __enter__(self) -> Self:
        if self._descriptor is not None:
            raise LockedError(f"{self.job} is already locked by this very object")
        make_private_directory(self.path.parent)
        descriptor = _open(self.path)
        try:
            self._take(descriptor)
            self._describe(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            # The file stays: unlinking it would let two holders lock two inodes.
            os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def _take(self, descriptor: int) -> None:
        give_up_at = time.monotonic() + self._wait_seconds
        while not _try_lock(descriptor, self.path):
            if time.monotonic() >= give_up_at:
                raise _locked_error(self.job, _read_holder(self.path))
            time.sleep(_POLL_SECONDS)

    def _describe(self, descriptor: int) -> None:
        holder = Holder(
            job=self.job,
            pid=os.getpid(),
            host=socket.gethostname(),
            since=self._clock.now().isoformat(timespec="seconds"),
        )
        # Without room to sign, the lock holds all the same: only its holder goes unnamed.
        with suppress(OSError):
            os.fchmod(descriptor, 0o600)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)


def holder_of(directory: str | Path, job: str) -> Holder | None:
    """Say who holds the lock of a job now, or None when it is free.

    The kernel is asked, not the file: what a dead holder wrote is ignored.
    """
    path = _lock_path(directory, job)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_holder(path) or Holder(job=job, pid=0, host="unknown", since="just now")
    finally:
        os.close(descriptor)
    return None


def _lock_path(directory: str | Path, job: str) -> Path:
    if not _JOB_NAME.fullmatch(job):
        raise SettingError(
            f"{job!r} is not a kind of job", hint="Use lower-case letters, digits, - and _."
        )
    return Path(directory) / f"{job}.lock"


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    with named_failures(path, doing="lock"):
        return os.open(path, flags, 0o600)


def _try_lock(descriptor: int, path: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise StoreError(
            f"{path} cannot be locked: {error.strerror}",
            hint="Put the store on a file system that supports flock.",
        ) from error
    return True


def _read_holder(path: Path) -> Holder | None:
    """Read who wrote the file; None while the holder has not yet signed."""
    try:
        facts = json.loads(path.read_bytes())
        return Holder(
            job=str(facts["job"]),
            pid=int(facts["pid"]),
            host=str(facts["host"]),
            since=str(facts["since"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _locked_error(job: str, holder: Holder | None) -> LockedError:
    who = "another process"
    if holder is not None:
        who = f"process {holder.pid} on {holder.host} since {holder.since}"
    return LockedError(
        f"{job} is already running: {who} holds the lock",
        hint="Wait until it has finished, or stop it; its lock then goes by itself.",
    )
