"""What is where in a node at this moment: the facts behind every view of the tiers."""

from dataclasses import asdict, dataclass

from tidemill.core.clock import Clock
from tidemill.experts.package import ExpertPackage
from tidemill.serving.answer import Tier
from tidemill.serving.crew import Crew
from tidemill.serving.memory.host import HostTier
from tidemill.serving.scheduling.scheduler import Scheduler

__all__ = ["ExpertStatus", "NodeStatus", "TierStatus", "WorkerStatus", "expert_status"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertStatus:
    """One expert.

    Attributes:
        name: Its name.
        expert_hash: What it is, exactly.
        task: What it is for.
        languages: Which languages it knows.
        sparsity: The pattern of its sparse layers.
        tier: The fastest tier that it is in.
        bytes_on_disk: Of its package.
        host_bytes: What it uses of the host tier, shared blocks included; 0 where it is not there.
        active_bytes: What it takes in all workers together.
        workers: In how many it is active.
        waiting: Calls that wait for it.
        computing: Batches that compute with it.
        is_pinned: Whether it stays in the host tier.
        idle_seconds: Since it was last asked; None where it is on disk alone.
        load_ms: What its last load took; None where it is on disk alone.
        trouble: Why it cannot be asked; empty where it can.
    """

    name: str
    expert_hash: str = ""
    task: str = ""
    languages: tuple[str, ...] = ()
    sparsity: str = ""
    tier: Tier = "disk"
    bytes_on_disk: int = 0
    host_bytes: int = 0
    active_bytes: int = 0
    workers: int = 0
    waiting: int = 0
    computing: int = 0
    is_pinned: bool = False
    idle_seconds: float | None = None
    load_ms: float | None = None
    trouble: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class TierStatus:
    """One tier of memory.

    Attributes:
        name: ``disk``, ``host`` or ``active``.
        experts: How many are in it.
        used_bytes: What they take.
        budget_bytes: What they may take; None where nothing bounds it.
    """

    name: Tier
    experts: int
    used_bytes: int
    budget_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStatus:
    """One worker.

    Attributes:
        number: Counted from 1, never used again.
        pid: Its process.
        state: ``starting``, ``spare``, ``idle`` or ``busy``.
        expert: Hash of whom it asked last; empty at first.
        active_bytes: What it has made ready.
        batches: That it has computed.
    """

    number: int
    pid: int
    state: str
    expert: str
    active_bytes: int
    batches: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatus:
    """A node.

    Attributes:
        tiers: From the slowest to the fastest.
        experts: By name.
        workers: By number.
        waiting: Calls in all queues.
    """

    tiers: tuple[TierStatus, ...]
    experts: tuple[ExpertStatus, ...]
    workers: tuple[WorkerStatus, ...]
    waiting: int

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        return asdict(self)


def expert_status(
    package: ExpertPackage, *, host: HostTier, crew: Crew, scheduler: Scheduler, clock: Clock
) -> ExpertStatus:
    """Return where one expert is.

    Args:
        package: The expert.
        host: The host tier.
        crew: The workers.
        scheduler: The queues.
        clock: For how long it has been idle.
    """
    key = package.expert_hash
    resident = host.residents.get(key)
    active = [member.active.sizes[key] for member in crew.members if key in member.active.sizes]
    tier: Tier = "active" if active else "host" if resident else "disk"
    return ExpertStatus(
        name=package.name,
        expert_hash=key,
        task=package.manifest.task,
        languages=package.manifest.languages,
        sparsity=package.manifest.sparsity,
        tier=tier,
        bytes_on_disk=package.bytes_on_disk,
        host_bytes=resident.bytes if resident else 0,
        active_bytes=sum(active),
        workers=len(active),
        waiting=scheduler.waiting(key),
        computing=resident.leases if resident else 0,
        is_pinned=bool(resident and resident.is_pinned),
        idle_seconds=clock.monotonic() - resident.last_used if resident else None,
        load_ms=resident.load_seconds * 1e3 if resident else None,
    )
