"""Segments: immutable postings inside ``index.db``, read by the piece.

Each commit adds one small segment; small ones are merged into larger ones, as
in a log-structured merge tree (O'Neil et al. 1996), so that a query meets few.
A document dies with its file's row; its postings leave at the next merge.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tidemill.store.postings import (
    Documents,
    PostingLists,
    Postings,
    join_documents,
    merge_lists,
)

__all__ = ["Segment", "merge_segments", "read_segment", "segments_of", "write_segment"]

PART = 8_192
"""Postings in one row: a rare term costs one small read, a common one a few."""

MERGE_WINDOW = 1 << 16
"""Postings that a merge holds in memory at a time, about."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment:
    """What is kept in memory of one segment; its postings stay in the file.

    Attributes:
        id: Its row.
        width: Bytes of a document number, 2 or 4.
        terms: Hashes of its terms, ascending.
        starts: Where each term's postings begin, and their end.
        documents: Its documents, dead ones included.
    """

    id: int
    width: int
    terms: NDArray[np.uint64]
    starts: NDArray[np.uint32]
    documents: Documents

    def position(self, term: int) -> int:
        """Return the place of the first term whose hash is not below ``term``."""
        if term >> 64:
            return len(self.terms)
        return int(np.searchsorted(self.terms, np.uint64(term)))

    def place(self, term: int) -> tuple[int, int]:
        """Return where the postings of a term's hash begin and end; equal when absent."""
        position = self.position(term)
        if position == len(self.terms) or int(self.terms[position]) != term:
            return 0, 0
        return int(self.starts[position]), int(self.starts[position + 1])

    def read(
        self, connection: sqlite3.Connection, start: int, end: int
    ) -> tuple[NDArray[np.unsignedinteger], NDArray[np.uint8]]:
        """Read postings ``start`` to ``end``: documents and weighted frequencies."""
        if start == end:
            return np.empty(0, dtype=f"<u{self.width}"), np.empty(0, dtype=np.uint8)
        rows = connection.execute(
            "SELECT documents, frequencies FROM postings"
            " WHERE segment = ? AND part BETWEEN ? AND ? ORDER BY part",
            (self.id, start // PART, (end - 1) // PART),
        ).fetchall()
        offset = start // PART * PART
        documents = np.frombuffer(b"".join(row[0] for row in rows), dtype=f"<u{self.width}")
        frequencies = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.uint8)
        window = slice(start - offset, end - offset)
        return documents[window], frequencies[window]


def segments_of(
    connection: sqlite3.Connection, known: Sequence[Segment] = ()
) -> tuple[Segment, ...]:
    """Return the store's segments; those already ``known`` are not read again."""
    at_hand = {segment.id: segment for segment in known}
    ids = [row[0] for row in connection.execute("SELECT id FROM segments ORDER BY id")]
    return tuple(at_hand.get(number) or read_segment(connection, number) for number in ids)


def read_segment(connection: sqlite3.Connection, number: int) -> Segment:
    """Read what is kept in memory of one segment."""
    row = connection.execute(
        "SELECT width, terms, starts, units, files, kinds, lengths FROM segments WHERE id = ?",
        (number,),
    ).fetchone()
    width, terms, starts, units, files, kinds, lengths = row
    return Segment(
        id=number,
        width=width,
        terms=np.frombuffer(terms, dtype="<u8"),
        starts=np.frombuffer(starts, dtype="<u4"),
        documents=Documents(
            units=np.frombuffer(units, dtype="<i8"),
            files=np.frombuffer(files, dtype="<i8"),
            kinds=np.frombuffer(kinds, dtype=np.uint8),
            lengths=np.frombuffer(lengths, dtype="<f4"),
        ),
    )


def write_segment(connection: sqlite3.Connection, postings: Postings) -> int:
    """Write ``postings`` as a new segment in the caller's transaction; return its row."""
    return write_windows(connection, postings.documents, iter((postings.lists,)))


def write_windows(
    connection: sqlite3.Connection, documents: Documents, windows: Iterator[PostingLists]
) -> int:
    """Write a segment whose postings arrive in windows of ascending terms.

    Args:
        connection: Inside the caller's transaction.
        documents: The segment's documents.
        windows: Postings over the same documents, disjoint and ascending in terms.
    """
    width = 2 if len(documents) <= 1 << 16 else 4
    number = connection.execute(
        "INSERT INTO segments (documents, postings, width, terms, starts, units, files, kinds,"
        " lengths) VALUES (?, 0, ?, x'', x'', ?, ?, ?, ?)",
        (
            len(documents),
            width,
            documents.units.astype("<i8").tobytes(),
            documents.files.astype("<i8").tobytes(),
            documents.kinds.tobytes(),
            documents.lengths.astype("<f4").tobytes(),
        ),
    ).lastrowid
    parts = PartWriter(connection, number or 0, width)
    for window in windows:
        parts.add(window)
    parts.finish()
    return number or 0


class PartWriter:
    """Cuts a stream of postings into rows of `PART` and collects the dictionary.

    Args:
        connection: Inside the caller's transaction.
        segment: Row of the segment being written.
        width: Bytes of a document number.
    """

    def __init__(self, connection: sqlite3.Connection, segment: int, width: int) -> None:
        self._connection = connection
        self._segment = segment
        self._width = width
        self._terms: list[NDArray[np.uint64]] = []
        self._starts: list[NDArray[np.int64]] = []
        self._documents = np.empty(0, dtype=f"<u{width}")
        self._frequencies = np.empty(0, dtype=np.uint8)
        self._written = 0

    def add(self, window: PostingLists) -> None:
        """Take the next terms with their postings."""
        held = self._written * PART + len(self._documents)
        self._terms.append(window.terms)
        self._starts.append(window.starts[:-1] + held)
        self._documents = np.concatenate(
            (self._documents, window.documents.astype(f"<u{self._width}"))
        )
        self._frequencies = np.concatenate((self._frequencies, window.frequencies))
        self._write(len(self._documents) // PART)

    def finish(self) -> None:
        """Write the last part and the dictionary."""
        total = self._written * PART + len(self._documents)
        if len(self._documents):
            self._write(1)
        terms = np.concatenate([*self._terms, np.empty(0, dtype=np.uint64)])
        starts = np.concatenate([*self._starts, np.array([total])])
        self._connection.execute(
            "UPDATE segments SET postings = ?, terms = ?, starts = ? WHERE id = ?",
            (
                total,
                terms.astype("<u8").tobytes(),
                starts.astype("<u4").tobytes(),
                self._segment,
            ),
        )

    def _write(self, count: int) -> None:
        for part in range(count):
            window = slice(part * PART, (part + 1) * PART)
            self._connection.execute(
                "INSERT INTO postings (segment, part, documents, frequencies) VALUES (?, ?, ?, ?)",
                (
                    self._segment,
                    self._written + part,
                    self._documents[window].tobytes(),
                    self._frequencies[window].tobytes(),
                ),
            )
        self._documents = self._documents[count * PART :]
        self._frequencies = self._frequencies[count * PART :]
        self._written += count


def merge_segments(
    connection: sqlite3.Connection,
    segments: Sequence[Segment],
    alive: Sequence[NDArray[np.bool_]],
) -> None:
    """Replace ``segments`` by one that holds their living documents.

    The postings pass through memory a window of terms at a time.

    Args:
        connection: Inside the caller's transaction.
        segments: What to replace.
        alive: For each, which of its documents live.
    """
    documents = join_documents([segment.documents for segment in segments], alive)
    if len(documents):
        write_windows(connection, documents, merged_windows(connection, segments, alive))
    connection.executemany(
        "DELETE FROM segments WHERE id = ?", [(segment.id,) for segment in segments]
    )


def merged_windows(
    connection: sqlite3.Connection,
    segments: Sequence[Segment],
    alive: Sequence[NDArray[np.bool_]],
) -> Iterator[PostingLists]:
    """Merge term range by term range: hashes are uniform, so ranges are alike in size."""
    total = sum(int(segment.starts[-1]) for segment in segments)
    count = total // MERGE_WINDOW + 1
    bounds = [(position << 64) // count for position in range(count + 1)]
    for low, high in pairwise(bounds):
        yield merge_lists([window_of(connection, part, low, high) for part in segments], alive)


def window_of(
    connection: sqlite3.Connection, segment: Segment, low: int, high: int
) -> PostingLists:
    """Return the postings of the terms with ``low <= hash < high``."""
    first, last = segment.position(low), segment.position(high)
    starts = segment.starts[first : last + 1].astype(np.int64)
    start, end = int(starts[0]), int(starts[-1])
    documents, frequencies = segment.read(connection, start, end)
    return PostingLists(
        terms=segment.terms[first:last],
        starts=starts - start,
        documents=documents.astype(np.uint32),
        frequencies=frequencies,
    )
