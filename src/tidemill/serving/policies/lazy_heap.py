"""A heap whose members change their priority, made for priorities that mostly rise."""

import heapq
from collections.abc import Callable, Iterator

__all__ = ["LazyHeap", "Priority"]

Priority = tuple[float, float]
"""What is compared, and what decides between equals."""

_SLACK = 16


class LazyHeap:
    """Keys by priority; the lowest is found in logarithmic time.

    A rise costs one entry of a dictionary: what the heap says of a key may lie below its
    priority, and is put right when it comes to the top. A fall is pushed at once.
    """

    def __init__(self) -> None:
        self._priorities: dict[str, Priority] = {}
        # Every key has an entry at or below its priority; some have more than one.
        self._entries: list[tuple[Priority, str]] = []

    def __contains__(self, key: object) -> bool:
        return key in self._priorities

    def __iter__(self) -> Iterator[str]:
        return iter(self._priorities)

    def __len__(self) -> int:
        return len(self._priorities)

    def priority(self, key: str) -> Priority:
        """Return the priority of a key that is there."""
        return self._priorities[key]

    def place(self, key: str, priority: Priority) -> None:
        """Put a key there, or change its priority."""
        before = self._priorities.get(key)
        self._priorities[key] = priority
        if before is None or priority < before:
            heapq.heappush(self._entries, (priority, key))
            self._tidy()

    def drop(self, key: str) -> None:
        """Take a key out; strangers are ignored."""
        self._priorities.pop(key, None)

    def lowest(self, evictable: Callable[[str], bool] | None = None) -> str | None:
        """Return the key of the lowest priority among those that may leave; it stays.

        Args:
            evictable: Whether a key may leave; nobody is asked where it is None.
        """
        passed_over = []
        while (found := self._top()) is not None and evictable and not evictable(found):
            passed_over.append(heapq.heappop(self._entries))
        for entry in passed_over:
            heapq.heappush(self._entries, entry)
        return found

    def _top(self) -> str | None:
        """Return the key at the top, once what the heap says there is true."""
        while self._entries:
            told, key = self._entries[0]
            priority = self._priorities.get(key)
            if priority == told:
                return key
            if priority is None:
                heapq.heappop(self._entries)
            else:
                heapq.heapreplace(self._entries, (priority, key))
        return None

    def _tidy(self) -> None:
        """Make the heap anew where most of its entries are of no use any more."""
        if len(self._entries) > 2 * len(self._priorities) + _SLACK:
            self._entries = [(priority, key) for key, priority in self._priorities.items()]
            heapq.heapify(self._entries)
