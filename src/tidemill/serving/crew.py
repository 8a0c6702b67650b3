"""The worker processes of a node, and a warm spare that steps in when one is lost."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from tidemill.core.clock import Clock
from tidemill.core.errors import CapacityError, TidemillError
from tidemill.core.workers import Reply, Worker, packed
from tidemill.serving.commands import Command
from tidemill.serving.memory.active import ActiveTier
from tidemill.serving.memory.arena import Arena
from tidemill.serving.scheduling.call import Batch
from tidemill.serving.worker import WorkerPlan, workbench

__all__ = ["Crew", "CrewPlan", "Listener", "Member"]

DIRECT_BYTES = 32 << 10
"""So much a socket takes at once, whether or not its worker reads."""

HASTY_STARTS = 5
"""So many may fail in a row before there is a pause between them."""

PAUSE_SECONDS = 2.0
"""What workers lack when they start, memory above all, may be there a little later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewPlan:
    """How many workers there are, and what each may take.

    Attributes:
        workers: That compute.
        spares: That wait for one to be lost.
        threads: Of torch, in each.
        own_bytes: Memory that each may take besides what it has when it has started.
        active_tier: Makes the account of what one has active.
        start_seconds: How long a start may take.
        silence_seconds: How long a worker may give no sign of life before it is taken for hung.
        batch_seconds: How long a batch may take.
        architectures: Where further kinds of experts live, by architecture.
        preloaded: Modules that each loads before its first command.
    """

    workers: int
    spares: int = 1
    threads: int = 1
    own_bytes: int | None = None
    active_tier: Callable[[], ActiveTier]
    start_seconds: float = 120.0
    silence_seconds: float = 2.0
    batch_seconds: float = 60.0
    architectures: dict[str, str] = field(default_factory=dict)
    preloaded: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True, eq=False)
class Member:
    """One worker as its node sees it.

    Attributes:
        number: Counted from 1, never used again.
        worker: The process.
        pulse: Where its signs of life come from.
        active: What it has made ready.
        since: When it was started, or when its batch was sent.
        last_pulse: When it gave the last sign of life.
        is_ready: Whether it has started up.
        current: Whom it asked last.
        batch: What it computes; None while it is idle.
        known: Packages that it was told of.
        served: Batches that it has done.
        sending: A large command on its way.
    """

    number: int
    worker: Worker
    pulse: int
    active: ActiveTier
    since: float
    last_pulse: float
    is_ready: bool = False
    current: str | None = None
    batch: Batch | None = None
    known: set[str] = field(default_factory=set)
    served: int = 0
    sending: "asyncio.Future[None] | None" = None

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a command."""
        return self.is_ready and self.batch is None


class Listener(Protocol):
    """Whoever a crew tells what happens."""

    def answered(self, member: Member, batch: Batch, reply: Reply) -> None:
        """Take the answer of a batch; the member is idle again."""
        ...

    def lost(self, batch: Batch | None, error: CapacityError) -> None:
        """Hear that a worker is gone, with what it computed; another one takes its place."""
        ...

    def ready(self) -> None:
        """Hear that there is an idle worker."""
        ...


class Crew:
    """The workers of a node. For the thread of its event loop.

    Args:
        plan: How many, and what each may take.
        arena: What they map.
        clock: For deadlines.
        listener: Told what happens.
    """

    def __init__(self, plan: CrewPlan, arena: Arena, clock: Clock, listener: Listener) -> None:
        self.plan: CrewPlan = plan
        self.restarts: int = 0
        self._arena = arena
        self._clock = clock
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._members: list[Member] = []
        self._numbers = 0
        self._failed_starts = 0
        self._checked = clock.monotonic()
        self._is_closed = False

    @property
    def members(self) -> list[Member]:
        """Those that compute: the first that were ready."""
        return [member for member in self._members if member.is_ready][: self.plan.workers]

    @property
    def all(self) -> list[Member]:
        """All of them, those that start and the spares included."""
        return list(self._members)

    @property
    def failed_starts(self) -> int:
        """How many workers in a row have ended before they could begin."""
        return self._failed_starts

    def fill(self) -> None:
        """Start as many workers as are missing.

        Raises:
            CapacityError: The system starts no more processes.
        """
        while not self._is_closed and len(self._members) < self.plan.workers + self.plan.spares:
            self._start()

    def send(self, member: Member, batch: Batch, command: Command) -> None:
        """Give an idle member a batch to compute."""
        message = packed(command, "a command")
        member.batch, member.current = batch, batch.expert_hash
        member.since = self._clock.monotonic()
        if len(message) <= DIRECT_BYTES:
            member.worker.send(message)
        else:
            # A worker that hangs reads nothing, and this thread must not wait for it.
            member.sending = self._loop.run_in_executor(None, member.worker.send, message)

    def check(self) -> None:
        """Look for workers that hang, and end them: their loss is then noticed."""
        now = self._clock.monotonic()
        before, self._checked = self._checked, now
        was_held_up = now - before > self.plan.silence_seconds / 2
        for member in self.all:
            self._feel(member)
            if was_held_up:
                # Silence says nothing of a worker where its listener, or the machine, stood still.
                member.last_pulse = now
            reason = self._trouble(member, now)
            if reason:
                self._lose(member, CapacityError(f"a worker {reason} and was ended"))

    def recycle(self, member: Member) -> None:
        """Replace an idle member whose memory is not to be trusted any more."""
        self._lose(member, CapacityError("a worker ran out of memory and was replaced"))

    def close(self) -> None:
        """End all workers at once."""
        self._is_closed = True
        for member in self.all:
            self._take_out(member)
            member.worker.kill()

    def _start(self) -> None:
        reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            with self._arena.descriptor_for_readers() as arena:
                plan = WorkerPlan(
                    arena=arena,
                    pulse=writer,
                    threads=self.plan.threads,
                    own_bytes=self.plan.own_bytes,
                    architectures=self.plan.architectures,
                    preloaded=self.plan.preloaded,
                )
                program = packed(partial(workbench, plan), "the workbench")
                worker = Worker(program, None, (arena, writer))
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        self._numbers += 1
        now = self._clock.monotonic()
        member = Member(
            number=self._numbers,
            worker=worker,
            pulse=reader,
            active=self.plan.active_tier(),
            since=now,
            last_pulse=now,
        )
        self._members.append(member)
        self._loop.add_reader(worker.fileno(), self._hear, member)
        self._loop.add_reader(reader, self._feel, member)

    def _hear(self, member: Member) -> None:
        try:
            replies = member.worker.heard()
        except EOFError:
            self._lose(member, None)
            return
        for reply in replies:
            if member.is_ready:
                self._settle(member, reply)
            else:
                self._welcome(member, reply)

    def _settle(self, member: Member, reply: Reply) -> None:
        batch, member.batch = member.batch, None
        member.served += 1
        member.last_pulse = self._clock.monotonic()
        if batch is not None:
            self._listener.answered(member, batch, reply)

    def _welcome(self, member: Member, reply: Reply) -> None:
        if reply.error is not None:
            self._lose(member, None)
            return
        member.is_ready = True
        # Behind those that were ready before: one that is slow to start drives nobody out.
        self._members.remove(member)
        self._members.append(member)
        self._failed_starts = 0
        member.last_pulse = self._clock.monotonic()
        self._listener.ready()

    def _feel(self, member: Member) -> None:
        try:
            if os.read(member.pulse, 4_096):
                member.last_pulse = self._clock.monotonic()
        except BlockingIOError:
            pass

    def _trouble(self, member: Member, now: float) -> str:
        plan = self.plan
        if not member.is_ready:
            return "did not start" if now - member.since > plan.start_seconds else ""
        if now - member.last_pulse > plan.silence_seconds:
            return f"gave no sign of life for {plan.silence_seconds:g} s"
        if member.batch is not None and now - member.since > plan.batch_seconds:
            return f"took longer than {plan.batch_seconds:g} s"
        return ""

    def _lose(self, member: Member, error: CapacityError | None) -> None:
        if member not in self._members:
            return
        self._take_out(member)
        if error is None:
            error = member.worker.death()
        else:
            member.worker.kill()
        if not member.is_ready:
            self._failed_starts += 1
        self.restarts += 1
        batch, member.batch = member.batch, None
        self._listener.lost(batch, error)
        if self._failed_starts < HASTY_STARTS:
            self._refill()
        else:
            self._loop.call_later(PAUSE_SECONDS, self._refill)

    def _refill(self) -> None:
        try:
            self.fill()
        except (OSError, TidemillError):
            self._loop.call_later(PAUSE_SECONDS, self._refill)

    def _take_out(self, member: Member) -> None:
        self._members.remove(member)
        self._loop.remove_reader(member.worker.fileno())
        self._loop.remove_reader(member.pulse)
        os.close(member.pulse)
