"""What one run of indexing has to do: kept in a temporary table, so memory stays flat."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tidemill.store.faults import telling_faults
from tidemill.store.paths import real_path, stored_path

__all__ = ["Task", "Worklist"]

CHUNK = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A file that this run met.

    Attributes:
        path: As in `FileRow.path`.
        known_hash: Hash of its content when it was last read; empty when it must
            be read in any case.
        has_rows: Whether something was read of it before, which is better than nothing.
        pending: Whether it is to be read.
        size: Bytes, as the walk saw them.
    """

    path: str
    known_hash: str = ""
    has_rows: bool = False
    pending: bool = True
    size: int = 0


class Worklist:
    """The files that one run met, in a table that lives as long as the connection.

    Args:
        connection: The writer's.
        path: The store's file, for messages.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        with telling_faults(path):
            connection.execute("DROP TABLE IF EXISTS temp.worklist")
            connection.execute(
                "CREATE TEMP TABLE worklist (number INTEGER PRIMARY KEY, path TEXT UNIQUE,"
                " known_hash TEXT, has_rows INTEGER, pending INTEGER, size INTEGER)"
            )

    def add(self, tasks: Iterable[Task]) -> None:
        """Note files; one met twice (by overlapping roots) counts once."""
        rows = [
            (stored_path(task.path), task.known_hash, task.has_rows, task.pending, task.size)
            for task in tasks
        ]
        with telling_faults(self._path):
            self._connection.execute("BEGIN")
            self._connection.executemany(
                "INSERT OR IGNORE INTO temp.worklist (path, known_hash, has_rows, pending, size)"
                " VALUES (?, ?, ?, ?, ?)",
                rows,
            )
            self._connection.execute("COMMIT")

    def totals(self) -> tuple[int, int, int]:
        """Return how many files were met, how many are to be read, and their bytes."""
        row = self._connection.execute(
            "SELECT count(*), coalesce(sum(pending), 0), coalesce(sum(size * pending), 0)"
            " FROM temp.worklist"
        ).fetchone()
        return int(row[0]), int(row[1]), int(row[2])

    def pending(self) -> Iterator[Task]:
        """Yield the files to read, in the order in which they were met."""
        last = 0
        while rows := self._connection.execute(
            "SELECT number, path, known_hash, has_rows, size FROM temp.worklist"
            " WHERE pending AND number > ? ORDER BY number LIMIT ?",
            (last, CHUNK),
        ).fetchall():
            last = rows[-1][0]
            for _, path, known_hash, has_rows, size in rows:
                yield Task(
                    path=real_path(path),
                    known_hash=known_hash,
                    has_rows=bool(has_rows),
                    size=size,
                )

    def unmet(self) -> Iterator[str]:
        """Yield the paths in the store that this run did not meet."""
        rows = self._connection.execute(
            "SELECT path FROM files WHERE path NOT IN (SELECT path FROM temp.worklist)"
            " ORDER BY path"
        )
        for (path,) in rows:
            yield real_path(path)
