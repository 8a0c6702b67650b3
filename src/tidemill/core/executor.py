"""Work over shards, and state behind a method call: the seam every backend fills.

`Executor.map` runs one function over many shards and yields one `Outcome` per
shard; a shard that fails is an outcome with an error, never the end of the run.
`Executor.actor` keeps one object in one place and calls its methods. What a
shard writes must be idempotent, because a shard is run again after a crash, and
what an actor holds must be rebuildable by its factory.

Backends: `InlineExecutor` here, `tidemill.core.processes.ProcessExecutor`, and
`tidemill.core.cluster.ClusterExecutor`. All pass the same conformance tests.
"""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, runtime_checkable

from tidemill.core.errors import (
    CapacityError,
    ExpertError,
    InputError,
    LockedError,
    MissingExtraError,
    SettingError,
    StoreError,
    TidemillError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "Actor",
    "Executor",
    "ExecutorNode",
    "InlineActor",
    "InlineExecutor",
    "Outcome",
    "Resources",
    "is_worth_retrying",
    "lost_state_error",
    "overrun_error",
    "public_method",
    "this_machine",
    "typed_error",
]

Shard = TypeVar("Shard")
Value = TypeVar("Value")

_LEAST_MEMORY_BYTES = 128 << 20
_LOOPBACK = "127.0.0.1"
_SAME_AGAIN = (InputError, SettingError, ExpertError, MissingExtraError, StoreError, LockedError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What one run may use.

    Attributes:
        workers: Shards in work at the same time; at least 1.
        memory_bytes: Address space of one worker (``RLIMIT_AS``, so mapped
            files and reserved memory count too), or None for no limit; at
            least 128 MiB, for an idle worker reserves almost 100. The inline
            backend cannot limit its own process and ignores it.
    """

    workers: int = 1
    memory_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise SettingError(f"workers is {self.workers}", hint="Give 1 or more.")
        if self.memory_bytes is not None and self.memory_bytes < _LEAST_MEMORY_BYTES:
            raise SettingError(
                f"memory_bytes is {self.memory_bytes:,}",
                hint=f"Give {_LEAST_MEMORY_BYTES:,} or more.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Generic[Shard, Value]):
    """What became of one shard.

    Attributes:
        index: Place of the shard in the input, counted from 0.
        shard: The shard as it was given.
        value: What the function returned; None when there is an error.
        error: Why there is no value; None when there is one.
        attempts: How often the shard was begun, 0 when it could not be sent.
        seconds: Wall time of the last attempt.
    """

    index: int
    shard: Shard
    value: Value | None
    error: TidemillError | None
    attempts: int
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the shard succeeded."""
        return self.error is None

    def unwrap(self) -> Value:
        """Return the value, or raise the shard's error."""
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]  # without error it is a Value


@runtime_checkable
class Actor(Protocol):
    """One object that lives in one worker and is reached by method calls."""

    @property
    def alive(self) -> bool:
        """Whether the object is still there (or still being made)."""
        ...

    def call(self, method: str, *args: object, deadline_seconds: float | None = None) -> Any:
        """Call a method of the object and return its value.

        Args:
            method: Name of a public method.
            *args: Its arguments.
            deadline_seconds: Longest wait, the making of the object included;
                past it the object is destroyed.

        Raises:
            CapacityError: The deadline passed, or the object is gone.
            TidemillError: What the method raised; other exceptions are wrapped.
        """
        ...

    def rebuild(self) -> None:
        """Make the object anew with its factory; what it held is lost."""
        ...

    def close(self) -> None:
        """Destroy the object; calling it twice is harmless."""
        ...


@runtime_checkable
class Executor(Protocol):
    """Something that runs functions over shards and keeps actors."""

    def map(
        self,
        fn: Callable[[Shard], Value],
        shards: Iterable[Shard],
        *,
        resources: Resources,
        retries: int = 0,
        deadline_seconds: float | None = None,
    ) -> Iterator[Outcome[Shard, Value]]:
        """Run ``fn`` over every shard and yield one outcome each.

        Args:
            fn: A module-level function (a ``functools.partial`` of one is fine).
            shards: Read only as far as work can begin, so it may be endless.
            resources: Workers and memory.
            retries: Further attempts after a failure that another try may
                mend: a crash, a deadline, an unexpected exception. Bad input,
                settings and the like fail at once.
            deadline_seconds: Longest time of one attempt, or None.

        Yields:
            Outcomes, in order of completion or of the shards, as the executor
            was made.
        """
        ...

    def actor(self, factory: Callable[[], object], *, resources: Resources) -> Actor:
        """Make an object in a worker of its own and return the way to it."""
        ...

    def nodes(self) -> tuple[ExecutorNode, ...]:
        """Return the machines that are there at this moment, for who wants one thing on each."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorNode:
    """One machine of an executor.

    Attributes:
        name: Tells it from the others for as long as it lives; a machine that was restarted has
            another one.
        host: IP address, in digits, at which the other machines and this process reach it.
        executor: Does its work there and nowhere else.
    """

    name: str
    host: str
    executor: Executor


def this_machine(executor: Executor) -> tuple[ExecutorNode, ...]:
    """Return the nodes of an executor that works on this machine alone."""
    return (ExecutorNode(name="here", host=_LOOPBACK, executor=executor),)


class InlineExecutor:
    """Runs everything in the calling thread: for tests and single shards.

    It cannot stop a function, so a deadline is judged after the fact: the
    value of a shard that took too long is thrown away, as if it had been killed.
    """

    def map(
        self,
        fn: Callable[[Shard], Value],
        shards: Iterable[Shard],
        *,
        resources: Resources,  # noqa: ARG002  the seam's; one thread has nothing to share out
        retries: int = 0,
        deadline_seconds: float | None = None,
    ) -> Iterator[Outcome[Shard, Value]]:
        """Run the shards one after the other; see `Executor.map`."""
        for index, shard in enumerate(shards):
            attempt = 1
            outcome = _attempt(fn, shard, (index, attempt), deadline_seconds)
            while outcome.error and is_worth_retrying(outcome.error) and attempt <= retries:
                attempt += 1
                outcome = _attempt(fn, shard, (index, attempt), deadline_seconds)
            yield outcome

    def actor(
        self,
        factory: Callable[[], object],
        *,
        resources: Resources,  # noqa: ARG002  the seam's
    ) -> InlineActor:
        """Keep the object in this process; see `Executor.actor`."""
        return InlineActor(factory)

    def nodes(self) -> tuple[ExecutorNode, ...]:
        """Return this machine; see `Executor.nodes`."""
        return this_machine(self)


class InlineActor:
    """An actor in the calling thread, with the life cycle of a real one."""

    def __init__(self, factory: Callable[[], object]) -> None:
        self._factory = factory
        self._target: object | None = None
        self._alive = True

    @property
    def alive(self) -> bool:
        """Whether the object is still there (or still to be made)."""
        return self._alive

    def call(self, method: str, *args: object, deadline_seconds: float | None = None) -> Any:
        """Call a method; see `Actor.call`. The deadline is judged afterwards."""
        if not self._alive:
            raise lost_state_error(method)
        started = time.perf_counter()
        try:
            value = self._invoke(method, args)
        except Exception as error:
            raise typed_error(error) from error
        if deadline_seconds is not None and time.perf_counter() - started > deadline_seconds:
            self.close()
            raise overrun_error(f"the call of {method}", deadline_seconds)
        return value

    def rebuild(self) -> None:
        """Make the object anew at the next call; see `Actor.rebuild`."""
        self._target = None
        self._alive = True

    def close(self) -> None:
        """Drop the object."""
        self._target = None
        self._alive = False

    def _invoke(self, method: str, args: tuple[object, ...]) -> Any:
        if self._target is None:
            try:
                self._target = self._factory()
            except Exception:
                self._alive = False
                raise
        return public_method(self._target, method)(*args)


def public_method(target: object, method: str) -> Callable[..., Any]:
    """Return a method of an actor's object by its public name.

    Raises:
        TidemillError: The name is private, absent or not callable.
    """
    found = None if method.startswith("_") else getattr(target, method, None)
    if not callable(found):
        raise TidemillError(f"{type(target).__name__} has no public method {method!r}")
    return found  # type: ignore[no-any-return]  # callable() cannot tell more


def typed_error(error: BaseException) -> TidemillError:
    """Return the error as one of the tree, with its traceback as a note.

    A `TidemillError` stays itself; running out of memory is a `CapacityError`;
    any other exception is wrapped under its own name.
    """
    if isinstance(error, TidemillError):
        return error
    if isinstance(error, MemoryError):
        return CapacityError(
            "a worker ran out of memory", hint="Give fewer workers or a higher memory limit."
        )
    wrapped = TidemillError(f"{type(error).__name__}: {error}")
    wrapped.add_note("".join(traceback.format_exception(error)).rstrip())
    return wrapped


def is_worth_retrying(error: TidemillError) -> bool:
    """Whether another attempt may end differently: not so for bad input or settings."""
    return not isinstance(error, _SAME_AGAIN)


def overrun_error(what: str, deadline_seconds: float) -> CapacityError:
    """The error of work that was stopped at its deadline."""
    return CapacityError(
        f"{what} took longer than {deadline_seconds:g} s and was stopped",
        hint="Allow more time, or make the piece of work smaller.",
    )


def lost_state_error(method: str) -> CapacityError:
    """The error of a call to an actor whose object is gone."""
    return CapacityError(
        f"{method} was called on an actor that is gone",
        hint="Rebuild the actor; what it held must be read again.",
    )


def _attempt(
    fn: Callable[[Shard], Value],
    shard: Shard,
    place: tuple[int, int],
    deadline_seconds: float | None,
) -> Outcome[Shard, Value]:
    index, attempt = place
    started = time.perf_counter()
    value: Value | None = None
    error: TidemillError | None = None
    try:
        value = fn(shard)
    except Exception as raised:  # noqa: BLE001  a shard's failure is its outcome
        error = typed_error(raised)
    seconds = time.perf_counter() - started
    if error is None and deadline_seconds is not None and seconds > deadline_seconds:
        value, error = None, overrun_error(f"shard {index}", deadline_seconds)
    return Outcome(
        index=index, shard=shard, value=value, error=error, attempts=attempt, seconds=seconds
    )
