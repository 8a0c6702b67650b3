"""The process backend of the executor: shards over worker processes, and actors.

A worker that dies or passes its deadline costs its own shard and nothing else:
it is killed and replaced, the shard becomes an `Outcome` with a
`CapacityError`, and a shard that had been sent ahead to it goes to another.

Shards are taken from their source only as work can begin, so a source of a
million shards costs the memory of a handful. Short shards are sent one ahead,
which hides the way to the worker and back behind the work before it.
"""

from __future__ import annotations

import functools
import selectors
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tidemill.core.errors import CapacityError, TidemillError
from tidemill.core.executor import (
    Outcome,
    is_worth_retrying,
    lost_state_error,
    overrun_error,
    public_method,
    this_machine,
)
from tidemill.core.workers import Worker, packed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tidemill.core.executor import ExecutorNode, Resources
    from tidemill.core.workers import Link, Reply

__all__ = ["ProcessActor", "ProcessExecutor", "Rules", "ShardRun"]

Shard = TypeVar("Shard")
Value = TypeVar("Value")

# A message sent ahead lies in the socket's buffer until the worker reads it. It must fit
# there whole: a parent that blocks in sending while the worker blocks in answering is a deadlock.
_AHEAD_BYTES = 32_768
# Only short shards are sent ahead: behind a long one they would wait beside an idle worker.
_AHEAD_SECONDS = 0.02
_ORDER_WINDOW = 16
_START_ATTEMPTS = 3
_START_SECONDS = 120.0


class ProcessExecutor:
    """Runs shards in worker processes of fresh interpreters.

    Functions, shards and values travel by multiprocessing's serialising, so
    functions must be importable (not defined in the main script).

    Args:
        in_order: Yield outcomes in the order of the shards rather than of
            completion; a slow shard then holds back the ones after it.
    """

    def __init__(self, *, in_order: bool = False) -> None:
        self._in_order = in_order

    def map(
        self,
        fn: Callable[[Shard], Value],
        shards: Iterable[Shard],
        *,
        resources: Resources,
        retries: int = 0,
        deadline_seconds: float | None = None,
    ) -> Iterator[Outcome[Shard, Value]]:
        """Run the shards over workers; see `Executor.map`.

        Leaving the iterator early, or an exception such as Ctrl-C, kills the workers.

        Raises:
            TidemillError: ``fn`` cannot be sent to a worker or not be loaded there.
            CapacityError: Workers die before they can begin.
        """
        run: ShardRun[Shard, Value] = ShardRun(
            fn,
            iter(shards),
            _starter(resources),
            Rules(
                workers=resources.workers,
                retries=retries,
                deadline_seconds=deadline_seconds,
                in_order=self._in_order,
            ),
        )
        return run.outcomes()

    def actor(self, factory: Callable[[], object], *, resources: Resources) -> ProcessActor:
        """Make the object in a worker of its own, without waiting for it."""
        return ProcessActor(factory, _starter(resources))

    def nodes(self) -> tuple[ExecutorNode, ...]:
        """Return this machine; see `Executor.nodes`."""
        return this_machine(self)


def _starter(resources: Resources) -> Callable[[bytes], Link]:
    return functools.partial(Worker, memory_bytes=resources.memory_bytes)


class ProcessActor:
    """An object in a worker of its own. Calls from several threads take turns.

    The factory runs in the worker while the caller goes on; what it raises,
    the first call raises.

    Args:
        factory: Makes the object, in the worker.
        start: Starts a worker for a packed program.
    """

    def __init__(self, factory: Callable[[], object], start: Callable[[bytes], Link]) -> None:
        self._program = packed(functools.partial(_made, factory), "the actor's factory")
        self._start = start
        self._turn = threading.Lock()
        self._ready = False
        self._worker: Link | None = start(self._program)

    @property
    def alive(self) -> bool:
        """Whether the object is still there (or still being made)."""
        return self._worker is not None

    @property
    def pid(self) -> int | None:
        """Process id of the worker; None when it is gone or on another machine."""
        worker = self._worker
        return None if worker is None else worker.pid

    def call(self, method: str, *args: object, deadline_seconds: float | None = None) -> Any:
        """Call a method of the object; see `Actor.call`."""
        message = packed((method, args), f"a call of {method}")
        ends_at = None if deadline_seconds is None else time.monotonic() + deadline_seconds
        with self._turn:
            worker = self._worker
            if worker is None:
                raise lost_state_error(method)
            try:
                reply = self._exchange(worker, message, ends_at)
            except TimeoutError:
                self._drop()
                raise overrun_error(f"the call of {method}", deadline_seconds or 0.0) from None
            except EOFError:
                self._worker = None
                raise worker.death() from None
            except BaseException:
                # An answer that nobody took would be read as the answer to the next call.
                self._drop()
                raise
        if reply.error is not None:
            raise reply.error
        return reply.value

    def rebuild(self) -> None:
        """Kill the worker, if any, and make the object anew; its state is lost."""
        with self._turn:
            self._drop()
            self._worker = self._start(self._program)

    def close(self) -> None:
        """End the worker; a call that runs in another thread ends with an error."""
        running = self._worker
        if running is not None and self._turn.locked():
            running.abort()
        with self._turn:
            worker, self._worker = self._worker, None
            if worker is not None and self._ready:
                worker.stop()
            elif worker is not None:
                worker.kill()
            self._ready = False

    def _exchange(self, worker: Link, message: bytes, ends_at: float | None) -> Reply:
        if not self._ready:
            made = _reply_by(worker, ends_at)
            if made.error is not None:
                raise made.error
            self._ready = True
        worker.send(message)
        return _reply_by(worker, ends_at)

    def _drop(self) -> None:
        worker, self._worker = self._worker, None
        self._ready = False
        if worker is not None:
            worker.kill()


def _reply_by(worker: Link, ends_at: float | None) -> Reply:
    patience = None if ends_at is None else max(0.0, ends_at - time.monotonic())
    if not worker.has_reply(patience):
        raise TimeoutError
    return worker.receive()


def _itself(fn: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The program of a worker of shards: its handler is the function."""
    return fn


def _made(factory: Callable[[], object]) -> Callable[[tuple[str, tuple[object, ...]]], Any]:
    """The program of an actor's worker: its handler calls methods of the object."""
    target = factory()

    def handler(call: tuple[str, tuple[object, ...]]) -> Any:
        method, args = call
        return public_method(target, method)(*args)

    return handler


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a run of shards keeps to; the words are those of `Executor.map`.

    Attributes:
        workers: Shards in work at the same time.
        retries: Further attempts after a failure that another try may mend.
        deadline_seconds: Longest time of one attempt, or None.
        in_order: Outcomes in the order of the shards rather than of completion.
    """

    workers: int
    retries: int
    deadline_seconds: float | None
    in_order: bool


@dataclass(slots=True, kw_only=True)
class _Task(Generic[Shard]):
    """A shard on its way; ``failures`` counts the attempts that ended badly."""

    index: int
    shard: Shard
    message: bytes
    failures: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class _Lane(Generic[Shard]):
    """A worker and the shards sent to it: the first is in work, the rest wait in its socket."""

    worker: Link
    since: float
    is_ready: bool = False
    last_seconds: float = float("inf")
    tasks: deque[_Task[Shard]] = field(default_factory=deque)


class ShardRun(Generic[Shard, Value]):
    """One `map`: which shard is where, and what becomes of it.

    Args:
        fn: What is done with each shard.
        shards: Read only as far as work can begin.
        start: Starts a worker for a packed program, without waiting for it.
        rules: What the run keeps to.

    Raises:
        TidemillError: ``fn`` cannot be sent to a worker.
    """

    def __init__(
        self,
        fn: Callable[[Shard], Value],
        shards: Iterator[Shard],
        start: Callable[[bytes], Link],
        rules: Rules,
    ) -> None:
        self._program = packed(functools.partial(_itself, fn), "the function")
        self._start = start
        self._shards = enumerate(shards)
        self._rules = rules
        self._selector = selectors.DefaultSelector()
        self._lanes: list[_Lane[Shard]] = []
        self._waiting: deque[_Task[Shard]] = deque()
        self._finished: list[Outcome[Shard, Value]] = []
        self._held_back: dict[int, Outcome[Shard, Value]] = {}
        self._is_exhausted = False
        self._taken = 0
        self._yielded = 0
        self._failed_starts = 0

    def outcomes(self) -> Iterator[Outcome[Shard, Value]]:
        """Yield one outcome a shard; leaving early kills the workers."""
        try:
            self._hand_out()
            while self._goes_on():
                if not self._finished:
                    self._wait()
                    # Workers get their next shards before the caller gets the outcomes.
                    self._hand_out()
                yield from self._released()
                self._hand_out()
        except BaseException:
            self._end(by_force=True)
            raise
        self._end(by_force=False)

    def _goes_on(self) -> bool:
        if self._finished or self._waiting or not self._is_exhausted:
            return True
        return any(lane.tasks for lane in self._lanes)

    def _hand_out(self) -> None:
        """Give shards to idle workers, start workers as needed, then send ahead."""
        self._take()
        for lane in self._lanes:
            if lane.is_ready and not lane.tasks and self._waiting:
                self._give(lane)
        starting = sum(not lane.is_ready for lane in self._lanes)
        for _ in range(min(self._room(), len(self._waiting) - starting)):
            self._start_lane()
            starting += 1
        for lane in self._lanes:
            if len(self._waiting) > starting and _takes_another(lane, self._waiting[0]):
                self._give(lane)

    def _room(self) -> int:
        """How many workers to start at most: none while those who did begin must do."""
        if self._failed_starts >= _START_ATTEMPTS and self._any_ready():
            return 0
        return self._rules.workers - len(self._lanes)

    def _any_ready(self) -> bool:
        return any(lane.is_ready for lane in self._lanes)

    def _give(self, lane: _Lane[Shard]) -> None:
        task = self._waiting.popleft()
        if not lane.tasks:
            lane.since = time.monotonic()
        lane.tasks.append(task)
        lane.worker.send(task.message)

    def _take(self) -> None:
        """Take so many shards from the source that no worker has to wait for one."""
        window = _ORDER_WINDOW * self._rules.workers
        while not self._is_exhausted and len(self._waiting) < 2 * self._rules.workers:
            if self._rules.in_order and self._taken - self._yielded >= window:
                return
            following = next(self._shards, None)
            if following is None:
                self._is_exhausted = True
                return
            index, shard = following
            self._taken = index + 1
            try:
                message = packed(shard, f"shard {index}")
            except TidemillError as error:
                self._finished.append(_unsent(index, shard, error))
                return
            self._waiting.append(_Task(index=index, shard=shard, message=message))

    def _start_lane(self) -> None:
        lane: _Lane[Shard] = _Lane(worker=self._start(self._program), since=time.monotonic())
        self._lanes.append(lane)
        self._selector.register(lane.worker, selectors.EVENT_READ, lane)

    def _wait(self) -> None:
        """Wait for replies, deaths or the next deadline, and act on them."""
        for key, _ in self._selector.select(self._patience()):
            self._hear(key.data)
        now = time.monotonic()
        for lane in [lane for lane in self._lanes if self._ends_at(lane) <= now]:
            self._stop_overrun(lane)

    def _patience(self) -> float | None:
        ends_at = min((self._ends_at(lane) for lane in self._lanes), default=float("inf"))
        return None if ends_at == float("inf") else max(0.0, ends_at - time.monotonic())

    def _ends_at(self, lane: _Lane[Shard]) -> float:
        if not lane.is_ready:
            return lane.since + _START_SECONDS
        if self._rules.deadline_seconds is None or not lane.tasks:
            return float("inf")
        return lane.since + self._rules.deadline_seconds

    def _hear(self, lane: _Lane[Shard]) -> None:
        try:
            reply = lane.worker.receive()
        except EOFError:
            self._selector.unregister(lane.worker)
            self._lose(lane, lane.worker.death())
            return
        if not lane.is_ready:
            self._welcome(lane, reply)
            return
        task = lane.tasks.popleft()
        lane.since = time.monotonic()
        lane.last_seconds = reply.seconds
        self._settle(task, reply.value, self._judged(task, reply), reply.seconds)

    def _judged(self, task: _Task[Shard], reply: Reply) -> TidemillError | None:
        deadline = self._rules.deadline_seconds
        if reply.error is None and deadline is not None and reply.seconds > deadline:
            return overrun_error(f"shard {task.index}", deadline)
        return reply.error

    def _welcome(self, lane: _Lane[Shard], reply: Reply) -> None:
        if reply.error is not None:
            reply.error.add_note("The function could not be loaded in a worker.")
            raise reply.error
        lane.is_ready = True
        self._failed_starts = 0

    def _stop_overrun(self, lane: _Lane[Shard]) -> None:
        if not lane.is_ready and self._any_ready():
            # A full cluster may have no room for it yet; the work goes on without.
            lane.since = time.monotonic()
            return
        self._selector.unregister(lane.worker)
        lane.worker.kill()
        if lane.is_ready:
            what, limit = f"shard {lane.tasks[0].index}", self._rules.deadline_seconds or 0.0
        else:
            what, limit = "the start of a worker", _START_SECONDS
        self._lose(lane, overrun_error(what, limit))

    def _lose(self, lane: _Lane[Shard], error: CapacityError) -> None:
        """Take a dead worker out: its first shard failed, the others go to another worker."""
        self._lanes.remove(lane)
        if not lane.is_ready:
            self._failed_starts += 1
            if self._failed_starts >= _START_ATTEMPTS and not self._any_ready():
                raise CapacityError(
                    f"workers end before they can begin, {self._failed_starts} times in a row",
                    hint=f"The last one: {error.message}. Give workers more memory, or take fewer.",
                )
            return
        if lane.tasks:
            task = lane.tasks.popleft()
            self._waiting.extendleft(reversed(lane.tasks))
            self._settle(task, None, error, time.monotonic() - lane.since)

    def _settle(
        self, task: _Task[Shard], value: Any, error: TidemillError | None, seconds: float
    ) -> None:
        if error is not None and task.failures < self._rules.retries and is_worth_retrying(error):
            task.failures += 1
            self._waiting.append(task)
            return
        self._finished.append(
            Outcome(
                index=task.index,
                shard=task.shard,
                value=None if error is not None else value,
                error=error,
                attempts=task.failures + 1,
                seconds=seconds,
            )
        )

    def _released(self) -> Iterator[Outcome[Shard, Value]]:
        finished, self._finished = self._finished, []
        if not self._rules.in_order:
            yield from finished
            return
        self._held_back.update((outcome.index, outcome) for outcome in finished)
        while self._yielded in self._held_back:
            outcome = self._held_back.pop(self._yielded)
            self._yielded += 1
            yield outcome

    def _end(self, *, by_force: bool) -> None:
        self._selector.close()
        lanes, self._lanes = self._lanes, []
        for lane in lanes:
            # One that is still starting has nothing to lose and would keep us waiting.
            if by_force or not lane.is_ready:
                lane.worker.kill()
            else:
                lane.worker.stop()


def _takes_another(lane: _Lane[Shard], task: _Task[Shard]) -> bool:
    is_short = lane.last_seconds <= _AHEAD_SECONDS and len(task.message) <= _AHEAD_BYTES
    return is_short and lane.is_ready and len(lane.tasks) == 1


def _unsent(index: int, shard: Shard, error: TidemillError) -> Outcome[Shard, Any]:
    return Outcome(index=index, shard=shard, value=None, error=error, attempts=0, seconds=0.0)
