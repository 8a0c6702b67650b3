"""The postings that queries read lately, so that common terms are read once."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidemill.store.segments import Segment

__all__ = ["PostingCache", "TermPostings"]

MOST_BYTES = 16 << 20
ENTRY_BYTES = 512
"""What an entry costs besides its postings, about."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TermPostings:
    """A query term in one segment.

    Attributes:
        documents: Where it stands, ascending.
        frequencies: How often, weighted.
    """

    documents: NDArray[np.unsignedinteger]
    frequencies: NDArray[np.uint8]

    def frequencies_in(self, wanted: NDArray[np.unsignedinteger]) -> NDArray[np.uint8]:
        """Return the term's frequency in each wanted document, 0 where it does not stand.

        Args:
            wanted: Of the same type as `documents`, so that nothing is converted.
        """
        documents = self.documents
        if not len(documents):
            return np.zeros(len(wanted), dtype=np.uint8)
        places = documents.searchsorted(wanted)
        found = documents.take(places, mode="clip") == wanted
        frequencies: NDArray[np.uint8] = self.frequencies.take(places, mode="clip") * found
        return frequencies


class PostingCache:
    """Postings by segment and term, the oldest dropped first.

    Segments never change and their rows are never given anew, so an entry is
    right for as long as its segment is there.

    Args:
        most_bytes: What is kept, about.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: dict[tuple[int, int], TermPostings] = {}

    def get(self, connection: sqlite3.Connection, segment: Segment, term: int) -> TermPostings:
        """Return the postings of a term's hash in a segment.

        Args:
            connection: Inside a read transaction that sees the segment.
            segment: The segment.
            term: Hash of the term; one that does not occur has no postings.
        """
        key = (segment.id, term)
        found = self._kept.pop(key, None)
        if found is None:
            found = read_postings(connection, segment, term)
            self._bytes += weight(found)
            self._shrink()
        self._kept[key] = found
        return found

    def retain(self, segments: Iterable[int]) -> None:
        """Drop what belongs to other segments than these."""
        staying = set(segments)
        self._kept = {key: entry for key, entry in self._kept.items() if key[0] in staying}
        self._bytes = sum(weight(entry) for entry in self._kept.values())

    def _shrink(self) -> None:
        while self._bytes > self._most_bytes and self._kept:
            self._bytes -= weight(self._kept.pop(next(iter(self._kept))))


def read_postings(connection: sqlite3.Connection, segment: Segment, term: int) -> TermPostings:
    """Read one term's postings, apart from the rows that they came in."""
    documents, frequencies = segment.read(connection, *segment.place(term))
    return TermPostings(documents=documents.copy(), frequencies=frequencies.copy())


def weight(postings: TermPostings) -> int:
    """Return the bytes that an entry of the cache takes, about."""
    return postings.documents.nbytes + postings.frequencies.nbytes + ENTRY_BYTES
