"""Checking that everything in the store agrees with everything else."""

import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tidemill.core.hashing import content_hash
from tidemill.store.rows import Verification
from tidemill.store.segments import PART, Segment, read_segment
from tidemill.store.snapshot import body_of, living_files

__all__ = ["audit"]

NONE_EXPECTED = {
    "files in the table but not in the journal": (
        "SELECT count(*) FROM files WHERE path NOT IN"
        " (SELECT key FROM journal WHERE step = 'index')"
    ),
    "files in the journal but not in the table": (
        "SELECT count(*) FROM journal WHERE step = 'index' AND key NOT IN (SELECT path FROM files)"
    ),
    "units without a file": "SELECT count(*) FROM units WHERE file NOT IN (SELECT id FROM files)",
    "units without a body": (
        "SELECT count(*) FROM units WHERE body_hash NOT IN (SELECT hash FROM bodies)"
    ),
    "bodies without a unit": (
        "SELECT count(*) FROM bodies WHERE hash NOT IN (SELECT body_hash FROM units)"
    ),
    "skipped files with units": (
        "SELECT count(*) FROM files WHERE status = 'skipped' AND id IN (SELECT file FROM units)"
    ),
    "units of code without a graph, and no reason given": (
        "SELECT count(*) FROM units JOIN files ON files.id = units.file"
        " JOIN bodies ON bodies.hash = units.body_hash"
        " WHERE units.kind != 'text' AND files.reason = '' AND length(bodies.graph) = 0"
    ),
}


def audit(connection: sqlite3.Connection, path: Path) -> Verification:
    """Compare file, tables, texts and postings of one snapshot with each other.

    Args:
        connection: Inside a read transaction.
        path: The file that it reads.
    """
    problems = list(missing_bytes(connection, path))
    problems += [str(row[0]) for row in connection.execute("PRAGMA quick_check") if row[0] != "ok"]
    for what, query in NONE_EXPECTED.items():
        count = connection.execute(query).fetchone()[0]
        if count:
            problems.append(f"{count} {what}")
    problems += altered_bodies(connection)
    problems += damaged_search(connection)
    return Verification(
        files=connection.execute("SELECT count(*) FROM files").fetchone()[0],
        journaled=connection.execute(
            "SELECT count(*) FROM journal WHERE step = 'index'"
        ).fetchone()[0],
        units=connection.execute("SELECT count(*) FROM units").fetchone()[0],
        problems=tuple(problems),
    )


def missing_bytes(connection: sqlite3.Connection, path: Path) -> Iterator[str]:
    """Say whether the file is shorter than its pages: SQLite fills a cut last page with zeros.

    While the write-ahead log holds pages, the file may rightly be short of them.
    """
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        return
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    expected = pages * connection.execute("PRAGMA page_size").fetchone()[0]
    found = path.stat().st_size
    if found < expected:
        yield f"the file was cut: {found:,} of {expected:,} bytes are there"


def altered_bodies(connection: sqlite3.Connection) -> Iterator[str]:
    """Say how many texts do not hash to their key, apart from those cut when they were read."""
    rows = connection.execute("SELECT hash, packing, text, graph FROM bodies")
    altered = sum(not is_as_read(connection, row) for row in rows)
    if altered:
        yield f"{altered} texts that do not match their hash"


def is_as_read(connection: sqlite3.Connection, row: tuple[str, str, bytes, bytes]) -> bool:
    """Whether a row of bodies holds the text that its hash names, or the beginning of it."""
    try:
        body = body_of(row)
        is_whole = content_hash(body.text) == body.hash.rpartition(":")[2]
        return is_whole or was_cut(connection, body.hash, body.text)
    except (zlib.error, TypeError):
        return False


def was_cut(connection: sqlite3.Connection, key: str, text: bytes) -> bool:
    """Whether only the beginning of a unit's text was ever kept."""
    row = connection.execute(
        "SELECT max(end_byte - start_byte) FROM units WHERE body_hash = ?", (key,)
    ).fetchone()
    return row[0] is not None and len(text) < row[0]


def damaged_search(connection: sqlite3.Connection) -> Iterator[str]:
    """Say what is wrong with the segments; then whether their living documents are the units."""
    living = living_files(connection)
    documents: list[int] = []
    for (number,) in connection.execute("SELECT id FROM segments ORDER BY id").fetchall():
        try:
            segment = read_segment(connection, number)
            wrong = next(damage_of(connection, segment), None)
        except (ValueError, TypeError) as error:
            yield f"segment {number} of the postings is damaged: {error}"
            return
        if wrong is not None:
            yield f"segment {number} of the postings is damaged: {wrong}"
            return
        alive = segment.documents.files < len(living)
        alive[alive] = living[segment.documents.files[alive]]
        documents += segment.documents.units[alive].tolist()
    units = {row[0] for row in connection.execute("SELECT id FROM units")}
    if len(documents) != len(units) or units != set(documents):
        yield f"{len(documents)} searchable documents for {len(units)} units"


def damage_of(connection: sqlite3.Connection, segment: Segment) -> Iterator[str]:
    """Read a whole segment, part by part, and say what does not fit together."""
    table = segment.documents
    if not len(table.units) == len(table.files) == len(table.kinds) == len(table.lengths):
        yield "its tables of documents differ in length"
    if len(segment.starts) != len(segment.terms) + 1 or segment.starts[0] != 0:
        yield "its dictionary and its places differ in length"
    if (segment.terms[1:] <= segment.terms[:-1]).any():
        yield "its terms are not in order"
    if (segment.starts[1:] <= segment.starts[:-1]).any():
        yield "the places of its terms are not in order"
    total = int(segment.starts[-1])
    for start in range(0, total, PART):
        end = min(start + PART, total)
        numbers, frequencies = segment.read(connection, start, end)
        if len(numbers) != end - start or len(frequencies) != end - start:
            yield "some of its postings are missing"
        if len(numbers) and int(np.max(numbers)) >= len(table):
            yield "a posting names a document that is not there"
