"""W-TinyLFU: a small window, and a main part that only the more frequent enter.

Einziger, Friedman and Manes 2017, "TinyLFU: a highly efficient cache admission policy", ACM
Transactions on Storage 13(4).
"""

from collections.abc import Callable

from tidemill.serving.policies.aged_counts import AgedCounts
from tidemill.serving.policies.byte_queue import ByteQueue

__all__ = ["WTinyLfu"]

_WINDOW_SHARE = 0.01
_PROTECTED_SHARE = 0.8
_SAMPLE = 10


class WTinyLfu:
    """The window's oldest and the main part's meet, and who was asked for less often leaves.

    The newest always enters the window, however small that is, so the contest is held when
    room is next needed. The main part is a segmented LRU: a use moves an expert from
    probation to the protected four fifths, whose oldest then goes back on probation. Constant
    time, spread over all calls, where all may leave.

    Args:
        capacity_bytes: Of the tier; the window has a hundredth.
        sample: For how many requests a resident the counts hold before they are halved: 10 as
            published implementations have it. More is better for popularity that stays, and
            worse for popularity that moves.
    """

    def __init__(self, capacity_bytes: int, *, sample: int = _SAMPLE) -> None:
        self._window_bytes = capacity_bytes * _WINDOW_SHARE
        self._main_bytes = capacity_bytes - self._window_bytes
        self._protected_bytes = self._main_bytes * _PROTECTED_SHARE
        self._window = ByteQueue()
        self._probation = ByteQueue()
        self._protected = ByteQueue()
        self._counts = AgedCounts()
        self._sample = sample

    def __contains__(self, key: object) -> bool:
        return self._queue_of(key) is not None

    def __len__(self) -> int:
        return len(self._window) + len(self._probation) + len(self._protected)

    def accessed(self, key: str) -> None:
        """Note a request, hit or miss."""
        self._counts.add(key, sample=self._sample * max(len(self), 1))
        queue = self._queue_of(key)
        if queue is self._probation:
            self._protect(key)
        elif queue is not None:
            queue.renew(key)

    def admitted(self, key: str, *, size_bytes: int, cost_seconds: float) -> None:
        """Note that an expert has just become resident; its cost does not matter."""
        del cost_seconds
        self.removed(key)
        self._window.push(key, size_bytes)
        self._overflow()

    def victim(self, evictable: Callable[[str], bool]) -> str | None:
        """Return the loser of the contest; the winner, if it comes from the window, moves."""
        candidate = self._window.oldest(evictable)
        defender = self._probation.oldest(evictable)
        if defender is None:
            defender = self._protected.oldest(evictable)
        if candidate is None or defender is None:
            return defender if candidate is None else candidate
        if self._counts[candidate] <= self._counts[defender]:
            return candidate
        self._probation.push(candidate, self._window.pop(candidate))
        return defender

    def removed(self, key: str) -> None:
        """Note that an expert has left."""
        queue = self._queue_of(key)
        if queue is not None:
            queue.pop(key)

    def _queue_of(self, key: object) -> ByteQueue | None:
        for queue in (self._protected, self._probation, self._window):
            if key in queue:
                return queue
        return None

    def _protect(self, key: str) -> None:
        self._protected.push(key, self._probation.pop(key))
        while self._protected.held_bytes > self._protected_bytes:
            oldest = self._protected.oldest()
            if oldest is None or oldest == key:
                return
            self._probation.push(oldest, self._protected.pop(oldest))

    def _overflow(self) -> None:
        """Let the oldest pass from a full window into the main part while that has room."""
        while len(self._window) > 1 and self._window.held_bytes > self._window_bytes:
            oldest = self._window.oldest()
            if oldest is None or not self._fits_main(self._window.size_of(oldest)):
                return
            self._probation.push(oldest, self._window.pop(oldest))

    def _fits_main(self, size_bytes: int) -> bool:
        held = self._probation.held_bytes + self._protected.held_bytes
        return held + size_bytes <= self._main_bytes
