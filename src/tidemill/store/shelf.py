"""A shelf: what was made of files and can be made again, kept by the hash of its origin.

A shelf is a file of its own beside ``index.db``, so that a verb which only reads the
store need not wait for a writer, and so that it can be thrown away at any time. It
never stands in the way: what cannot be read from it is made again, and what cannot be
put there is not kept.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Self

from tidemill.store.connection import DATABASE, connected

__all__ = ["Shelf"]

TABLES = """
CREATE TABLE IF NOT EXISTS things (key TEXT PRIMARY KEY, thing BLOB NOT NULL, run INTEGER NOT NULL)
    WITHOUT ROWID
"""
RUNS_KEPT = 32
"""A thing that so many runs did not ask for is thrown away."""

RUNS_UNMARKED = 8
"""So often a thing may be asked for before that is written down."""

KEYS_AT_ONCE = 500


class Shelf:
    """One shelf, open for one run; a context manager.

    Args:
        folder: The store's folder, which must exist.
        name: What lies on it, a short word.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path: Path = folder / f"{DATABASE}.{name}"
        self._connection: sqlite3.Connection | None = None
        self._run = 0

    def __enter__(self) -> Self:
        """Open the shelf; a damaged one is emptied, one that cannot be written stays shut."""
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            if not isinstance(error, sqlite3.OperationalError):
                with suppress(OSError):
                    self.path.unlink()
                with suppress(sqlite3.Error):
                    self._open()
        except OSError:
            pass
        return self

    def __exit__(self, *_: object) -> None:
        """Throw away what nobody asks for any more, and close."""
        if self._connection is not None:
            with closing(self._connection) as connection, suppress(sqlite3.Error):
                connection.execute("DELETE FROM things WHERE run < ?", (self._run - RUNS_KEPT,))
        self._connection = None

    def _open(self) -> None:
        if self.path.is_symlink() or self.path.parent.is_symlink():
            return
        self.path.touch(mode=0o600)
        connection = connected(self.path, "rw")
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(TABLES)
            newest = connection.execute("SELECT coalesce(max(run), 0) FROM things").fetchone()[0]
        except BaseException:
            connection.close()
            raise
        self._run = newest + 1
        self._connection = connection

    def find(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return what lies there under these keys; a key without anything is left out."""
        found: dict[str, bytes] = {}
        if self._connection is None:
            return found
        for first in range(0, len(keys), KEYS_AT_ONCE):
            group = keys[first : first + KEYS_AT_ONCE]
            places = ", ".join("?" * len(group))
            with suppress(sqlite3.Error):
                rows = self._connection.execute(
                    f"SELECT key, thing, run FROM things WHERE key IN ({places})",  # noqa: S608  constants
                    tuple(group),
                ).fetchall()
                found |= {key: thing for key, thing, _ in rows}
                self._mark(key for key, _, run in rows if run < self._run - RUNS_UNMARKED)
        return found

    def put(self, things: Mapping[str, bytes]) -> None:
        """Lay things on the shelf under their keys, in one transaction."""
        if self._connection is None or not things:
            return
        rows = [(key, thing, self._run) for key, thing in things.items()]
        self._write("INSERT OR REPLACE INTO things VALUES (?, ?, ?)", rows)

    def _mark(self, keys: Iterable[str]) -> None:
        self._write("UPDATE things SET run = ? WHERE key = ?", [(self._run, key) for key in keys])

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        if self._connection is None or not rows:
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(statement, rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
