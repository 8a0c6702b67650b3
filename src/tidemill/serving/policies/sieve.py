"""SIEVE: one queue, one bit, one hand (Zhang et al., NSDI 2024)."""

from collections.abc import Callable

__all__ = ["Sieve"]


class _Node:
    """A place in the ring: an expert, or the mark between the newest and the oldest."""

    __slots__ = ("key", "newer", "older", "visited")

    def __init__(self, key: str) -> None:
        self.key = key
        self.visited = False
        self.older = self
        self.newer = self

    def join(self, before: "_Node") -> None:
        """Stand right before another."""
        self.older, self.newer = before.older, before
        self.older.newer = before.older = self

    def leave(self) -> None:
        """Close the ring behind oneself."""
        self.older.newer, self.newer.older = self.newer, self.older


class Sieve:
    """A hand goes from the oldest to the newest, and takes the first that was not used since.

    Whom the hand passes loses its mark but keeps its place, unlike with CLOCK, so that new
    ones are sifted soon and old ones stay. Who may not leave is passed over with its mark.
    Constant time, spread over all calls.
    """

    def __init__(self) -> None:
        self._nodes: dict[str, _Node] = {}
        self._mark = _Node("")
        self._hand = self._mark

    def __contains__(self, key: object) -> bool:
        return key in self._nodes

    def __len__(self) -> int:
        return len(self._nodes)

    def accessed(self, key: str) -> None:
        """Note a request, hit or miss."""
        if key in self._nodes:
            self._nodes[key].visited = True

    def admitted(self, key: str, *, size_bytes: int, cost_seconds: float) -> None:
        """Note that an expert has just become resident; its size and cost do not matter."""
        del size_bytes, cost_seconds
        self.removed(key)
        node = self._nodes[key] = _Node(key)
        node.join(self._mark)

    def victim(self, evictable: Callable[[str], bool]) -> str | None:
        """Move the hand on to one that may leave and was not used, and return it."""
        # Twice round, mark included: the first round unmarks all that may leave.
        for _ in range(2 * len(self._nodes) + 2):
            node = self._hand
            if node is not self._mark and evictable(node.key):
                if not node.visited:
                    return node.key
                node.visited = False
            self._hand = node.newer
        return None

    def removed(self, key: str) -> None:
        """Note that an expert has left; the hand goes on behind it."""
        node = self._nodes.pop(key, None)
        if node is None:
            return
        if node is self._hand:
            self._hand = node.newer
        node.leave()
