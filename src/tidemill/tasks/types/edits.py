"""Insertions into a text: every other byte stays, and places can be followed across."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import accumulate

from tidemill.source.annotations.site import TypeSite
from tidemill.source.spans import Span

__all__ = ["Edited", "Insertion"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Insertion:
    """New bytes at a place.

    Attributes:
        at: Byte of the old text before which they stand.
        rank: Order among those at one place.
        text: What is inserted.
    """

    at: int
    rank: int
    text: bytes


class Edited:
    """A text with insertions.

    Args:
        text: As it was.
        insertions: In any order; those of one place and rank keep theirs.
    """

    def __init__(self, text: bytes, insertions: Iterable[Insertion]) -> None:
        self._old = text
        self.insertions: tuple[Insertion, ...] = tuple(
            sorted(insertions, key=lambda one: (one.at, one.rank))
        )
        self._places = [one.at for one in self.insertions]
        grown = accumulate((len(one.text) for one in self.insertions), initial=0)
        self._grown = list(grown)
        # Where each insertion ends in the new text.
        self._ends = [at + after for at, after in zip(self._places, self._grown[1:], strict=True)]

    @property
    def text(self) -> bytes:
        """The new text."""
        pieces: list[bytes] = []
        done = 0
        for one in self.insertions:
            pieces += [self._old[done : one.at], one.text]
            done = one.at
        return b"".join([*pieces, self._old[done:]])

    def moved(self, offset: int) -> int:
        """Return where a byte of the old text stands in the new one."""
        return offset + self._grown[bisect_right(self._places, offset)]

    def moved_site(self, site: TypeSite) -> TypeSite:
        """Return a site with its name, and its function, where they stand in the new text."""
        place = Span(start=self.moved(site.place.start), end=self.moved(site.place.end))
        function = None if site.function is None else self._begin(site.function)
        return replace(site, place=place, function=function)

    def _begin(self, offset: int) -> int:
        """Return where what began at a byte begins now: at a new parenthesis, if there is one."""
        count = bisect_right(self._places, offset)
        behind = self.moved(offset)
        while count and self._places[count - 1] == offset:
            count -= 1
            behind -= len(self.insertions[count].text)
            if self.insertions[count].text == b"(":
                return behind
        return self.moved(offset)

    def origin(self, offset: int) -> int:
        """Return where a byte of the new text stood; inside an insertion, where that stands."""
        count = bisect_right(self._ends, offset)
        old = offset - self._grown[count]
        if count < len(self._places):
            return min(old, self._places[count])
        return old

    def spans(self) -> list[Span]:
        """Return where each insertion stands in the new text, in the order of `insertions`."""
        return [
            Span(start=end - len(one.text), end=end)
            for one, end in zip(self.insertions, self._ends, strict=True)
        ]
