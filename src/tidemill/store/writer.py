"""Writing: batches of files, each commit a whole and consistent state."""

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from tidemill.core.clock import Clock
from tidemill.core.journal import Journal
from tidemill.store.faults import taking_for_damage, telling_faults
from tidemill.store.paths import is_left_behind, stored_path
from tidemill.store.postings import Postings, join_documents, merge_lists
from tidemill.store.rows import Body, FileFacts, FileRecord, FileRow
from tidemill.store.segments import merge_segments, read_segment, write_segment
from tidemill.store.snapshot import FILE_COLUMNS, UNIT_COLUMNS, living_files
from tidemill.store.tiers import due, due_at_end
from tidemill.store.vectors import packed_vector
from tidemill.store.worklist import Worklist

__all__ = ["STEP", "Batch", "StoreWriter"]

STEP = "index"
"""The journal's name for a file whose rows are in the store."""

SMALL_TEXT = 200
"""Bytes below which packing a text is not tried."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """Some files and the postings of all their units, in the same order.

    Attributes:
        records: What was read from each file.
        postings: One document for each unit of each record; its file is the
            ordinal of the record.
    """

    records: tuple[FileRecord, ...]
    postings: Postings


class StoreWriter:
    """The one who writes; made by `Store.writer`, which holds the job's lock.

    Args:
        connection: Open for writing.
        path: The file, for messages.
        clock: Stamps the journal's entries.

    Attributes:
        connection: As given, for small writes beside the index.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, clock: Clock) -> None:
        self.connection = connection
        self._path = path
        self._journal = Journal(connection, clock)
        self._written = 0

    def begin(self) -> bool:
        """Note that a run has begun; return whether the last one never came to its end."""
        with self._transaction():
            known = self.connection.execute(
                "SELECT count(*) FROM meta WHERE key = 'unfinished'"
            ).fetchone()
            self.connection.execute("INSERT OR IGNORE INTO meta VALUES ('unfinished', '1')")
        return bool(known[0])

    def worklist(self) -> Worklist:
        """Return an empty list of what this run has to do."""
        with telling_faults(self._path):
            return Worklist(self.connection, self._path)

    def settle(self, root: Path) -> int:
        """Note where the store lies, and drop what it knew only where it lay before.

        Args:
            root: The folder that relative paths count from now.

        Returns:
            How many files were dropped: those that are not below ``root``, and those
            whose path would now be written relative to it.
        """
        here = stored_path(str(root))
        with self._transaction():
            known = self.connection.execute("SELECT value FROM meta WHERE key = 'root'").fetchone()
            if known == (here,):
                return 0
            paths = [row[0] for row in self.connection.execute("SELECT path FROM files")]
            freed: set[str] = set()
            dropped = sum(self._remove(key, freed) for key in paths if is_left_behind(key, root))
            self._collect(freed)
            self.connection.execute("INSERT OR REPLACE INTO meta VALUES ('root', ?)", (here,))
        return dropped

    def facts(self, path: str) -> FileFacts | None:
        """Return what the quick check needs to know of a file, or ``None``."""
        with telling_faults(self._path):
            row = self.connection.execute(
                "SELECT size, mtime_ns, inode, ctime_ns, content_hash, recipe, status, reason"
                " FROM files WHERE path = ?",
                (stored_path(path),),
            ).fetchone()
        if row is None:
            return None
        size, mtime_ns, inode, ctime_ns, content, recipe, status, reason = row
        return FileFacts(
            size=size,
            mtime_ns=mtime_ns,
            inode=inode,
            ctime_ns=ctime_ns,
            content_hash=content,
            recipe=recipe,
            status=status,
            reason=reason,
        )

    def write(self, batches: Sequence[Batch]) -> None:
        """Commit files with units, bodies, journal entries and one segment, all or none.

        Raises:
            CapacityError: The disk is full; the state before stays readable.
        """
        if not batches:
            return
        with self._transaction():
            freed: set[str] = set()
            parts = []
            for batch in batches:
                numbers = [self._replace(record, freed) for record in batch.records]
                parts.append(numbered(batch.postings, numbers))
            self._collect(freed)
            self._add_segment(parts)
        self._merge(at_end=False)

    def restat(self, files: Iterable[FileRow]) -> None:
        """Note the new size, times and inode of files whose content is as before."""
        with self._transaction():
            self.connection.executemany(
                "UPDATE files SET size = ?, mtime_ns = ?, inode = ?, ctime_ns = ? WHERE path = ?",
                [
                    (row.size, row.mtime_ns, row.inode, row.ctime_ns, stored_path(row.path))
                    for row in files
                ],
            )

    def forget(self, paths: Iterable[str]) -> int:
        """Remove files with all that came from them; return how many were there."""
        with self._transaction():
            freed: set[str] = set()
            removed = sum([self._remove(stored_path(path), freed) for path in paths])
            self._collect(freed)
        return removed

    def add_vectors(
        self, expert_hash: str, vectors: Iterable[tuple[str, Float[np.ndarray, " vector"]]]
    ) -> None:
        """Commit what an expert says of bodies; those that are gone by now are passed over.

        Raises:
            CapacityError: The disk is full; what was committed before stays.
        """
        with self._transaction():
            self.connection.executemany(
                "INSERT OR REPLACE INTO vectors (body_hash, expert_hash, vector)"
                " SELECT hash, ?, ? FROM bodies WHERE hash = ?",
                [(expert_hash, packed_vector(vector), key) for key, vector in vectors],
            )
            self.connection.execute(
                "INSERT INTO meta VALUES ('vector_changes', '1')"
                " ON CONFLICT (key) DO UPDATE SET value = value + 1"
            )

    def switch_experts(self, experts: Mapping[str, str]) -> None:
        """Let searches ask these experts from now on, and drop the vectors of all others.

        Args:
            experts: Hash of each by name; every body has its vectors of all of them.
        """
        hashes = tuple(experts.values())
        places = ", ".join("?" * len(hashes))
        with self._transaction():
            self.connection.execute(
                "INSERT OR REPLACE INTO meta VALUES ('experts', ?)", (json.dumps(dict(experts)),)
            )
            self.connection.execute(
                f"DELETE FROM vectors WHERE expert_hash NOT IN ({places})",  # noqa: S608  marks
                hashes,
            )

    def finish(self) -> None:
        """End a run: merge segments until a query meets few of them, and drop the dead."""
        self._merge(at_end=True)
        with self._transaction():
            self.connection.execute("DELETE FROM meta WHERE key = 'unfinished'")
        with telling_faults(self._path):
            self.tidy()

    def tidy(self) -> None:
        """Write the log into the file, as far as that goes without waiting for readers."""
        (patience,) = self.connection.execute("PRAGMA busy_timeout").fetchone()
        self.connection.execute("PRAGMA busy_timeout = 0")
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self.connection.execute(f"PRAGMA busy_timeout = {patience}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Commit at the end of the block, or roll back, and raise the generation."""
        with telling_faults(self._path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute(
                    "UPDATE meta SET value = value + 1 WHERE key = 'generation'"
                )
                self.connection.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after a full disk.
                if self.connection.in_transaction:
                    self.connection.rollback()
                raise

    def _replace(self, record: FileRecord, freed: set[str]) -> tuple[int, int]:
        """Write a file anew under a new row; return that row and that of its first unit."""
        key = stored_path(record.file.path)
        self._remove(key, freed)
        places = ", ".join("?" * (1 + FILE_COLUMNS.count(",")))
        file = self.connection.execute(
            f"INSERT INTO files ({FILE_COLUMNS}) VALUES ({places})",  # noqa: S608  constants
            (key, *file_values(record.file)),
        ).lastrowid
        first = self._next_unit()
        places = ", ".join("?" * (3 + UNIT_COLUMNS.count(",")))
        self.connection.executemany(
            f"INSERT INTO units (id, file, {UNIT_COLUMNS}) VALUES ({places})",  # noqa: S608  constants
            [
                (first + place, file, *(getattr(unit, name) for name in UNIT_COLUMNS.split(", ")))
                for place, unit in enumerate(record.units)
            ],
        )
        self.connection.executemany(
            # Equal keys mean equal bodies, but a graph may have been given up for want of time.
            "INSERT INTO bodies (hash, packing, text, graph) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (hash) DO UPDATE SET graph = excluded.graph WHERE length(graph) = 0",
            [packed(body) for body in record.bodies],
        )
        freed.difference_update(body.hash for body in record.bodies)
        self._journal.record(STEP, key, record.file.content_hash or record.file.reason)
        return file or 0, first

    def _next_unit(self) -> int:
        row = self.connection.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = 'units'"
        ).fetchone()
        return 1 + (row[0] if row else 0)

    def _remove(self, key: str, freed: set[str]) -> int:
        """Remove a file's rows; the hashes of its bodies may now belong to nobody."""
        freed.update(
            row[0]
            for row in self.connection.execute(
                "SELECT body_hash FROM units WHERE file = (SELECT id FROM files WHERE path = ?)",
                (key,),
            )
        )
        removed = self.connection.execute("DELETE FROM files WHERE path = ?", (key,)).rowcount
        self._journal.forget(STEP, key)
        return removed

    def _collect(self, freed: set[str]) -> None:
        """Remove bodies and vectors that no unit refers to any more."""
        keys = [(key, key) for key in sorted(freed)]
        unused = "= ? AND NOT EXISTS (SELECT 1 FROM units WHERE body_hash = ?)"
        self.connection.executemany(f"DELETE FROM bodies WHERE hash {unused}", keys)  # noqa: S608
        self.connection.executemany(f"DELETE FROM vectors WHERE body_hash {unused}", keys)  # noqa: S608

    def _add_segment(self, parts: Sequence[Postings]) -> None:
        alive = [np.ones(len(part.documents), dtype=bool) for part in parts]
        documents = join_documents([part.documents for part in parts], alive)
        if len(documents):
            lists = merge_lists([part.lists for part in parts], alive)
            write_segment(self.connection, Postings(documents=documents, lists=lists))
            self._written += len(documents)

    def _merge(self, *, at_end: bool) -> None:
        """Merge the segments that are due, a transaction for each group."""
        with telling_faults(self._path):
            sizes = dict(self.connection.execute("SELECT id, documents FROM segments"))
        groups = self._due_at_end(sizes) if at_end else due(sizes)
        for group in groups:
            with self._transaction(), taking_for_damage():
                chosen = [read_segment(self.connection, number) for number in group]
                living = living_files(self.connection)
                alive = [living[part.documents.files] for part in chosen]
                merge_segments(self.connection, chosen, alive)

    def _due_at_end(self, sizes: dict[int, int]) -> list[list[int]]:
        """Return the groups to merge at the end, by how many documents still live."""
        with telling_faults(self._path), taking_for_damage():
            living = living_files(self.connection)
            counts = {
                number: int(np.count_nonzero(living[np.frombuffer(files, dtype="<i8")]))
                for number, files in self.connection.execute("SELECT id, files FROM segments")
            }
        return due_at_end(counts, sizes, written=self._written)


def file_values(file: FileRow) -> tuple[object, ...]:
    """Return the values of `FILE_COLUMNS` after the path."""
    names = FILE_COLUMNS.split(", ")[1:-1]
    return (*(getattr(file, name) for name in names), json.dumps(file.unparsable))


def numbered(postings: Postings, numbers: Sequence[tuple[int, int]]) -> Postings:
    """Give a batch's documents the rows of their files and units.

    Args:
        postings: With ordinals for files; documents of a file stand together.
        numbers: Row of each file, and of its first unit.
    """
    files = postings.documents.files
    rows = np.array(numbers, dtype=np.int64).reshape(-1, 2)
    place = np.arange(len(files)) - np.searchsorted(files, files)
    return replace(
        postings,
        documents=replace(postings.documents, files=rows[files, 0], units=rows[files, 1] + place),
    )


def packed(body: Body) -> tuple[str, str, bytes, bytes]:
    """Return a body's row, its text compressed where that pays."""
    if len(body.text) >= SMALL_TEXT:
        small = zlib.compress(body.text, 1)
        if len(small) < len(body.text):
            return body.hash, "zlib", small, body.graph
    return body.hash, "plain", body.text, body.graph
