"""One machine's experts: tiers, queues and workers behind one question.

``ask`` is the whole story: each expert of the request is found in the catalog, the dispatcher
queues a call for it, has its bytes brought and a worker compute, and the answer says how all of
it came about. An expert may name the next one.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tidemill.core.background import ended
from tidemill.core.clock import Clock, SystemClock
from tidemill.core.errors import CapacityError, ExpertError, InputError, StoreError, TidemillError
from tidemill.experts.package import ExpertPackage
from tidemill.experts.registry import ExpertRegistry
from tidemill.serving.answer import Answer, Hop, Request, Why
from tidemill.serving.catalog import Catalog
from tidemill.serving.crew import Crew, CrewPlan
from tidemill.serving.decision import Decision
from tidemill.serving.dispatcher import Dispatcher, Served
from tidemill.serving.loader import Loader, Reader, read_loading
from tidemill.serving.memory.active import ActiveTier
from tidemill.serving.memory.arena import Arena, grains
from tidemill.serving.memory.blocks import blocks_of
from tidemill.serving.memory.host import HostTier
from tidemill.serving.policies.table import DEFAULT_POLICY, policy
from tidemill.serving.scheduling.scheduler import Limits, Scheduler
from tidemill.serving.status import (
    ExpertStatus,
    NodeStatus,
    TierStatus,
    WorkerStatus,
    expert_status,
)
from tidemill.serving.telemetry import Telemetry

__all__ = ["THE_NAMED", "Node", "NodePlan"]

THE_NAMED = "*"
"""In a chain: whom the expert before it named."""

ROUTE = "route"

MOST_HOPS = 8

_LOGGER = logging.getLogger("tidemill.serving")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """How a node is made.

    Attributes:
        host_bytes: Budget of the host tier.
        active_bytes: Budget of the active tier, shared out to the workers.
        workers: Processes that compute.
        spares: Processes that wait for one to be lost.
        threads: Of torch, in each worker.
        policy: Who leaves a tier.
        limits: Of queues and batches.
        worker_bytes: Memory that a worker may take besides its active tier, for what it computes.
        load_seconds: How long one load may take.
        loads_at_once: Experts that are read at the same time.
        batch_seconds: How long a batch may take.
        rest_seconds: How long an expert that failed is not tried again.
        tick_seconds: How often signs of life and the registry are looked at.
        architectures: Where further kinds of experts live, as ``module:name`` by architecture.
        preloaded: Modules that each worker loads before its first command.
    """

    host_bytes: int
    active_bytes: int
    workers: int
    spares: int = 1
    threads: int = 1
    policy: str = DEFAULT_POLICY
    limits: Limits = field(default_factory=Limits)
    worker_bytes: int = 1 << 30
    load_seconds: float = 60.0
    loads_at_once: int = 2
    batch_seconds: float = 60.0
    rest_seconds: float = 5.0
    tick_seconds: float = 0.25
    architectures: Mapping[str, str] = field(default_factory=dict)
    preloaded: tuple[str, ...] = ("tidemill.serving.encoder", "tidemill.serving.convolution")

    @property
    def share_bytes(self) -> int:
        """Of the active tier, what one worker has."""
        return self.active_bytes // max(1, self.workers)


class Node:
    """The experts of one machine. For the thread of its event loop.

    Args:
        registry: Where experts are.
        plan: How it is made.
        clock: For all times.
        reader: Reads an expert's bytes into place.
    """

    def __init__(
        self,
        registry: ExpertRegistry,
        plan: NodePlan,
        *,
        clock: Clock | None = None,
        reader: Reader = read_loading,
    ) -> None:
        self.plan: NodePlan = plan
        self.catalog: Catalog = Catalog(registry)
        clock = clock or SystemClock()
        self._clock = clock
        self._arena = Arena(plan.host_bytes)
        self.host: HostTier = HostTier(
            self._arena, policy(plan.policy, self._arena.capacity_bytes), clock
        )
        loader = Loader(
            self.host, clock, at_once=plan.loads_at_once, seconds=plan.load_seconds, reader=reader
        )
        self._loader = loader
        self.scheduler: Scheduler = Scheduler(plan.limits)
        self.dispatcher: Dispatcher = Dispatcher(
            self.host, loader, self.scheduler, clock, rest_seconds=plan.rest_seconds
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._is_draining = False

    @property
    def telemetry(self) -> Telemetry:
        """What it has done so far."""
        return self.dispatcher.telemetry

    @property
    def crew(self) -> Crew:
        """Its workers."""
        return self.dispatcher.crew

    @property
    def is_ready(self) -> bool:
        """Whether it takes requests and has a worker for them."""
        return not self._is_draining and bool(self.crew.members)

    async def start(self) -> None:
        """Start the workers, and wait until the first can compute.

        Raises:
            CapacityError: None does.
        """
        plan = self.plan
        crew_plan = CrewPlan(
            workers=plan.workers,
            spares=plan.spares,
            threads=plan.threads,
            own_bytes=plan.share_bytes + plan.worker_bytes,
            active_tier=self._active_tier,
            batch_seconds=plan.batch_seconds,
            architectures=dict(plan.architectures),
            preloaded=plan.preloaded,
        )
        crew = Crew(crew_plan, self._arena, self._clock, self.dispatcher)
        self.dispatcher.attach(crew)
        crew.fill()
        await asyncio.to_thread(self.catalog.refresh)
        while not crew.members:
            if crew.failed_starts >= crew.plan.workers + 1:
                raise CapacityError("workers end before they can begin", hint="See the log.")
            await asyncio.sleep(0.01)
        self._tasks = [
            asyncio.create_task(self._tick()),
            asyncio.create_task(self._populate()),
        ]

    async def ask(self, request: Request) -> Answer:
        """Ask experts, one after the other.

        Args:
            request: Who, and about what.

        Raises:
            ExpertError: There is no such expert, or something is wrong with it.
            InputError: The request says what cannot be.
            CapacityError: There is no room, no time or no worker for it.
        """
        self._check(request)
        self._prefetch(request.experts[1:])
        until = self._clock.monotonic() + request.seconds
        hops: list[Hop] = []
        values: list[object] = []
        why, items = request.why, request.items
        for wanted, following in zip(request.experts, (*request.experts[1:], ""), strict=True):
            name = wanted
            if wanted == THE_NAMED:
                name, why = self._named(values)
            operation = ROUTE if following == THE_NAMED else request.operation
            package, served = await self._served(name, operation, items, until)
            values = served.values
            hops.append(_hop(package, operation, why, served))
            why = Why(reason=f"the next after {package.name}")
            if values and all(isinstance(value, str) for value in values):
                items = tuple(values)
        return Answer(values=values, hops=tuple(hops))

    async def load(self, name: str, *, seconds: float = 60.0) -> None:
        """Bring an expert into the host tier.

        Raises:
            DeadlineError: It took longer.
            CapacityError: It does not fit.
            ExpertError: There is no such expert, or something is wrong with it.
        """
        package = await self._found(name)
        await self.dispatcher.bring(package, seconds=seconds)

    async def pin(self, name: str, *, pinned: bool = True) -> None:
        """Bring an expert into the host tier to stay, or let it go when its turn comes.

        Raises:
            DeadlineError: It took longer.
            CapacityError: It does not fit.
            ExpertError: There is no such expert, or something is wrong with it.
        """
        if pinned:
            await self.load(name)
        package = await self._found(name)
        if package.expert_hash in self.host.residents:
            self.host.pin(package.expert_hash, pinned=pinned)

    async def evict(self, name: str) -> None:
        """Take an expert out of every tier but the disk.

        Raises:
            LockedError: It is computing.
            InputError: It is pinned.
        """
        package = await self._found(name)
        resident = self.host.residents.get(package.expert_hash)
        if resident is not None:
            if resident.is_pinned:
                raise InputError(f"the expert {name} is pinned", hint="Unpin it first.")
            self.host.evict(package.expert_hash)
            self.dispatcher.pump()

    def status(self) -> NodeStatus:
        """Return what is where."""
        packages, troubles = self.catalog.packages, self.catalog.troubles
        experts = [self._expert_status(package) for package in packages.values()]
        experts += [ExpertStatus(name=name, trouble=str(why)) for name, why in troubles.items()]
        active = [member.active for member in self.crew.members]
        return NodeStatus(
            tiers=(
                TierStatus(
                    name="disk",
                    experts=len(packages),
                    used_bytes=sum(package.bytes_on_disk for package in packages.values()),
                    budget_bytes=None,
                ),
                TierStatus(
                    name="host",
                    experts=len(self.host.residents),
                    used_bytes=self.host.used_bytes,
                    budget_bytes=self.host.arena.capacity_bytes,
                ),
                TierStatus(
                    name="active",
                    experts=len({key for tier in active for key in tier.sizes}),
                    used_bytes=sum(tier.used_bytes for tier in active),
                    budget_bytes=self.plan.active_bytes,
                ),
            ),
            experts=tuple(sorted(experts, key=lambda one: one.name)),
            workers=tuple(self._worker_status()),
            waiting=len(self.scheduler),
        )

    def _expert_status(self, package: ExpertPackage) -> ExpertStatus:
        return expert_status(
            package,
            host=self.host,
            crew=self.crew,
            scheduler=self.scheduler,
            clock=self._clock,
        )

    def _worker_status(self) -> Iterator[WorkerStatus]:
        computing = self.crew.members
        for member in self.crew.all:
            state = "starting"
            if member.is_ready:
                state = "idle" if member.batch is None else "busy"
                state = state if member in computing else "spare"
            yield WorkerStatus(
                number=member.number,
                pid=member.worker.pid,
                state=state,
                expert=member.current or "",
                active_bytes=member.active.used_bytes,
                batches=member.served,
            )

    async def refresh(self) -> None:
        """Look for experts that have come, gone or been replaced.

        Who was replaced answers what was asked of it already, and is then forgotten.
        """
        change = await asyncio.to_thread(self.catalog.refresh)
        for expert_hash in change.replaced:
            self.dispatcher.retire(expert_hash)

    async def drain(self, *, seconds: float) -> bool:
        """Take no more requests, and wait for those that are under way.

        Returns:
            Whether all of them were answered.
        """
        self._is_draining = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self.dispatcher.settled.wait(), seconds)
        return self.dispatcher.settled.is_set()

    async def close(self) -> None:
        """End everything at once."""
        self._is_draining = True
        await ended(*self._tasks)
        self.crew.close()
        self._loader.close()
        self._arena.close()

    def _active_tier(self) -> ActiveTier:
        share = self.plan.share_bytes
        return ActiveTier(share, policy(self.plan.policy, share))

    def _check(self, request: Request) -> None:
        if self._is_draining:
            raise CapacityError("the server is shutting down", hint="Ask another one.")
        if not request.items:
            raise InputError("nothing is asked", hint="Give at least one item.")
        if not 1 <= len(request.experts) <= MOST_HOPS:
            raise InputError(f"{len(request.experts)} experts in a chain; 1 to {MOST_HOPS} may be")
        if request.experts[0] == THE_NAMED:
            raise InputError("a chain begins with an expert that is named")

    async def _served(
        self, name: str, operation: str, items: tuple[Any, ...], until: float
    ) -> tuple[ExpertPackage, Served]:
        """Ask one expert; once more where it was replaced on disk meanwhile."""
        for attempt in (1, 2):
            package = await self._found(name)
            try:
                served = await self.dispatcher.submit(
                    package,
                    operation,
                    items,
                    seconds=max(0.001, until - self._clock.monotonic()),
                )
            except (ExpertError, StoreError):
                if attempt == 2 or not await self._has_changed(name, package):
                    raise
            else:
                return package, served
        raise TidemillError(f"{name} was asked twice")  # unreachable: the loop returns or raises

    async def _has_changed(self, name: str, package: ExpertPackage) -> bool:
        """Say whether an expert is another one now than it was when it was asked."""
        await self.refresh()
        known = self.catalog.known(name)
        return known is not None and known is not package

    def _prefetch(self, names: Sequence[str]) -> None:
        """Begin to load the experts that a chain names further on, while the first computes."""
        for name in names:
            package = self.catalog.known(name)
            if package is not None:
                self.dispatcher.prefetch(package)

    async def _found(self, name: str) -> ExpertPackage:
        known = self.catalog.known(name)
        return known if known is not None else await asyncio.to_thread(self.catalog.find, name)

    def _named(self, values: list[object]) -> tuple[str, Why]:
        """Return whom the last expert named."""
        first = values[0] if values else None
        if not isinstance(first, Decision):
            raise InputError(
                f"nobody was named for {THE_NAMED!r}", hint="Put a routing expert before it."
            )
        return self.named(first)

    def named(self, decision: Decision) -> tuple[str, Why]:
        """Return who is asked after a decision, and why.

        Args:
            decision: Of a routing expert. Whom it names may be gone since it was trained; then
                its default is asked.
        """
        name, reason = decision.expert, decision.reason
        if name not in self.catalog.packages:
            name, reason = decision.default, f"{reason}; {name} is not here, so the default"
        return name, Why(
            reason=reason, runner_up=decision.runner_up, confidence=decision.confidence
        )

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self.plan.tick_seconds)
            try:
                self.crew.check()
                await self.refresh()
            except TidemillError:
                # The registry cannot be read: what is in memory goes on answering.
                pass
            except Exception:
                # Without the next look nobody would notice a worker that hangs.
                _LOGGER.exception("a look at workers and registry failed")
            self.dispatcher.pump()

    async def _populate(self) -> None:
        """Have the arena's memory there before the first expert wants it."""
        packages = self.catalog.packages.values()
        enough = sum(grains(block.bytes) for package in packages for block in blocks_of(package))
        for there in self._arena.populate():
            if there >= enough:
                return
            await asyncio.sleep(0)


def _hop(package: ExpertPackage, operation: str, why: Why, served: Served) -> Hop:
    return Hop(
        expert=package.name,
        expert_hash=package.expert_hash,
        operation=operation,
        why=why,
        tier=served.tier,
        queue_seconds=served.queue_seconds,
        load_seconds=served.load_seconds,
        compute_seconds=served.compute_seconds,
        batch=served.batch,
        worker=served.worker,
        attempts=served.attempts,
    )
