"""The tables of ``index.db`` and the steps from one format version to the next."""

import sqlite3
from pathlib import Path

from tidemill.core.errors import StoreError
from tidemill.core.journal import JOURNAL_TABLE

__all__ = ["MIGRATIONS", "format_version", "migrate", "refuse_other", "refuse_strange"]

FIRST_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('generation', '0');

CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE,
    language TEXT,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    content_hash TEXT NOT NULL,
    encoding TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('indexed', 'skipped')),
    reason TEXT NOT NULL,
    recipe TEXT NOT NULL,
    unparsable TEXT NOT NULL
);

CREATE TABLE units (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('function', 'method', 'module', 'text')),
    name TEXT NOT NULL,
    qualified_name TEXT NOT NULL,
    start_byte INTEGER NOT NULL,
    end_byte INTEGER NOT NULL,
    start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL,
    signature TEXT NOT NULL,
    doc TEXT NOT NULL,
    body_hash TEXT NOT NULL
);
CREATE INDEX units_of_file ON units (file);
CREATE INDEX units_of_body ON units (body_hash);

CREATE TABLE bodies (
    hash TEXT PRIMARY KEY,
    packing TEXT NOT NULL CHECK (packing IN ('plain', 'zlib')),
    text BLOB NOT NULL,
    graph BLOB NOT NULL
);

CREATE TABLE vectors (
    body_hash TEXT NOT NULL,
    expert_hash TEXT NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (body_hash, expert_hash)
) WITHOUT ROWID;

CREATE TABLE feedback (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task TEXT NOT NULL,
    subject TEXT NOT NULL,
    verdict TEXT NOT NULL,
    given_at TEXT NOT NULL
);

CREATE TABLE lineage (
    child TEXT NOT NULL,
    parent TEXT NOT NULL,
    relation TEXT NOT NULL,
    PRIMARY KEY (child, parent, relation)
) WITHOUT ROWID;

CREATE TABLE segments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    documents INTEGER NOT NULL,
    postings INTEGER NOT NULL,
    width INTEGER NOT NULL CHECK (width IN (2, 4)),
    terms BLOB NOT NULL,
    starts BLOB NOT NULL,
    units BLOB NOT NULL,
    files BLOB NOT NULL,
    kinds BLOB NOT NULL,
    lengths BLOB NOT NULL
);

CREATE TABLE postings (
    segment INTEGER NOT NULL REFERENCES segments (id) ON DELETE CASCADE,
    part INTEGER NOT NULL,
    documents BLOB NOT NULL,
    frequencies BLOB NOT NULL,
    PRIMARY KEY (segment, part)
);
"""

FIRST_FORMAT = f"{JOURNAL_TABLE};\n{FIRST_TABLES}"

SECOND_FORMAT = """
ALTER TABLE files ADD COLUMN ctime_ns INTEGER NOT NULL DEFAULT 0;
"""

MIGRATIONS: tuple[str, ...] = (FIRST_FORMAT, SECOND_FORMAT)
"""Step ``i`` turns format ``i`` into format ``i + 1``; an empty file is format 0."""


def format_version(connection: sqlite3.Connection) -> int:
    """Return the format version written in the file's header."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the file to the newest format, keeping a copy of an older one beside it.

    Args:
        connection: Open for writing, outside a transaction.
        path: The file, for the copy's name and for messages.

    Raises:
        StoreError: The file was written by a newer Tidemill.
    """
    found = format_version(connection)
    refuse_newer(found, path)
    if found == len(MIGRATIONS):
        return
    if found > 0:
        copy_beside(connection, path, found)
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in MIGRATIONS[format_version(connection) :]:
            for statement in step.split(";\n"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def refuse_newer(found: int, path: Path) -> None:
    """Raise `StoreError` when ``found`` is a format this Tidemill does not know."""
    if found > len(MIGRATIONS):
        raise StoreError(
            f"{path} has format {found}, and this Tidemill reads up to {len(MIGRATIONS)}",
            hint="use the newer Tidemill, or index again into another store",
        )


def refuse_strange(connection: sqlite3.Connection, path: Path) -> None:
    """Raise `StoreError` for a database of another program: it has tables, but not ours."""
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if tables and "segments" not in tables:
        raise StoreError(
            f"{path} is a database of another program",
            hint="choose another folder for the store (setting: store)",
        )


def refuse_other(found: int, path: Path) -> None:
    """Raise `StoreError` when a reader, who may not migrate, meets another format."""
    refuse_newer(found, path)
    if found < len(MIGRATIONS):
        raise StoreError(
            f"{path} has the older format {found}",
            hint="run `tidemill index` once: it brings the store up to date",
        )


def copy_beside(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Copy the whole file to ``index.db.format-<version>`` before it is changed."""
    target = path.with_name(f"{path.name}.format-{version}")
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)
    with sqlite3.connect(target) as copy:
        connection.backup(copy)
    copy.close()
