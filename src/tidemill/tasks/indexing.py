"""Indexing: files -> units, graphs and terms -> the store, again only where content changed.

A run walks first and notes what it met in a temporary table, then reads what is
new in batches over processes, commits every second or so, and at the end
removes what has vanished. Killed at any moment, it loses the last second: the
same command goes on from there.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tidemill.core.clock import Clock, SystemClock
from tidemill.core.errors import InputError, TidemillError
from tidemill.core.progress import Progress, Silence
from tidemill.core.settings import Settings, resolve
from tidemill.store.store import FOLDER, Store
from tidemill.tasks.discovery import discover, require
from tidemill.tasks.index_report import IndexReport, SkippedPath, UnparsableFile
from tidemill.tasks.index_run import Run, scope_of
from tidemill.tasks.whereabouts import nearest_store, required_store_folder

__all__ = [
    "IndexReport",
    "SkippedPath",
    "UnparsableFile",
    "existing",
    "forget",
    "index",
    "refresh",
    "store_for",
]


def store_for(roots: Sequence[Path], settings: Settings) -> Path:
    """Return the store's folder: as set, else the nearest around the first path, else in it.

    A store of its own inside a folder that is indexed already would hide the
    outer one from every search that begins there.
    """
    if settings.store is not None:
        return settings.store.resolve()
    first = roots[0].resolve()
    place = first if first.is_dir() else first.parent
    return nearest_store(place) or place / FOLDER


def index(
    paths: Iterable[str | Path],
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
    clock: Clock | None = None,
    only: Sequence[Path] = (),
) -> IndexReport:
    """Bring the store up to date with what lies under ``paths``.

    Args:
        paths: Files and folders.
        settings: By default those in force.
        progress: Told after each batch how many files are done.
        clock: For durations and the journal's stamps.
        only: Folders below ``paths`` to which this run is limited, by default none.

    Raises:
        InputError: No paths were given, or one does not exist.
        LockedError: Another process is indexing into the same store.
        StoreError: The store cannot be written.
        CapacityError: The disk is full; what was committed stays.
        TidemillError: There were files to read, and reading crashed on every one.
    """
    report = refresh(paths, settings=settings, progress=progress, clock=clock, only=only)
    if report.failed:
        raise TidemillError(
            f"reading crashed on each of the {report.read:,} files, the last time with:"
            f" {report.skipped[-1].path}: {report.skipped[-1].reason}",
            hint="this is a fault of Tidemill or of this machine: see `tidemill doctor`",
        )
    return report


def refresh(
    paths: Iterable[str | Path],
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
    clock: Clock | None = None,
    only: Sequence[Path] = (),
) -> IndexReport:
    """Do as `index` does, but report a run in which every file crashed like any other."""
    settings = settings or resolve().settings
    clock = clock or SystemClock()
    roots = existing([Path(path) for path in paths])
    started = clock.monotonic()
    store = Store(store_for(roots, settings), clock=clock)
    with store.writer() as writer:
        run = Run(store=store, writer=writer, settings=settings, clock=clock)
        found = discover(roots, settings=settings, only=only, top=store.root)
        run.survey(found, progress or Silence())
        run.read(progress or Silence())
        run.remove(only or roots)
        writer.finish()
    return run.report(seconds=clock.monotonic() - started)


def forget(
    paths: Iterable[str | Path],
    *,
    settings: Settings | None = None,
    clock: Clock | None = None,
    cwd: Path | None = None,
) -> int:
    """Remove files, or all files below folders, from the store; the files stay.

    Args:
        paths: Files and folders; they need not exist any more.
        settings: By default those in force.
        clock: For the lock.
        cwd: Where relative paths count from and the store is looked for.

    Returns:
        How many files were removed; 0 when nothing in the store is at these paths.
    """
    settings = settings or resolve().settings
    cwd = cwd or Path.cwd()
    store = Store(required_store_folder(settings, cwd), clock=clock)
    with store, store.snapshot() as snapshot:
        known = [row.path for row in snapshot.files()]
    scope = scope_of([as_known(cwd / path, known, store.root) for path in paths], store.root)
    gone = [path for path in known if scope(path)]
    if not gone:
        return 0
    with store.writer() as writer:
        removed = writer.forget(gone)
        writer.finish()
    return removed


def as_known(path: Path, known: Sequence[str], base: Path) -> Path:
    """Return a path as the store would write it: without links on the way.

    A link at its end is meant itself where the store knows it, else what it leads to.
    """
    whole = path.resolve()
    place = whole if path.name == ".." else path.parent.resolve() / path.name
    return place if any(map(scope_of([place], base), known)) else whole


def existing(roots: list[Path]) -> list[Path]:
    """Return ``roots``, or raise `InputError` before anything is made or locked."""
    if not roots:
        raise InputError("there is nothing to index", hint="name a path: tidemill index .")
    for root in roots:
        require(root)
    return roots
