"""A queue of experts that knows how many bytes stand in it."""

from collections import OrderedDict
from collections.abc import Callable

__all__ = ["ByteQueue"]


class ByteQueue:
    """Experts from the oldest to the newest, with their sizes."""

    def __init__(self) -> None:
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._held = 0

    def __contains__(self, key: object) -> bool:
        return key in self._sizes

    def __len__(self) -> int:
        return len(self._sizes)

    @property
    def held_bytes(self) -> int:
        """The sizes of all that stand in it, added up."""
        return self._held

    def size_of(self, key: str) -> int:
        """Return the size of an expert that is there."""
        return self._sizes[key]

    def push(self, key: str, size_bytes: int) -> None:
        """Put an expert that is not there at the newest end."""
        self._sizes[key] = size_bytes
        self._held += size_bytes

    def pop(self, key: str) -> int:
        """Take an expert out, wherever it stands, and return its size."""
        size_bytes = self._sizes.pop(key)
        self._held -= size_bytes
        return size_bytes

    def renew(self, key: str) -> None:
        """Make an expert the newest."""
        self._sizes.move_to_end(key)

    def oldest(self, evictable: Callable[[str], bool] | None = None) -> str | None:
        """Return the oldest expert of those that may leave, or None where there is none.

        Args:
            evictable: Whether an expert may leave; nobody is asked where it is None.
        """
        return next(filter(evictable, self._sizes) if evictable else iter(self._sizes), None)
