"""What was found lately, up to a number of things."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["Recent"]

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """A mapping that forgets what was not used for the longest time.

    Args:
        most: Things that it holds.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[Key, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: Key) -> Value | None:
        """Return what is held under a key, or None."""
        if key in self._held:
            self._held.move_to_end(key)
        return self._held.get(key)

    def put(self, key: Key, value: Value) -> list[Value]:
        """Hold something, and return what had to go for it."""
        self._held[key] = value
        self._held.move_to_end(key)
        gone = []
        while len(self._held) > self._most:
            gone.append(self._held.popitem(last=False)[1])
        return gone

    def pop(self, key: Key) -> Value | None:
        """Forget a key, and return what was held under it."""
        return self._held.pop(key, None)

    def clear(self) -> list[Value]:
        """Forget everything, and return it."""
        gone = list(self._held.values())
        self._held.clear()
        return gone
