"""What a policy costs on a trace, counted exactly: no bytes are moved, no time passes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tidemill.core.errors import CapacityError
from tidemill.serving.policies.policy import Policy

__all__ = ["Misses", "simulate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Misses:
    """What serving a trace took, from an empty tier on.

    Attributes:
        requests: How many were made.
        misses: How many found their expert absent.
        bytes_asked: Sizes of the experts over all requests.
        bytes_moved: Sizes over all misses: what was loaded. Weights are only read, so nothing
            is ever written back.
        cost_seconds: Cost of loading over all misses.
        evictions: How many experts had to leave.
    """

    requests: int
    misses: int
    bytes_asked: int
    bytes_moved: int
    cost_seconds: float
    evictions: int

    @property
    def miss_share(self) -> float:
        """Misses by requests, from 0 to 1."""
        return self.misses / max(self.requests, 1)

    @property
    def byte_miss_share(self) -> float:
        """Bytes moved by bytes asked for, from 0 to 1."""
        return self.bytes_moved / max(self.bytes_asked, 1)


def simulate(
    trace: Sequence[str],
    policy: Policy,
    capacity_bytes: int,
    *,
    sizes: Mapping[str, int],
    costs: Mapping[str, float],
) -> Misses:
    """Serve a trace from one tier, where everybody may leave.

    Args:
        trace: The expert of every request, in order.
        policy: A fresh one, made for this capacity.
        capacity_bytes: Of the tier.
        sizes: Bytes of every expert.
        costs: Seconds that loading each takes.

    Raises:
        CapacityError: An expert alone is larger than the tier.
    """
    tier = _Tier(policy, capacity_bytes)
    missed = [key for key in trace if not tier.serve(key, sizes[key], costs[key])]
    return Misses(
        requests=len(trace),
        misses=len(missed),
        bytes_asked=sum(sizes[key] for key in trace),
        bytes_moved=sum(sizes[key] for key in missed),
        cost_seconds=sum(costs[key] for key in missed),
        evictions=tier.evictions,
    )


class _Tier:
    """Names and sizes of what is resident."""

    def __init__(self, policy: Policy, capacity_bytes: int) -> None:
        self._policy = policy
        self._free = capacity_bytes
        self._capacity = capacity_bytes
        self._resident: dict[str, int] = {}
        self.evictions = 0

    def serve(self, key: str, size_bytes: int, cost_seconds: float) -> bool:
        """Serve one request; say whether it was a hit."""
        self._policy.accessed(key)
        if key in self._resident:
            return True
        self._make_room(key, size_bytes)
        self._policy.admitted(key, size_bytes=size_bytes, cost_seconds=cost_seconds)
        self._resident[key] = size_bytes
        self._free -= size_bytes
        return False

    def _make_room(self, key: str, size_bytes: int) -> None:
        if size_bytes > self._capacity:
            raise CapacityError(
                f"{key} has {size_bytes} bytes, the tier {self._capacity}",
                hint="Give the tier room for the largest expert at least.",
            )
        while self._free < size_bytes:
            victim = self._policy.victim(self._resident.__contains__)
            if victim is None:
                raise CapacityError(
                    f"{type(self._policy).__name__} names nobody to leave for {key}",
                    hint="A policy has to name a resident while there is one that may leave.",
                )
            self._free += self._resident.pop(victim)
            self._policy.removed(victim)
            self.evictions += 1
