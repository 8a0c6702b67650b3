"""What a worker does with some files: it reads them, and makes all that the store keeps."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tidemill.core.clock import Clock, SystemClock
from tidemill.core.errors import InputError
from tidemill.core.files import bytes_and_facts
from tidemill.core.hashing import content_hash
from tidemill.source.text import decode
from tidemill.store.postings import DocumentTerms, gather
from tidemill.store.rows import FileRecord, FileRow
from tidemill.store.worklist import Task
from tidemill.store.writer import Batch
from tidemill.tasks.discovery import TOO_LARGE, UNREADABLE
from tidemill.tasks.graphs import Graphless
from tidemill.tasks.index_report import SkippedPath
from tidemill.tasks.records import Indexed, Limits, indexed_text

__all__ = ["Reading", "nothing_read", "read_batch"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """What came of some files.

    Attributes:
        batch: Files with new content, or with a reason why there is none.
        unchanged: Files whose content is as it was, with their new facts.
        graphless: Units that are in the batch without a graph.
        kept: Files that could not be read just now, whose rows stay as they are.
    """

    batch: Batch
    unchanged: tuple[FileRow, ...] = ()
    graphless: tuple[Graphless, ...] = ()
    kept: tuple[SkippedPath, ...] = ()


def read_batch(limits: Limits, tasks: tuple[Task, ...], *, clock: Clock | None = None) -> Reading:
    """Read files and make everything the store keeps of them.

    Args:
        limits: What shapes the rows.
        tasks: The files.
        clock: Measures what graphs take; by default the system's.
    """
    clock = clock or SystemClock()
    unchanged: list[FileRow] = []
    kept: list[SkippedPath] = []
    read: list[Indexed] = []
    for task in tasks:
        indexed = read_file(limits, task, clock)
        if isinstance(indexed, FileRow):
            unchanged.append(indexed)
        elif isinstance(indexed, SkippedPath):
            kept.append(indexed)
        else:
            read.append(indexed)
    documents = [
        DocumentTerms(kind=unit.kind, file=place, fields=fields)
        for place, indexed in enumerate(read)
        for unit, fields in zip(indexed.record.units, indexed.fields, strict=True)
    ]
    batch = Batch(records=tuple(item.record for item in read), postings=gather(documents))
    return Reading(
        batch=batch,
        unchanged=tuple(unchanged),
        graphless=tuple(entry for item in read for entry in item.graphless),
        kept=tuple(kept),
    )


def nothing_read(records: Sequence[FileRecord]) -> Reading:
    """Return the records of files that were left unread, as a reading."""
    return Reading(batch=Batch(records=tuple(records), postings=gather(())))


def read_file(limits: Limits, task: Task, clock: Clock) -> Indexed | FileRow | SkippedPath:
    """Read one file; return its bare row when the content is as it was.

    One that was read before and cannot be just now is only named, with the reason.
    """
    path = os.path.join(limits.root, task.path)  # noqa: PTH118  an absolute path stays itself
    try:
        raw, facts = steady_bytes(path, limits)
    except OSError as error:
        return unread(task, f"{UNREADABLE}{error.strerror or error}")
    except InputError as error:
        return left_out(FileRow(path=task.path), error.message)
    row = FileRow(
        path=task.path,
        size=facts.st_size,
        mtime_ns=facts.st_mtime_ns,
        inode=facts.st_ino,
        ctime_ns=facts.st_ctime_ns,
        content_hash=content_hash(raw),
        recipe=limits.recipe,
    )
    if row.content_hash == task.known_hash:
        return row
    try:
        return indexed_text(row, decode(raw, task.path), limits, clock)
    except InputError as error:
        return left_out(row, f"binary: {error.message.rpartition(': ')[2]}")


def unread(task: Task, reason: str) -> Indexed | SkippedPath:
    """Return what is kept of a file that cannot be read just now: its rows, if it has any."""
    if task.has_rows:
        return SkippedPath(path=task.path, reason=reason)
    return left_out(FileRow(path=task.path), reason)


def left_out(row: FileRow, reason: str) -> Indexed:
    """Return the record of a file that is skipped.

    One that could not be read has no facts yet, so the next run tries it again.
    """
    return Indexed(record=FileRecord(file=replace(row, status="skipped", reason=reason)))


def steady_bytes(path: str, limits: Limits) -> tuple[bytes, os.stat_result]:
    """Read a file that keeps still; one that changes meanwhile is read once more.

    Raises:
        InputError: It changes again, is no regular file any more, or has grown too large.
        OSError: The system does not let us read it.
    """
    for _ in range(2):
        before, raw, after = bytes_and_facts(
            path, limits.max_file_bytes, follow_symlinks=limits.follow_symlinks
        )
        if len(raw) > limits.max_file_bytes:
            raise InputError(f"{TOO_LARGE}more than max_file_bytes = {limits.max_file_bytes:,}")
        same = (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
        if same and len(raw) == after.st_size:
            return raw, after
    raise InputError("changed: it changed while it was read, twice")
