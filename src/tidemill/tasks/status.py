"""What is in the store, and how far it agrees with the files: ``tidemill status``."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tidemill.core.settings import Settings, resolve
from tidemill.store.rows import FileRow
from tidemill.store.snapshot import Snapshot
from tidemill.store.store import Store
from tidemill.tasks.index_report import UnparsableFile, unparsable_file
from tidemill.tasks.records import SLOW
from tidemill.tasks.search import is_stale
from tidemill.tasks.whereabouts import required_store_folder

__all__ = ["SkippedFile", "StoreStatus", "status"]

INDEX_STEP = "index"


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedFile:
    """A file that was not read, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStatus:
    """Everything there is to say about a store, from one snapshot.

    Args:
        store: Its folder.
        root: Folder that relative paths count from.
        files: Files that are indexed.
        units: How many functions, methods, modules and pieces of text.
        bodies: Distinct bodies among them; equal code is kept once.
        languages: Files by language.
        reasons: Skipped files by the reason.
        skipped: The skipped files themselves.
        unparsable: Files with regions that the grammar could not read, and their lines.
        graphless: Files with functions that have no graph, and why.
        unfinished: Whether the last run has not come to its end, or is still at work.
        stale: Files that have changed or gone since they were indexed.
        journaled: Files that the journal calls finished.
        agrees: Whether the journal and the table of files agree.
        indexed_at: When the last file was indexed; None when there is none.
        bytes_on_disk: Size of the store's folder.
        format_version: Version of its format.
    """

    store: Path
    root: Path
    files: int
    units: dict[str, int]
    bodies: int
    languages: dict[str, int]
    reasons: dict[str, int]
    skipped: tuple[SkippedFile, ...]
    unparsable: tuple[UnparsableFile, ...]
    graphless: tuple[SkippedFile, ...]
    unfinished: bool
    stale: int
    journaled: int
    agrees: bool
    indexed_at: datetime | None
    bytes_on_disk: int
    format_version: int


def status(settings: Settings | None = None, *, cwd: Path | None = None) -> StoreStatus:
    """Describe the store.

    Args:
        settings: By default those in force.
        cwd: Where to look for the store; by default the working folder.

    Raises:
        StoreError: There is no index here, or it cannot be read.
    """
    settings = settings or resolve().settings
    folder = required_store_folder(settings, cwd or Path.cwd())
    with Store(folder) as store, store.snapshot() as snapshot:
        return _described(snapshot, folder, store.root)


def _described(snapshot: Snapshot, folder: Path, root: Path) -> StoreStatus:
    facts = snapshot.facts()
    rows = list(snapshot.files())
    journaled, finished_at = _journal(snapshot)
    return StoreStatus(
        store=folder,
        root=root,
        files=facts.files,
        units=facts.units,
        bodies=facts.bodies,
        languages=facts.languages,
        reasons=facts.reasons,
        skipped=_skipped(rows),
        unparsable=tuple(unparsable_file(row) for row in rows if row.unparsable),
        graphless=tuple(
            SkippedFile(path=row.path, reason=row.reason)
            for row in rows
            if row.status == "indexed" and row.reason and not row.reason.startswith(SLOW)
        ),
        unfinished=snapshot.unfinished,
        stale=sum(row.status == "indexed" and is_stale(row, root) for row in rows),
        journaled=journaled,
        agrees=journaled == len(rows),
        indexed_at=finished_at,
        bytes_on_disk=sum(path.stat().st_size for path in folder.iterdir() if path.is_file()),
        format_version=facts.format_version,
    )


def _skipped(rows: list[FileRow]) -> tuple[SkippedFile, ...]:
    return tuple(
        SkippedFile(path=row.path, reason=row.reason) for row in rows if row.status == "skipped"
    )


def _journal(snapshot: Snapshot) -> tuple[int, datetime | None]:
    """Return how many files the journal calls finished, and when the last one was."""
    count, last = snapshot.connection.execute(
        "SELECT count(*), max(finished_at) FROM journal WHERE step = ?", (INDEX_STEP,)
    ).fetchone()
    moment = datetime.fromisoformat(last).astimezone(UTC) if last else None
    return int(count), moment
