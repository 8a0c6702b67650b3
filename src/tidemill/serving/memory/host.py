"""The host tier: packed experts in memory that all workers of a node map.

Everything about its budget happens before a byte is read: room for the newcomer is made while
what leaves is still counted, so that old and new together never exceed it. Weights are read-only,
so nothing is ever copied back. Blocks that experts share are held, and counted, once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tidemill.core.clock import Clock
from tidemill.core.errors import CapacityError, LockedError
from tidemill.experts.package import ExpertPackage
from tidemill.serving.memory.arena import GRAIN_BYTES, Arena, Span, grains
from tidemill.serving.memory.blocks import Block, blocks_of
from tidemill.serving.policies.policy import Policy

__all__ = ["Counters", "HostTier", "Loading", "Place", "Resident"]

MOST_REMEMBERED = 4_096
"""Experts whose blocks are remembered; working them out takes a quarter of a millisecond."""

LOAD_SECONDS = 1e-3
DISK_BYTES_PER_SECOND = 1.5e9

Place = tuple[int, int]
"""First byte in the arena, and how many."""


@dataclass(slots=True, kw_only=True, eq=False)
class Resident:
    """An expert in the host tier.

    Attributes:
        package: What it is; its bytes are in the arena.
        blocks: What it is made of.
        load_seconds: What reading it took.
        read_bytes: How many bytes were read for it; what others had brought was not.
        last_used: When it was last asked, by the tier's clock.
        leases: Batches that compute with it at this moment.
        is_pinned: Whether it stays whatever happens.
    """

    package: ExpertPackage
    blocks: tuple[Block, ...]
    load_seconds: float
    read_bytes: int
    last_used: float
    leases: int = 0
    is_pinned: bool = False

    @property
    def bytes(self) -> int:
        """Bytes of the arena that it uses, shared ones included."""
        return sum(grains(block.bytes) for block in self.blocks)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loading:
    """An expert for which there is room, and whose bytes are to be read into it.

    Attributes:
        package: The expert.
        blocks: All of its blocks.
        missing: Those that have to be read.
        places: Where they go, by the block's key.
    """

    package: ExpertPackage
    blocks: tuple[Block, ...]
    missing: tuple[Block, ...]
    places: Mapping[str, memoryview]


@dataclass(slots=True, kw_only=True, eq=False)
class _Held:
    """A block in the arena."""

    block: Block
    span: Span
    users: int = 0
    is_read: bool = False


@dataclass(slots=True, kw_only=True)
class Counters:
    """What a tier has done so far."""

    loads: int = 0
    evictions: int = 0
    bytes_read: int = 0


def expected_seconds(read_bytes: int) -> float:
    """Return what a load of so many bytes should take on any machine of today.

    Policies compare loads with one another, and a single measured one is too noisy for that.
    """
    return LOAD_SECONDS + read_bytes / DISK_BYTES_PER_SECOND


class HostTier:
    """Which experts are in the arena. For one thread; reading may happen in others.

    Args:
        arena: The memory; its size is the budget.
        policy: Says who leaves.
        clock: Says when an expert was last used.
    """

    def __init__(self, arena: Arena, policy: Policy, clock: Clock) -> None:
        self.arena: Arena = arena
        self.counters: Counters = Counters()
        self._policy = policy
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._residents: dict[str, Resident] = {}
        self._loading: dict[str, Loading] = {}
        self._evicted: list[str] = []
        self._blocks: dict[str, tuple[Block, ...]] = {}

    @property
    def used_bytes(self) -> int:
        """Bytes of the arena that are given out."""
        return self.arena.capacity_bytes - self.arena.free_bytes

    @property
    def residents(self) -> Mapping[str, Resident]:
        """Experts that can be asked, by hash."""
        return self._residents

    def is_loading(self, expert_hash: str) -> bool:
        """Say whether an expert is on its way, or was given up and its reader has not let go."""
        return expert_hash in self._loading

    def accessed(self, expert_hash: str) -> None:
        """Note that somebody asks for an expert, whether it is here or not."""
        self._policy.accessed(expert_hash)
        if expert_hash in self._residents:
            self._residents[expert_hash].last_used = self._clock.monotonic()

    def check_fits(self, package: ExpertPackage) -> None:
        """Refuse what could never be loaded, however long it waits.

        Raises:
            CapacityError: It is larger than the tier, or than what pinned experts leave.
        """
        blocks = self._blocks_of(package)
        wanted = sum(grains(block.bytes) for block in blocks)
        if wanted > self.arena.capacity_bytes:
            raise CapacityError(
                f"the expert {package.name} takes {wanted:,} bytes, and the host tier has"
                f" {self.arena.capacity_bytes:,}",
                hint="Set host_bytes to more.",
            )
        beside = self._pinned_bytes({block.key for block in blocks})
        if wanted > self.arena.capacity_bytes - beside:
            raise CapacityError(
                f"the expert {package.name} takes {wanted:,} bytes, and pinned experts leave"
                f" {self.arena.capacity_bytes - beside:,} of the host tier",
                hint="Unpin some, or set host_bytes to more.",
            )

    def begin(
        self, package: ExpertPackage, may_leave: Callable[[str], bool] = lambda _: True
    ) -> Loading | None:
        """Make room for an expert.

        Args:
            package: One that is neither here nor on its way.
            may_leave: Whether an expert that nobody computes with and nobody pinned may go.

        Returns:
            What is to be read, or None where there is no room yet, or where some of it is on
            its way already.

        Raises:
            CapacityError: There never will be room.
        """
        self.check_fits(package)
        blocks = self._blocks_of(package)
        there = [self._held[block.key] for block in blocks if block.key in self._held]
        if self.is_loading(package.expert_hash) or not all(held.is_read for held in there):
            return None
        missing = tuple(block for block in blocks if block.key not in self._held)
        for held in there:
            held.users += 1
        spans = self._room_for(missing, may_leave)
        if spans is None:
            self._let_go([held.block for held in there])
            return None
        for block, span in zip(missing, spans, strict=True):
            self._held[block.key] = _Held(block=block, span=span, users=1)
        places = {
            block.key: self.arena.writable(span) for block, span in zip(missing, spans, strict=True)
        }
        loading = Loading(package=package, blocks=blocks, missing=missing, places=places)
        self._loading[package.expert_hash] = loading
        return loading

    def finish(self, loading: Loading, *, read_bytes: int, seconds: float) -> Resident:
        """Let an expert be asked that was read.

        Args:
            loading: From `begin`.
            read_bytes: How many bytes that were.
            seconds: What it took.
        """
        package = loading.package
        del self._loading[package.expert_hash]
        spans = [self._held[block.key].span for block in loading.missing]
        for block in loading.missing:
            self._held[block.key].is_read = True
        resident = Resident(
            package=package,
            blocks=loading.blocks,
            load_seconds=seconds,
            read_bytes=read_bytes,
            last_used=self._clock.monotonic(),
        )
        self._residents[package.expert_hash] = resident
        self._policy.admitted(
            package.expert_hash,
            size_bytes=sum(span.bytes for span in spans) or GRAIN_BYTES,
            cost_seconds=expected_seconds(sum(block.bytes for block in loading.missing)),
        )
        self.counters.loads += 1
        self.counters.bytes_read += read_bytes
        return resident

    def abandon(self, loading: Loading) -> None:
        """Give the room back of an expert that could not be read.

        Args:
            loading: From `begin`; whoever read has stopped.
        """
        del self._loading[loading.package.expert_hash]
        self._let_go(loading.blocks)

    def lease(self, expert_hash: str) -> None:
        """Keep an expert while somebody computes with it."""
        self._residents[expert_hash].leases += 1

    def release(self, expert_hash: str) -> None:
        """End a lease: the computation is over, or whoever computed is dead."""
        self._residents[expert_hash].leases -= 1

    def pin(self, expert_hash: str, *, pinned: bool) -> None:
        """Let an expert stay whatever happens, or no longer."""
        self._residents[expert_hash].is_pinned = pinned

    def evict(self, expert_hash: str) -> None:
        """Take an expert out.

        Raises:
            LockedError: Somebody computes with it.
        """
        resident = self._residents[expert_hash]
        if resident.leases:
            raise LockedError(
                f"the expert {resident.package.name} is computing", hint="Try again in a moment."
            )
        self._drop(expert_hash)

    def taken_evicted(self) -> list[str]:
        """Return who has left since this was last asked."""
        evicted, self._evicted = self._evicted, []
        return evicted

    def places(self, expert_hash: str) -> tuple[dict[str, Place], dict[str, Place]]:
        """Return where in the arena an expert's stored tensors and data files are, by name."""
        tensors: dict[str, Place] = {}
        files: dict[str, Place] = {}
        resident = self._residents[expert_hash]
        for block in resident.blocks:
            start = self._held[block.key].span.start
            own = tensors if block.key.startswith(("tensor ", "rest ")) else files
            for part in block.parts:
                own[part.name] = (start + part.block_start, part.bytes)
        return tensors, files

    def _blocks_of(self, package: ExpertPackage) -> tuple[Block, ...]:
        found = self._blocks.get(package.expert_hash)
        if found is None:
            if len(self._blocks) >= MOST_REMEMBERED:
                self._blocks.clear()
            found = self._blocks[package.expert_hash] = blocks_of(package)
        return found

    def _pinned_bytes(self, own: set[str]) -> int:
        """Return what pinned experts take besides some blocks."""
        pinned = [one for one in self._residents.values() if one.is_pinned]
        keys = {block.key for one in pinned for block in one.blocks}
        return sum(grains(self._held[key].block.bytes) for key in keys - own)

    def _room_for(
        self, blocks: tuple[Block, ...], may_leave: Callable[[str], bool]
    ) -> list[Span] | None:
        def evictable(expert_hash: str) -> bool:
            one = self._residents.get(expert_hash)
            return one is not None and not (one.leases or one.is_pinned) and may_leave(expert_hash)

        while (spans := self._taken(blocks)) is None:
            victim = self._policy.victim(evictable)
            if victim is None:
                return None
            self._drop(victim)
        return spans

    def _taken(self, blocks: tuple[Block, ...]) -> list[Span] | None:
        """Take a span for each block, or none at all; the largest choose first."""
        spans: dict[str, Span] = {}
        for block in sorted(blocks, key=lambda block: -block.bytes):
            span = self.arena.take(block.bytes)
            if span is None:
                for taken in spans.values():
                    self.arena.give_back(taken)
                return None
            spans[block.key] = span
        return [spans[block.key] for block in blocks]

    def _drop(self, expert_hash: str) -> None:
        resident = self._residents.pop(expert_hash)
        self._policy.removed(expert_hash)
        self._let_go(resident.blocks)
        self._evicted.append(expert_hash)
        self.counters.evictions += 1

    def _let_go(self, blocks: Sequence[Block]) -> None:
        for block in blocks:
            held = self._held[block.key]
            held.users -= 1
            if not held.users:
                del self._held[block.key]
                self.arena.give_back(held.span)
