"""Finished steps, keyed by content, so that work resumes and is never done twice.

The journal is a table beside the facts it vouches for. It never commits: the
fact and its entry belong to the caller's one transaction, and a crash keeps
both or neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.core.clock import SystemClock

if TYPE_CHECKING:
    import sqlite3

    from tidemill.core.clock import Clock

__all__ = ["JOURNAL_TABLE", "Journal"]

JOURNAL_TABLE = """
CREATE TABLE IF NOT EXISTS journal (
    step TEXT NOT NULL,
    key TEXT NOT NULL,
    result TEXT NOT NULL,
    finished_at TEXT NOT NULL,
    PRIMARY KEY (step, key)
) WITHOUT ROWID
"""
"""For those who make the table in the same step as others."""

_RECORD = """
INSERT INTO journal (step, key, result, finished_at) VALUES (?, ?, ?, ?)
ON CONFLICT (step, key) DO UPDATE SET result = excluded.result, finished_at = excluded.finished_at
"""


class Journal:
    """The finished steps of one store.

    Args:
        connection: The caller's connection; the table is made when absent.
        clock: Says when a step was finished.
    """

    def __init__(self, connection: sqlite3.Connection, clock: Clock | None = None) -> None:
        self._connection = connection
        self._clock = SystemClock() if clock is None else clock
        connection.execute(JOURNAL_TABLE)

    def done(self, step: str, key: str) -> str | None:
        """Return what the step gave for this key, or None when it is not finished."""
        row = self._connection.execute(
            "SELECT result FROM journal WHERE step = ? AND key = ?", (step, key)
        ).fetchone()
        return None if row is None else str(row[0])

    def record(self, step: str, key: str, result: str = "") -> None:
        """Write that the step is finished for this key, in the caller's transaction.

        Args:
            step: Kind of step, such as ``index``.
            key: Content hash (with the code's version) of what went in.
            result: What came out, or where it is; replaces an earlier entry.
        """
        self._connection.execute(
            _RECORD, (step, key, result, self._clock.now().isoformat(timespec="microseconds"))
        )

    def forget(self, step: str, key: str | None = None) -> int:
        """Remove one entry, or all of the step; return how many there were."""
        statement = "DELETE FROM journal WHERE step = ?"
        arguments: tuple[str, ...] = (step,)
        if key is not None:
            statement, arguments = statement + " AND key = ?", (step, key)
        return self._connection.execute(statement, arguments).rowcount

    def count(self, step: str) -> int:
        """Return how many keys the step has finished."""
        row = self._connection.execute(
            "SELECT count(*) FROM journal WHERE step = ?", (step,)
        ).fetchone()
        return int(row[0])
