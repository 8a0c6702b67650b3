"""A worker on a node of a cluster: its near end here, and its host there.

On the node, in a process of Ray's, a `Host` starts a `Worker` of our own and
hands packed messages on to it. Here a `RemoteWorker` is what `Worker` is for a
worker on this machine, so that whoever runs shards or keeps actors need not
know where they are. Ray itself is handed in by `tidemill.core.cluster`.
"""

from __future__ import annotations

import contextlib
import functools
import select
import socket
import sys
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidemill.core.errors import CapacityError, SettingError, TidemillError
from tidemill.core.version import created_by
from tidemill.core.workers import Worker, packed_failure, unpacked

if TYPE_CHECKING:
    from concurrent.futures import Future

    from tidemill.core.workers import Reply

__all__ = ["Host", "Order", "RemoteWorker"]

_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a host is to start, and what it must agree with.

    Attributes:
        program: A packed function without arguments that returns the handler.
        memory_bytes: Limit of the worker's address space, or None.
        path: Where the program looks for modules; what a node has of it is used.
        version: The program's Tidemill, which must be the node's too.
    """

    program: bytes
    memory_bytes: int | None
    path: tuple[str, ...]
    version: str


class Host:
    """Our end on a node: hands messages on to a worker that it starts.

    It answers with the worker's packed answer and whether the worker is still
    there; the last answer of a dead one is how it ended.
    """

    def __init__(self) -> None:
        self._worker: Worker | None = None

    def begin(self, order: Order) -> tuple[bytes, bool]:
        """Start the worker; its answer is to the program."""
        try:
            _check_version(order.version)
            here = [entry for entry in order.path if Path(entry).exists()]
            # A worker looks for modules where its parent does.
            sys.path[:] = here + [entry for entry in sys.path if entry not in here]
            self._worker = Worker(order.program, order.memory_bytes)
        except TidemillError as error:
            return packed_failure(error, 0.0), True
        return self._answer(self._worker)

    def ask(self, message: bytes) -> tuple[bytes, bool]:
        """Hand one message to the worker and wait for its answer."""
        if self._worker is None:
            return packed_failure(CapacityError("a worker had not begun"), 0.0), False
        self._worker.send(message)
        return self._answer(self._worker)

    def stop(self) -> None:
        """End the worker in good order."""
        if self._worker is not None:
            self._worker.stop()

    def _answer(self, worker: Worker) -> tuple[bytes, bool]:
        try:
            return worker.receive_packed(), True
        except EOFError:
            return packed_failure(worker.death(), 0.0), False


class RemoteWorker:
    """The near end of a worker on some node; starting it does not wait for it.

    Args:
        ray: The module, connected to a cluster.
        program: A packed function without arguments that returns the handler.
        memory_bytes: Limit of the worker's address space, or None.
        cpus: What it takes of the cluster's CPUs as long as it lives.
        placement: Which node it goes to, in Ray's words.
    """

    def __init__(
        self,
        ray: Any,
        program: bytes,
        memory_bytes: int | None,
        *,
        cpus: int,
        placement: Any = "SPREAD",
    ) -> None:
        self._ray = ray
        self._replies: deque[Future[tuple[bytes, bool]]] = deque()
        self._bell = _Bell()
        self._death = CapacityError(
            "a worker was lost with its node or its process in the middle of its work",
            hint="Often a machine went down, or had too little memory.",
        )
        self._host = _hosts(ray).options(num_cpus=cpus, scheduling_strategy=placement).remote()
        order = Order(
            program=program,
            memory_bytes=memory_bytes,
            path=tuple(str(Path(entry).absolute()) for entry in sys.path),
            version=created_by(),
        )
        self._expect(self._host.begin.remote(order))

    @property
    def pid(self) -> None:
        """None: a process id says nothing on another machine."""
        return

    def fileno(self) -> int:
        """The descriptor to wait on for a reply."""
        return self._bell.fileno()

    def send(self, message: bytes) -> None:
        """Send a packed message; a dead worker is found out at `receive`."""
        self._expect(self._host.ask.remote(message))

    def has_reply(self, timeout_seconds: float | None) -> bool:
        """Wait for a reply (or the worker's end) up to a time, None for ever."""
        return self._bell.wait(timeout_seconds)

    def receive(self) -> Reply:
        """Receive one reply; blocks until it is there.

        Raises:
            EOFError: The worker is gone, or its answer was lost with its node.
        """
        self._bell.take()
        try:
            answer, is_alive = self._replies.popleft().result()
        except self._ray.exceptions.RayError as error:
            raise EOFError from error
        reply = unpacked(answer)
        if not is_alive:
            if isinstance(reply.error, CapacityError):
                self._death = reply.error
            raise EOFError
        return reply

    def abort(self) -> None:
        """End the worker while another thread waits for it, which then finds it gone."""
        if self._ray.is_initialized():  # a connection that ended took its workers along
            self._ray.kill(self._host)

    def kill(self) -> None:
        """End the worker, whatever it does, without waiting for its end."""
        self.abort()
        self._bell.close()

    def stop(self) -> None:
        """Ask an idle worker to end; kill it when it does not."""
        if self._ray.is_initialized():
            with contextlib.suppress(TimeoutError, self._ray.exceptions.RayError):
                self._host.stop.remote().future().result(_STOP_SECONDS)
        self.kill()

    def death(self) -> CapacityError:
        """Make sure that a lost worker is gone, and say how it ended."""
        self.kill()
        return self._death

    def _expect(self, reference: Any) -> None:
        future: Future[tuple[bytes, bool]] = reference.future()
        self._replies.append(future)
        future.add_done_callback(self._bell.ring)


def _check_version(version: str) -> None:
    if created_by() != version:
        raise SettingError(
            f"{socket.gethostname()} has {created_by()}, the program runs {version}",
            hint="Install the same version on every node.",
        )


@functools.cache
def _hosts(ray: Any) -> Any:
    """The class of hosts, as Ray knows it: never started again by Ray."""
    return ray.remote(max_restarts=0, max_task_retries=0)(Host)


class _Bell:
    """A descriptor that is readable as often as it was rung, from whatever thread."""

    def __init__(self) -> None:
        self._near, self._far = socket.socketpair()
        self._lock = threading.Lock()

    def fileno(self) -> int:
        return self._near.fileno()

    def ring(self, _: object) -> None:
        with self._lock, contextlib.suppress(OSError):  # closed: nobody listens any more
            self._far.send(b"!")

    def wait(self, timeout_seconds: float | None) -> bool:
        poll = select.poll()
        poll.register(self._near, select.POLLIN)
        return bool(poll.poll(None if timeout_seconds is None else 1000 * timeout_seconds))

    def take(self) -> None:
        self._near.recv(1)

    def close(self) -> None:
        with self._lock:
            self._near.close()
            self._far.close()
