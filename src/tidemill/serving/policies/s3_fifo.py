"""S3-FIFO: a small queue, a main queue and a ghost (Yang et al., SOSP 2023)."""

from collections.abc import Callable

from tidemill.serving.policies.byte_queue import ByteQueue

__all__ = ["S3Fifo"]

_SMALL_SHARE = 0.1
_MOST_USES = 3
_PROMOTED_ABOVE = 1


class S3Fifo:
    """New ones pass through a tenth of the room, and stay where they were used twice there.

    Who leaves the small queue is remembered in the ghost, and enters the main queue if it
    comes back soon. In the main queue a use buys one more round. Constant time, spread over
    all calls, where all may leave.

    Args:
        capacity_bytes: Of the tier; the small queue has a tenth, the ghost as much as main.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self._small_bytes = capacity_bytes * _SMALL_SHARE
        self._main_bytes = capacity_bytes - self._small_bytes
        self._small = ByteQueue()
        self._main = ByteQueue()
        self._ghost = ByteQueue()
        self._uses: dict[str, int] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._uses

    def __len__(self) -> int:
        return len(self._uses)

    def accessed(self, key: str) -> None:
        """Note a request, hit or miss."""
        if key in self._uses:
            self._uses[key] = min(self._uses[key] + 1, _MOST_USES)

    def admitted(self, key: str, *, size_bytes: int, cost_seconds: float) -> None:
        """Note that an expert has just become resident; its cost does not matter."""
        del cost_seconds
        self._leave(key)
        self._uses[key] = 0
        if key in self._ghost:
            self._ghost.pop(key)
            self._main.push(key, size_bytes)
        else:
            self._small.push(key, size_bytes)

    def victim(self, evictable: Callable[[str], bool]) -> str | None:
        """Return one of the small queue while that has its share, else one of the main queue."""
        if self._small.held_bytes >= self._small_bytes:
            found = self._small_victim(evictable)
            return self._main_victim(evictable) if found is None else found
        found = self._main_victim(evictable)
        return self._small_victim(evictable) if found is None else found

    def removed(self, key: str) -> None:
        """Note that an expert has left; of the small queue, the ghost remembers it."""
        was_small = key in self._small
        size_bytes = self._leave(key)
        if was_small:
            self._remember(key, size_bytes)

    def _leave(self, key: str) -> int:
        if self._uses.pop(key, None) is None:
            return 0
        return (self._small if key in self._small else self._main).pop(key)

    def _remember(self, key: str, size_bytes: int) -> None:
        self._ghost.push(key, size_bytes)
        while self._ghost.held_bytes > self._main_bytes:
            oldest = self._ghost.oldest()
            if oldest is not None:
                self._ghost.pop(oldest)

    def _small_victim(self, evictable: Callable[[str], bool]) -> str | None:
        while (key := self._small.oldest(evictable)) is not None:
            if self._uses[key] <= _PROMOTED_ABOVE:
                break
            self._uses[key] = 0
            self._main.push(key, self._small.pop(key))
            if self._main.held_bytes > self._main_bytes:
                return self._main_victim(evictable)
        return key

    def _main_victim(self, evictable: Callable[[str], bool]) -> str | None:
        while (key := self._main.oldest(evictable)) is not None and self._uses[key]:
            self._uses[key] -= 1
            self._main.renew(key)
        return key
