"""LRFU that learns how long uses count: the default.

The spectrum between LRU and LFU is that of Lee et al. 2001 (see ``shadow``); learning the
place on it by shadow caches is ours.
"""

from collections.abc import Callable, Sequence

from tidemill.serving.policies.lazy_heap import LazyHeap
from tidemill.serving.policies.shadow import Facts, LoopShadow, Shadow

__all__ = ["AdaptiveLrfu"]

_HALF_LIVES = (16, 64, 256, 1_024, 4_096, 16_384)
_JUDGED_OVER = 2_000
_MOST_STRANGERS = 4_096


class AdaptiveLrfu:
    """The lowest faded count of uses, times seconds of loading a byte, leaves.

    How fast uses fade decides everything: slowly is best while popularity stays, and worse
    than LRU once it moves. So a few shadow caches, which hold names alone, run along with
    different half-lives, and one for loops, from which the latest leave; the one that would have
    loaded least of late is followed. Counts outlive eviction. A request costs every shadow a few
    operations, a victim logarithmic time, and a change of the one followed a new heap.

    Args:
        capacity_bytes: Of the tier, and of every shadow.
        half_lives: Requests after which a use counts half, one shadow each.
        sees_loops: Whether there is a shadow for loops as well.
        judged_over: Requests after which a shadow's loading counts half against it.
        most_strangers: How many that are not resident are remembered; at least four times as
            many as are resident always may be.
    """

    def __init__(
        self,
        capacity_bytes: int,
        *,
        half_lives: Sequence[float] = _HALF_LIVES,
        sees_loops: bool = True,
        judged_over: float = _JUDGED_OVER,
        most_strangers: int = _MOST_STRANGERS,
    ) -> None:
        fading = [Shadow(capacity_bytes, half_life) for half_life in half_lives]
        self._slowest = fading[-1]
        self._shadows = (*fading, *([LoopShadow(capacity_bytes)] if sees_loops else []))
        self._seconds = [0.0] * len(self._shadows)
        self._kept = 0.5 ** (1 / judged_over)
        self._followed = len(fading) // 2
        self._known: dict[str, Facts] = {}
        self._heap = LazyHeap()
        self._most_strangers = most_strangers
        self._now = 0

    def __contains__(self, key: object) -> bool:
        return key in self._heap

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def half_life(self) -> float:
        """After how many requests a use counts half at present; says nothing in a loop."""
        return self._shadows[self._followed].half_life

    @property
    def is_in_loop(self) -> bool:
        """Whether the latest leave at present."""
        return isinstance(self._shadows[self._followed], LoopShadow)

    @property
    def remembered(self) -> int:
        """Of how many experts something is remembered, resident or not."""
        return len(self._known)

    def accessed(self, key: str) -> None:
        """Note a request, hit or miss; of one never admitted yet, ``admitted`` counts it."""
        self._now += 1
        if key in self._known:
            self._count(key)
        if key in self._heap:
            self._place(key, self._now)

    def admitted(self, key: str, *, size_bytes: int, cost_seconds: float) -> None:
        """Note that an expert has just become resident, and what it is worth."""
        is_new = key not in self._known
        self._known[key] = Facts.of(size_bytes, cost_seconds)
        if is_new:
            self._count(key)
        self._place(key, self._now)
        if len(self._known) - len(self._heap) > max(self._most_strangers, 4 * len(self._heap)):
            self._forget_half()

    def victim(self, evictable: Callable[[str], bool]) -> str | None:
        """Return who is worth least of those that may leave, by the best half-life of late."""
        self._follow_the_best()
        return self._heap.lowest(evictable)

    def removed(self, key: str) -> None:
        """Note that an expert has left; its uses stay known."""
        self._heap.drop(key)

    def _count(self, key: str) -> None:
        facts = self._known[key]
        for place, shadow in enumerate(self._shadows):
            missed = shadow.requested(key, facts, now=self._now)
            self._seconds[place] = self._seconds[place] * self._kept + missed * facts.cost_seconds

    def _place(self, key: str, used: float) -> None:
        rank = self._shadows[self._followed].rank(key, self._known[key], now=used)
        self._heap.place(key, (rank, used))

    def _follow_the_best(self) -> None:
        best = min(self._seconds)
        if self._seconds[self._followed] > best:
            self._followed = self._seconds.index(best)
            for key in self._heap:
                self._place(key, self._heap.priority(key)[1])

    def _forget_half(self) -> None:
        """Forget the half of the strangers whose uses have faded most."""
        strangers = [key for key in self._known if key not in self._heap]
        strangers.sort(key=self._slowest.count)
        for key in strangers[: len(strangers) // 2]:
            del self._known[key]
            for shadow in self._shadows:
                shadow.forget(key)
