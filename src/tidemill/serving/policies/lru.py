"""The least recently used leaves: the policy of the paper's runtime (SN40L, section V-B)."""

from collections import OrderedDict
from collections.abc import Callable

__all__ = ["Lru"]


class Lru:
    """Who was asked for longest ago leaves. Constant time, and no memory of who left."""

    def __init__(self) -> None:
        self._order: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, key: object) -> bool:
        return key in self._order

    def __len__(self) -> int:
        return len(self._order)

    def accessed(self, key: str) -> None:
        """Note a request, hit or miss."""
        if key in self._order:
            self._order.move_to_end(key)

    def admitted(self, key: str, *, size_bytes: int, cost_seconds: float) -> None:
        """Note that an expert has just become resident; its size and cost do not matter."""
        del size_bytes, cost_seconds
        self._order[key] = None
        self._order.move_to_end(key)

    def victim(self, evictable: Callable[[str], bool]) -> str | None:
        """Return the least recently used of those that may leave."""
        return next(filter(evictable, self._order), None)

    def removed(self, key: str) -> None:
        """Note that an expert has left."""
        self._order.pop(key, None)
