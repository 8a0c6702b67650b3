"""GreedyDual-Size with frequency, and LFU with dynamic ageing, its case of equal worth.

Cherkasova 1998, HPL-98-69; Arlitt, Cherkasova, Dilley, Friedrich and Jin 2000, "Evaluating
content management techniques for Web proxy caches".
"""

from collections.abc import Callable

from tidemill.serving.policies.lazy_heap import LazyHeap

__all__ = ["Gdsf", "equal_worth", "seconds_per_byte"]


def seconds_per_byte(size_bytes: int, cost_seconds: float) -> float:
    """Return what an expert's room saves: seconds of loading for every byte it takes."""
    return cost_seconds / max(size_bytes, 1)


def equal_worth(size_bytes: int, cost_seconds: float) -> float:
    """Return 1, whatever an expert takes and costs."""
    del size_bytes, cost_seconds
    return 1.0


class Gdsf:
    """The lowest L + uses x worth leaves, where L is that number of who left last.

    Uses are counted while an expert is resident, and forgotten when it leaves. L only rises,
    so that those whose uses lie long back are overtaken by new ones. Logarithmic time.

    Args:
        worth: What one use of an expert is worth, of its size and cost: ``seconds_per_byte``
            makes it GDSF, ``equal_worth`` LFU-DA.
    """

    def __init__(self, worth: Callable[[int, float], float] = seconds_per_byte) -> None:
        self._worth_of = worth
        self._worths: dict[str, float] = {}
        self._uses: dict[str, int] = {}
        self._heap = LazyHeap()
        self._age = 0.0
        self._now = 0

    def __contains__(self, key: object) -> bool:
        return key in self._heap

    def __len__(self) -> int:
        return len(self._heap)

    def accessed(self, key: str) -> None:
        """Note a request, hit or miss."""
        self._now += 1
        if key in self._uses:
            self._uses[key] += 1
            self._place(key)

    def admitted(self, key: str, *, size_bytes: int, cost_seconds: float) -> None:
        """Note that an expert has just become resident, and what it is worth."""
        self._worths[key] = self._worth_of(size_bytes, cost_seconds)
        self._uses[key] = 1
        self._place(key)

    def victim(self, evictable: Callable[[str], bool]) -> str | None:
        """Return who is worth least of those that may leave; of equals, the least recent."""
        key = self._heap.lowest(evictable)
        if key is not None:
            self._age = max(self._age, self._heap.priority(key)[0])
        return key

    def removed(self, key: str) -> None:
        """Note that an expert has left."""
        self._heap.drop(key)
        self._uses.pop(key, None)
        self._worths.pop(key, None)

    def _place(self, key: str) -> None:
        self._heap.place(key, (self._age + self._uses[key] * self._worths[key], self._now))
