"""The places for connections: so many, and who waits gives way to who comes.

A connection that waits, for its first request or its next one, holds a place only while nobody
else needs it: a thousand half-open connections keep nobody out, each is the next to go.
"""

from collections import OrderedDict
from typing import Protocol

__all__ = ["Guest", "Places"]


class Guest(Protocol):
    """A connection, as far as its place matters."""

    def give_way(self) -> None:
        """Go at once: somebody else has the place."""
        ...


class Places:
    """Who holds a place, and who of them waits.

    Args:
        most: Places there are; as many again may be on their way out.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._seated: set[Guest] = set()
        self._waiting: OrderedDict[Guest, None] = OrderedDict()
        self._leaving: set[Guest] = set()

    def __len__(self) -> int:
        return len(self._seated)

    def admit(self, guest: Guest) -> bool:
        """Give a new connection a place; the one that has waited longest may have to go.

        Returns:
            Whether there was one.
        """
        if len(self._seated) >= self._most and self._waiting:
            longest, _ = self._waiting.popitem(last=False)
            self._seated.discard(longest)
            longest.give_way()
        if len(self._seated) >= self._most:
            return False
        self._seated.add(guest)
        self._waiting[guest] = None
        return True

    def begins_work(self, guest: Guest) -> None:
        """Note that a request is there: its connection does not give way."""
        self._waiting.pop(guest, None)

    def begins_to_wait(self, guest: Guest) -> None:
        """Note that an answer is complete, and another request may come."""
        if guest in self._seated:
            self._waiting[guest] = None

    def begins_to_leave(self, guest: Guest) -> bool:
        """Free the place of a connection that still has something to say.

        Returns:
            Whether it may take its time.
        """
        self._forget(guest)
        if len(self._leaving) >= self._most:
            return False
        self._leaving.add(guest)
        return True

    def left(self, guest: Guest) -> None:
        """Note that a connection is no more."""
        self._forget(guest)
        self._leaving.discard(guest)

    def _forget(self, guest: Guest) -> None:
        self._seated.discard(guest)
        self._waiting.pop(guest, None)
