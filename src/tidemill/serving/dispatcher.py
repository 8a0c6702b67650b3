"""From a call to its outcome: queue, load, worker, and again where a worker is lost."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tidemill.core.clock import Clock
from tidemill.core.errors import CapacityError, DeadlineError, ExpertError, TidemillError
from tidemill.core.workers import Reply
from tidemill.experts.package import ExpertPackage
from tidemill.serving.answer import Tier
from tidemill.serving.commands import Command, Done, Preparation
from tidemill.serving.crew import Crew, Member
from tidemill.serving.loader import Loader
from tidemill.serving.memory.host import HostTier
from tidemill.serving.operations import length_of
from tidemill.serving.scheduling.call import Batch, Call
from tidemill.serving.scheduling.scheduler import Scheduler
from tidemill.serving.telemetry import Telemetry

__all__ = ["Dispatcher", "Served"]

MOST_ATTEMPTS = 2
"""Every operation may be made again: its answer depends on weights and items alone."""

CRASHES_OF_A_BAD_EXPERT = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Served:
    """How a call was answered; see `tidemill.serving.answer.Hop` for the times."""

    values: list[Any]
    tier: Tier
    queue_seconds: float
    load_seconds: float
    compute_seconds: float
    batch: int
    worker: int
    attempts: int


@dataclass(slots=True, kw_only=True)
class _Waiter:
    """Whoever waits for a call."""

    future: "asyncio.Future[Served]"
    tier: Tier
    sent: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    """An expert that is not tried for a while, and why."""

    error: TidemillError
    until: float


@dataclass(slots=True, kw_only=True)
class _Notes:
    """What is remembered of experts, by hash."""

    packages: dict[str, ExpertPackage] = field(default_factory=dict)
    resident_since: dict[str, float] = field(default_factory=dict)
    unserved: set[str] = field(default_factory=set)
    rests: dict[str, _Rest] = field(default_factory=dict)
    crashes: Counter[str] = field(default_factory=Counter)


class Dispatcher:
    """Joins queues, tiers and workers. For the thread of its event loop.

    Args:
        host: The host tier.
        loader: Fills it.
        scheduler: Says who is next.
        clock: For all times.
        rest_seconds: How long an expert that failed to load is not tried again.
    """

    def __init__(
        self,
        host: HostTier,
        loader: Loader,
        scheduler: Scheduler,
        clock: Clock,
        *,
        rest_seconds: float = 5.0,
    ) -> None:
        self.telemetry: Telemetry = Telemetry()
        self._host = host
        self._loader = loader
        self._scheduler = scheduler
        self._clock = clock
        self._rest_seconds = rest_seconds
        self._crew: Crew | None = None
        self._waiters: dict[Call, _Waiter] = {}
        self._notes = _Notes()
        self._retiring: set[str] = set()
        self.settled: asyncio.Event = asyncio.Event()
        self.settled.set()

    @property
    def crew(self) -> Crew:
        """The workers."""
        if self._crew is None:
            raise CapacityError("the node has no workers yet", hint="Start it first.")
        return self._crew

    def attach(self, crew: Crew) -> None:
        """Say who computes."""
        self._crew = crew

    async def submit(
        self, package: ExpertPackage, operation: str, items: Sequence[Any], *, seconds: float
    ) -> Served:
        """Ask one expert, and wait for its answer.

        Args:
            package: The expert.
            operation: What is wanted.
            items: About what; at least one.
            seconds: How long to wait.

        Raises:
            BusyError: Too much is waiting.
            DeadlineError: It took longer.
            CapacityError: The expert does not fit, or workers were lost over it.
            ExpertError: Something is wrong with the expert.
        """
        call = self._call(package, operation, items)
        try:
            async with asyncio.timeout(seconds):
                return await self._waiters[call].future
        except TimeoutError:
            raise DeadlineError(
                f"{package.name} did not answer within {seconds:g} s",
                hint="Ask for less, or later.",
            ) from None
        finally:
            self._waiters.pop(call, None)
            self._scheduler.cancel(call)
            if not self._waiters:
                self.settled.set()

    async def bring(self, package: ExpertPackage, *, seconds: float) -> None:
        """Load an expert into the host tier and wait for it, asking it nothing.

        Args:
            package: The expert.
            seconds: How long to wait.

        Raises:
            DeadlineError: It took longer.
            CapacityError: The expert does not fit.
            ExpertError: Something is wrong with the expert.
        """
        try:
            async with asyncio.timeout(seconds):
                while package.expert_hash not in self._host.residents:
                    self._check_rest(package.expert_hash)
                    self._host.check_fits(package)
                    self.prefetch(package)
                    await asyncio.sleep(0.002)
        except TimeoutError:
            raise DeadlineError(
                f"{package.name} was not loaded within {seconds:g} s",
                hint="Its disk is slow, or those in memory are all at work: try again later.",
            ) from None

    def prefetch(self, package: ExpertPackage) -> None:
        """Begin to load an expert that will be asked, if that costs nobody who waits anything."""
        key = package.expert_hash
        self._notes.packages[key] = package
        if key not in self._host.residents and not self._is_resting(key):
            self._begin_load(key)

    def retire(self, expert_hash: str) -> None:
        """Take an expert out of every tier as soon as it has answered what it was asked."""
        self._retiring.add(expert_hash)
        self.pump()

    def answered(self, member: Member, batch: Batch, reply: Reply) -> None:
        """See `Listener`."""
        self._host.release(batch.expert_hash)
        if isinstance(reply.value, Done) and reply.error is None:
            member.active.measured(batch.expert_hash, reply.value.held_bytes)
            self._notes.crashes.pop(batch.expert_hash, None)
            self._settle(member, batch, reply.value)
        else:
            member.active.drop(batch.expert_hash)
            error = reply.error or TidemillError("a worker answered something else")
            self._fail_or_retry(batch, error, again=len(batch.calls) > 1)
            if isinstance(error, CapacityError):
                self.crew.recycle(member)
        self.pump()

    def lost(self, batch: Batch | None, error: CapacityError) -> None:
        """See `Listener`."""
        self.telemetry.lost_workers += 1
        if batch is not None:
            key = batch.expert_hash
            self._host.release(key)
            self._notes.crashes[key] += 1
            reason: TidemillError = error
            if self._notes.crashes[key] > CRASHES_OF_A_BAD_EXPERT:
                reason = _lost_over(batch, self._notes.packages[key], error)
                self._rest(key, reason)
            self._fail_or_retry(batch, reason, again=True)
        self._loop_soon()

    def ready(self) -> None:
        """See `Listener`."""
        self.pump()

    def pump(self) -> None:
        """Let everything begin that can: batches first, then loads."""
        self._retire_idle()
        self._send_batches()
        self._load_wanted()
        self._sweep()

    def _send_batches(self) -> None:
        for member in self._idle():
            batch = self._scheduler.next_batch(
                now=self._clock.monotonic(),
                is_ready=self._host.residents.__contains__,
                current=member.current,
                active=member.active.sizes,
            )
            if batch is None:
                break
            self._send(member, batch)

    def _idle(self) -> list[Member]:
        """Return who waits for work; first those that have what is asked."""
        idle = [member for member in self.crew.members if member.is_idle]
        if len(idle) > 1:
            wanted = self._scheduler.queued
            idle.sort(key=lambda member: wanted.isdisjoint(member.active.sizes))
        return idle

    def _retire_idle(self) -> None:
        for key in list(self._retiring):
            resident = self._host.residents.get(key)
            if resident is not None and (resident.leases or self._scheduler.waiting(key)):
                continue
            if not self._host.is_loading(key):
                self._retiring.discard(key)
                self._notes.rests.pop(key, None)
                if resident is not None:
                    self._host.evict(key)

    def _call(self, package: ExpertPackage, operation: str, items: Sequence[Any]) -> Call:
        key = package.expert_hash
        self._check_rest(key)
        if key not in self._host.residents:
            self._host.check_fits(package)
        self._notes.packages[key] = package
        call = Call(
            expert_hash=key,
            operation=operation,
            items=tuple(items),
            length=sum(map(length_of, items)),
            arrived=self._clock.monotonic(),
        )
        waiter = _Waiter(future=asyncio.get_running_loop().create_future(), tier=self._tier_of(key))
        self._scheduler.add(call, retry_after_seconds=self._patience())
        self._waiters[call] = waiter
        self.settled.clear()
        self._host.accessed(key)
        self.telemetry.calls[waiter.tier] += 1
        self.pump()
        return call

    def _tier_of(self, key: str) -> Tier:
        if any(key in member.active.sizes for member in self.crew.members):
            return "active"
        return "host" if key in self._host.residents else "disk"

    def _patience(self) -> float:
        """Return when those that are turned away should ask again."""
        rate = self.telemetry.batch_seconds / max(1, self.telemetry.batches)
        return max(1.0, len(self._scheduler) * rate / max(1, len(self.crew.members)))

    def _load_wanted(self) -> None:
        wanted = self._scheduler.wanted()
        ready = sum(key in self._host.residents for key in wanted)
        # Whoever leaves for an expert that nobody could compute yet might be asked before it.
        in_free_room = ready >= len(self.crew.members)
        for key in wanted:
            if key not in self._host.residents and key not in self._loader.loading:
                if self._is_resting(key):
                    self._fail(self._scheduler.withdrawn(key), self._notes.rests[key].error)
                elif not self._begin_load(key, in_free_room=in_free_room):
                    # Those behind it wait too: else the small would starve the large.
                    return

    def _begin_load(self, key: str, *, in_free_room: bool = False) -> bool:
        arrived = self._scheduler.oldest(key)
        is_overdue = (
            arrived is not None
            and self._clock.monotonic() - arrived > self._scheduler.limits.patience_seconds
        )

        def may_leave(other: str) -> bool:
            """Say whether an expert is not asked, or was served since it came and can wait now.

            Without the second half, two that are overdue would drive each other out for ever.
            """
            if not self._scheduler.waiting(other):
                return is_overdue or not in_free_room
            return is_overdue and other not in self._notes.unserved

        try:
            begun = self._loader.start(self._notes.packages[key], may_leave, self._loaded)
        except CapacityError as error:
            self._fail(self._scheduler.withdrawn(key), error)
            return True
        self._sweep()
        return begun

    def _loaded(self, key: str, error: TidemillError | None) -> None:
        if error is None:
            self._notes.resident_since[key] = self._clock.monotonic()
            self._notes.unserved.add(key)
        else:
            self.telemetry.failed_loads += 1
            self._rest(key, error)
            self._fail(self._scheduler.withdrawn(key), error)
        self.pump()

    def _sweep(self) -> None:
        """Let workers know of experts that have left the host tier."""
        for key in self._host.taken_evicted():
            self._notes.resident_since.pop(key, None)
            self._notes.unserved.discard(key)
            for member in self.crew.all:
                member.active.drop(key)

    def _send(self, member: Member, batch: Batch) -> None:
        key, preparation = batch.expert_hash, None
        member.active.accessed(key)
        if key not in member.active.sizes:
            try:
                member.active.admit(self._notes.packages[key])
            except CapacityError as error:
                self._fail(batch.calls, error)
                self._loop_soon()
                return
            preparation = self._preparation(member, key)
        command = Command(
            leaving=member.active.taken_leaving(),
            expert_hash=key,
            preparation=preparation,
            operation=batch.operation,
            items=batch.items,
        )
        self._host.lease(key)
        self._notes.unserved.discard(key)
        now = self._clock.monotonic()
        for call in batch.calls:
            if call in self._waiters:
                self._waiters[call].sent = now
        self.telemetry.switches += member.current != key
        self.crew.send(member, batch, command)

    def _preparation(self, member: Member, key: str) -> Preparation:
        tensors, files = self._host.places(key)
        package = None if key in member.known else self._notes.packages[key]
        member.known.add(key)
        return Preparation(package=package, tensors=tensors, files=files)

    def _settle(self, member: Member, batch: Batch, done: Done) -> None:
        self.telemetry.note_batch(done, len(batch.items))
        place = 0
        for call in batch.calls:
            values = done.values[place : place + len(call.items)]
            place += len(call.items)
            waiter = self._waiters.get(call)
            if waiter is not None and not waiter.future.done():
                waiter.future.set_result(self._served(call, waiter, values, (member, batch, done)))

    def _served(
        self, call: Call, waiter: _Waiter, values: list[Any], by: tuple[Member, Batch, Done]
    ) -> Served:
        member, batch, done = by
        waited = waiter.sent - call.arrived
        loading = 0.0
        if waiter.tier == "disk":
            since = self._notes.resident_since.get(call.expert_hash, call.arrived)
            loading = min(waited, max(0.0, since - call.arrived))
        served = Served(
            values=values,
            tier=waiter.tier,
            queue_seconds=waited - loading,
            load_seconds=loading + done.load_seconds,
            compute_seconds=done.compute_seconds,
            batch=len(batch.items),
            worker=member.number,
            attempts=call.attempts,
        )
        self.telemetry.note_served(served.queue_seconds, served.load_seconds)
        return served

    def _fail_or_retry(self, batch: Batch, error: TidemillError, *, again: bool) -> None:
        """Compute calls once more, each alone, or tell those that wait why there is no answer."""
        key = batch.expert_hash
        may = again and not self._is_resting(key)
        some = [call for call in batch.calls if may and call.attempts < MOST_ATTEMPTS]
        self._fail([call for call in batch.calls if call not in some], error)
        self.telemetry.retries += len(some)
        self._scheduler.again(some)

    def _fail(self, calls: Sequence[Call], error: TidemillError) -> None:
        for call in calls:
            waiter = self._waiters.get(call)
            if waiter is not None and not waiter.future.done():
                waiter.future.set_exception(error)

    def _rest(self, key: str, error: TidemillError) -> None:
        until = self._clock.monotonic() + self._rest_seconds
        self._notes.rests[key] = _Rest(error=error, until=until)

    def _is_resting(self, key: str) -> bool:
        rest = self._notes.rests.get(key)
        if rest is None:
            return False
        if self._clock.monotonic() >= rest.until and not self._host.is_loading(key):
            del self._notes.rests[key]
            return False
        return True

    def _check_rest(self, key: str) -> None:
        if self._is_resting(key):
            # The same error again and again would keep every caller that it was raised through.
            raise self._notes.rests[key].error.with_traceback(None)

    def _loop_soon(self) -> None:
        """Go on as soon as whoever told us has finished its own account."""
        asyncio.get_running_loop().call_soon(self.pump)


def _lost_over(batch: Batch, package: ExpertPackage, error: CapacityError) -> ExpertError:
    return ExpertError(
        f"the expert {package.name} has ended {CRASHES_OF_A_BAD_EXPERT + 1} workers:"
        f" {error.message}",
        hint=f"Check it: tidemill experts verify {package.name} (asked for {batch.operation})",
    )
