"""What would be resident, had uses always faded at one rate: a cache of names alone."""

from dataclasses import dataclass
from math import exp2, log2

from typing_extensions import override

from tidemill.serving.policies.lazy_heap import LazyHeap

__all__ = ["Facts", "LoopShadow", "Shadow"]

# So that an expert which is said to cost nothing still has a worth, and a miss of it counts.
_LEAST_SECONDS = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of an expert from when it was last admitted.

    Attributes:
        size_bytes: What it takes of the capacity.
        cost_seconds: What loading it is expected to take.
        worth: What its room saves, in seconds a byte, as a binary logarithm.
    """

    size_bytes: int
    cost_seconds: float
    worth: float

    @classmethod
    def of(cls, size_bytes: int, cost_seconds: float) -> "Facts":
        """Work out the worth of an expert."""
        seconds = max(cost_seconds, _LEAST_SECONDS)
        worth = log2(seconds / max(size_bytes, 1))
        return cls(size_bytes=size_bytes, cost_seconds=seconds, worth=worth)


class Shadow:
    """LRFU over names: the lowest faded count of uses, times worth, leaves.

    A use counts 1 now, and half as much after ``half_life`` more requests (Lee et al. 2001,
    "LRFU: a spectrum of policies that subsumes the least recently used and least frequently
    used policies", IEEE Transactions on Computers 50(12)). Since all counts fade alike, their
    order stands still between uses; so a count is kept as the binary logarithm of what it
    would have to have been at the first request.

    Args:
        capacity_bytes: What its residents may take together.
        half_life: Requests after which a use counts half: 1 is all but LRU, infinity LFU.
    """

    def __init__(self, capacity_bytes: int, half_life: float) -> None:
        self.half_life: float = half_life
        self._capacity = capacity_bytes
        self._counts: dict[str, float] = {}
        self._heap = LazyHeap()
        self._sizes: dict[str, int] = {}
        self._held = 0

    def requested(self, key: str, facts: Facts, *, now: int) -> bool:
        """Count a use, and make the expert resident.

        Returns:
            Whether it was not yet resident: a miss.
        """
        fresh = now / self.half_life
        faded = self._counts.get(key)
        self._counts[key] = fresh if faded is None else fresh + log2(1 + exp2(faded - fresh))
        missed = key not in self._heap
        if missed:
            self._admit(key, facts.size_bytes)
        self._heap.place(key, (self.rank(key, facts, now=now), now))
        return missed

    def rank(self, key: str, facts: Facts, *, now: float) -> float:  # noqa: ARG002  of others
        """Return what an expert is worth that was last used now; the lowest leaves."""
        return self._counts[key] + facts.worth

    def count(self, key: str) -> float:
        """Return the faded count of one that was requested and not forgotten, as a logarithm."""
        return self._counts[key]

    def forget(self, key: str) -> None:
        """Drop all that is known of an expert."""
        self._counts.pop(key, None)
        if key in self._heap:
            self._evict(key)

    def _admit(self, key: str, size_bytes: int) -> None:
        while self._held + size_bytes > self._capacity:
            lowest = self._heap.lowest()
            if lowest is None:
                break
            self._evict(lowest)
        self._sizes[key] = size_bytes
        self._held += size_bytes

    def _evict(self, key: str) -> None:
        self._heap.drop(key)
        self._held -= self._sizes.pop(key)


class LoopShadow(Shadow):
    """The most recently used leaves: the best there is where all are asked in turn, and no other.

    Whoever goes through more experts than fit, round after round, finds none of them by any
    order in which the oldest leave; here most of those that fit stay.
    """

    def __init__(self, capacity_bytes: int) -> None:
        super().__init__(capacity_bytes, half_life=1.0)  # whatever it is, nobody asks for counts

    @override
    def rank(self, key: str, facts: Facts, *, now: float) -> float:
        return -now
