"""The seam of cache policies: who leaves next. Bytes and locks are the tier's business."""

from collections.abc import Callable
from typing import Protocol

__all__ = ["Policy"]


class Policy(Protocol):
    """Which expert leaves a tier when room is needed. It keeps no bytes itself.

    A tier says what happens, in this order, for every request::

        policy.accessed(key)
        if key not in tier:
            while room is lacking:
                victim = policy.victim(evictable)
                policy.removed(victim)
            policy.admitted(key, size_bytes=..., cost_seconds=...)

    A request cannot be served without its expert, so nobody is refused admission. Calls come
    one at a time: the tier's lock covers its policy too.
    """

    def accessed(self, key: str) -> None:
        """Note a request, hit or miss, before anything else happens for it."""
        ...

    def admitted(self, key: str, *, size_bytes: int, cost_seconds: float) -> None:
        """Note that an expert has just become resident.

        Of one that is resident already, it notes the new size and cost as of a new one.

        Args:
            key: The expert.
            size_bytes: What it takes of the capacity.
            cost_seconds: What loading it again is expected to take. An expectation, such as
                bytes over the tier's bandwidth: a single measured load is too noisy.
        """
        ...

    def victim(self, evictable: Callable[[str], bool]) -> str | None:
        """Say who leaves next.

        The victim stays resident until ``removed`` says otherwise. Asking may reorganise the
        policy: hands move, queues turn.

        Args:
            evictable: Whether a resident may leave now; the busy and the pinned may not.

        Returns:
            A resident that may leave, or None where there is none.
        """
        ...

    def removed(self, key: str) -> None:
        """Note that an expert has left, for whatever reason; strangers are ignored."""
        ...

    def __contains__(self, key: object) -> bool:
        """Whether it takes an expert for resident."""
        ...

    def __len__(self) -> int:
        """How many experts it takes for resident."""
        ...
