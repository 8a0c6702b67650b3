"""The bound that knows the future (Belady 1966, IBM Systems Journal 5(2))."""

from collections.abc import Callable, Sequence
from math import inf

from tidemill.core.errors import SettingError
from tidemill.serving.policies.lazy_heap import LazyHeap

__all__ = ["Belady"]


class Belady:
    """Whose next use lies furthest ahead leaves.

    With experts of one size this is the optimum: no policy that must load what is asked for
    loads less often. With unequal sizes the optimum is NP-hard, and this is furthest next use:
    a reference, which a policy that looks at sizes may beat. Logarithmic time.

    Args:
        future: Every request that will be made, in order.
    """

    def __init__(self, future: Sequence[str]) -> None:
        self._future = future
        self._next_uses = _next_uses(future)
        self._next_of: dict[str, float] = {}
        self._heap = LazyHeap()
        self._made = 0

    def __contains__(self, key: object) -> bool:
        return key in self._heap

    def __len__(self) -> int:
        return len(self._heap)

    def accessed(self, key: str) -> None:
        """Note a request, hit or miss.

        Raises:
            SettingError: It is not the one that the future said would come.
        """
        if self._made >= len(self._future) or self._future[self._made] != key:
            raise SettingError(
                f"request {self._made} is for {key!r}, and Belady was told another future",
                hint="Make it with the very sequence of requests that is then made.",
            )
        self._next_of[key] = self._next_uses[self._made]
        self._made += 1
        if key in self._heap:
            self._place(key)

    def admitted(self, key: str, *, size_bytes: int, cost_seconds: float) -> None:
        """Note that an expert has just become resident; its size and cost do not matter."""
        del size_bytes, cost_seconds
        self._place(key)

    def victim(self, evictable: Callable[[str], bool]) -> str | None:
        """Return whose next use lies furthest ahead of those that may leave."""
        return self._heap.lowest(evictable)

    def removed(self, key: str) -> None:
        """Note that an expert has left."""
        self._heap.drop(key)

    def _place(self, key: str) -> None:
        self._heap.place(key, (-self._next_of.get(key, inf), 0))


def _next_uses(future: Sequence[str]) -> list[float]:
    """Return for every request when the same expert is asked for again; infinity if never."""
    next_uses = [inf] * len(future)
    seen: dict[str, int] = {}
    for place in range(len(future) - 1, -1, -1):
        next_uses[place] = seen.get(future[place], inf)
        seen[future[place]] = place
    return next_uses
