"""One worker process: how it starts, answers, dies, and dies with its parent.

A worker is a fresh interpreter joined to its parent by one socket. It is not a
``multiprocessing.Process``, for that runs the caller's main script again in
every child (an endless tree of processes when the script lacks its guard) and
keeps a tracker process beside them. Framing and serialising are
multiprocessing's own; nothing is ever written to a file.

The parent's first message is a *program*: a function without arguments that is
called once in the worker and returns the handler of all later messages.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import TYPE_CHECKING, Any, Protocol

from tidemill.core.errors import CapacityError, TidemillError
from tidemill.core.executor import typed_error
from tidemill.core.native import system_library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Link", "Reply", "Worker", "main", "packed", "packed_failure", "unpacked"]

_STOP = b""
_STOP_SECONDS = 2.0
_MOST_READ_BYTES = 1 << 20
_HEAD, _LONG_HEAD, _IS_LONG = struct.Struct("!i"), struct.Struct("!Q"), -1
_PR_SET_PDEATHSIG = 1
_START = (
    "import json, sys; facts = json.loads(sys.argv[1]); sys.path[:] = facts['path']; "
    "from tidemill.core.workers import main; main(facts)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A worker's answer to one message (the first one answers its program).

    Attributes:
        value: What the handler returned.
        error: What it raised, or None.
        seconds: Wall time of the handler in the worker.
    """

    value: Any
    error: TidemillError | None
    seconds: float


class Link(Protocol):
    """The near end of one worker, on this machine (`Worker`) or on another."""

    @property
    def pid(self) -> int | None:
        """Process id of the worker, or None when it is on another machine."""
        ...

    def fileno(self) -> int:
        """The descriptor to wait on for a reply."""
        ...

    def send(self, message: bytes) -> None:
        """Send a packed message; a dead worker is found out at `receive`."""
        ...

    def has_reply(self, timeout_seconds: float | None) -> bool:
        """Wait for a reply (or the worker's end) up to a time, None for ever."""
        ...

    def receive(self) -> Reply:
        """Receive one reply; raises EOFError when the worker is gone."""
        ...

    def abort(self) -> None:
        """End the worker while another thread waits for it, which then finds it gone."""
        ...

    def kill(self) -> None:
        """End the worker at once, whatever it does."""
        ...

    def stop(self) -> None:
        """Ask an idle worker to end; kill it when it does not."""
        ...

    def death(self) -> CapacityError:
        """Reap a worker that is gone and say how it ended."""
        ...


def packed(thing: object, what: str) -> bytes:
    """Serialise something for the way to a worker.

    Raises:
        TidemillError: It cannot be sent; says what it was.
    """
    try:
        return bytes(ForkingPickler.dumps(thing))
    except Exception as error:
        raise TidemillError(
            f"{what} cannot be sent to a worker: {type(error).__name__}: {error}",
            hint="Send plain data, and functions defined at the top of an importable module.",
        ) from error


def unpacked(answer: bytes) -> Reply:
    """Read a worker's answer; one that cannot be read is a reply with that error."""
    try:
        value, failure, seconds = ForkingPickler.loads(answer)
    except Exception as error:  # noqa: BLE001  an unreadable value is that shard's failure
        return Reply(value=None, error=typed_error(error), seconds=0.0)
    return Reply(value=value, error=None if failure is None else _rebuilt(failure), seconds=seconds)


def packed_failure(error: TidemillError, seconds: float) -> bytes:
    """Serialise an answer that is an error; `unpacked` gives it back whole.

    Args:
        error: By class and state, for the constructors of errors take keywords.
        seconds: How long the work had taken.
    """
    try:
        return packed((None, (type(error), error.args, vars(error)), seconds), "the error")
    except TidemillError:
        plain = TidemillError(f"{type(error).__name__}: {error}")
        return packed((None, (TidemillError, plain.args, vars(plain)), seconds), "the error")


class Worker:
    """The parent's end of one worker process; starting it does not wait for it.

    Args:
        program: A packed function without arguments that returns the handler.
        memory_bytes: Limit of the worker's address space, or None.
        descriptors: Open files that it inherits under the same numbers.

    Raises:
        CapacityError: The system starts no more processes.
    """

    def __init__(
        self, program: bytes, memory_bytes: int | None, descriptors: Sequence[int] = ()
    ) -> None:
        with _naming_scarcity():
            ours, theirs = socket.socketpair()
            with theirs:
                try:
                    self._process = _start(theirs.fileno(), memory_bytes, descriptors)
                except BaseException:
                    ours.close()
                    raise
        self._connection = Connection(ours.detach())
        self._inbox = bytearray()
        with contextlib.suppress(OSError):  # a worker dead by now is found out at receive
            self._connection.send_bytes(program)

    @property
    def pid(self) -> int:
        """Process id of the worker."""
        return self._process.pid

    def fileno(self) -> int:
        """The descriptor to wait on for a reply."""
        return self._connection.fileno()

    def send(self, message: bytes) -> None:
        """Send a packed message; a dead worker is found out at `receive`."""
        with contextlib.suppress(OSError):
            self._connection.send_bytes(message)

    def has_reply(self, timeout_seconds: float | None) -> bool:
        """Wait for a reply (or the worker's end) up to a time, None for ever."""
        return self._connection.poll(timeout_seconds)

    def receive(self) -> Reply:
        """Receive one reply; blocks until it is there.

        Raises:
            EOFError: The worker is gone.
        """
        return unpacked(self.receive_packed())

    def receive_packed(self) -> bytes:
        """Receive one reply as it came, to be handed on or `unpacked`.

        Raises:
            EOFError: The worker is gone.
        """
        try:
            return self._connection.recv_bytes()
        except OSError as error:
            raise EOFError from error

    def heard(self) -> list[Reply]:
        """Take what has come, and return the replies that are whole.

        It waits for nothing when `fileno` can be read, even where a worker stops in the middle
        of a reply. Not to be mixed with `receive`.

        Raises:
            EOFError: The worker is gone.
        """
        try:
            came = os.read(self._connection.fileno(), _MOST_READ_BYTES)
        except OSError as error:
            raise EOFError from error
        if not came:
            raise EOFError
        self._inbox += came
        return [unpacked(message) for message in _whole_messages(self._inbox)]

    def abort(self) -> None:
        """End the worker while another thread waits for it, which then finds it gone."""
        self._process.kill()

    def kill(self) -> None:
        """End the worker at once, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._connection.close()

    def stop(self) -> None:
        """Ask an idle worker to end; kill it when it does not."""
        self.send(_STOP)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        self.kill()

    def death(self) -> CapacityError:
        """Reap a worker that is gone and say how it ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        self.kill()
        code = self._process.returncode
        how = f"was ended by {_signal_name(-code)}" if code < 0 else f"exited with code {code}"
        return CapacityError(
            f"a worker {how} in the middle of its work",
            hint="Often this is a lack of memory, or a crash in native code.",
        )


def _whole_messages(inbox: bytearray) -> Iterator[bytes]:
    """Take the whole messages from the front of what has come, as `Connection` frames them."""
    while len(inbox) >= _HEAD.size:
        (size,) = _HEAD.unpack_from(inbox)
        start = _HEAD.size
        if size == _IS_LONG:
            if len(inbox) < start + _LONG_HEAD.size:
                return
            (size,) = _LONG_HEAD.unpack_from(inbox, start)
            start += _LONG_HEAD.size
        if len(inbox) < start + size:
            return
        message = bytes(inbox[start : start + size])
        del inbox[: start + size]
        yield message


def main(facts: dict[str, Any]) -> None:
    """Run a worker to its end: the child's side of `Worker`.

    Args:
        facts: What `Worker` wrote on the command line.
    """
    # Ctrl-C reaches the whole terminal; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    # A print in some library must not mix with what the parent prints for programs.
    os.dup2(2, 1)
    _die_with_parent(facts["parent"], facts["socket"])
    _limit_memory(facts["memory_bytes"])
    connection = Connection(facts["socket"])
    # A parent that hung up, or no memory even for the next message: nothing to tell anybody.
    with contextlib.suppress(EOFError, OSError, MemoryError):
        _serve(connection)


def _serve(connection: Connection) -> None:
    program = connection.recv_bytes()
    handler: Callable[[Any], Any] | None = None

    def begin(_: object) -> None:
        nonlocal handler
        handler = ForkingPickler.loads(program)()

    connection.send_bytes(_answer(begin, packed(None, "nothing")))
    while handler is not None and (message := connection.recv_bytes()) != _STOP:
        connection.send_bytes(_answer(handler, message))


def _answer(handler: Callable[[Any], Any], message: bytes) -> bytes:
    started = time.perf_counter()
    try:
        value = handler(ForkingPickler.loads(message))
        seconds = time.perf_counter() - started
        return packed((value, None, seconds), "the value of the work")
    except Exception as error:  # noqa: BLE001  whatever the work raises is its answer
        seconds = time.perf_counter() - started
        return packed_failure(typed_error(error), seconds)


def _rebuilt(failure: tuple[type[TidemillError], tuple[Any, ...], dict[str, Any]]) -> TidemillError:
    kind, args, state = failure
    error = kind.__new__(kind, *args)
    vars(error).update(state)
    return error


@contextlib.contextmanager
def _naming_scarcity() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CapacityError(
            f"a worker cannot be started: {error.strerror}",
            hint="Allow more open files and processes, or set workers to 1.",
        ) from error


def _start(
    socket_number: int, memory_bytes: int | None, descriptors: Sequence[int]
) -> subprocess.Popen[bytes]:
    is_main_thread = threading.current_thread() is threading.main_thread()
    facts = {
        "path": sys.path,
        "socket": socket_number,
        "memory_bytes": memory_bytes,
        "parent": os.getpid() if is_main_thread else None,
    }
    # Blocked signals stay blocked across exec: a Ctrl-C during the start cannot hit the
    # worker before it ignores it, nor get lost here.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return subprocess.Popen(  # noqa: S603  our own interpreter and our own words
            # -P: the working folder, often somebody's repository, is no place for modules.
            [sys.executable, "-P", "-c", _START, json.dumps(facts)],
            stdin=subprocess.DEVNULL,
            pass_fds=(socket_number, *descriptors),
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _die_with_parent(parent: int | None, socket_number: int) -> None:
    """End this process when its parent ends, even in the middle of native code.

    The kernel's own signal (Linux) fires when the *thread* that started the
    worker ends, so it is asked for only when that was the main thread. The
    watch on the socket works everywhere, but needs the interpreter lock.
    """
    threading.Thread(target=_watch, args=(socket_number,), daemon=True).start()
    if parent is None or not sys.platform.startswith("linux"):
        return
    system_library().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _watch(socket_number: int) -> None:
    poll = select.poll()
    poll.register(socket_number, 0)  # nothing but hang-up, which is always reported
    poll.poll()
    os.kill(os.getpid(), signal.SIGKILL)


def _limit_memory(memory_bytes: int | None) -> None:
    _, hard_core = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard_core))
    if memory_bytes is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
