"""Watching: index again what changes, while it changes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tidemill.core.clock import Clock
from tidemill.core.errors import (
    CapacityError,
    InputError,
    LockedError,
    StoreError,
    TidemillError,
)
from tidemill.core.settings import Settings, resolve
from tidemill.tasks.discovery import NEVER_ENTERED
from tidemill.tasks.indexing import IndexReport, existing, refresh, store_for

__all__ = ["Changes", "WatchedFolders", "affected", "watch"]

QUIET_MILLISECONDS = 300
"""How long nothing must change before what has changed is read."""

LONGEST_WAIT_MILLISECONDS = 2_000

Changes = Iterable[frozenset[Path]]
"""Sets of changed paths, each set after a moment of quiet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedFolders:
    """The system's own notices of change, through watchfiles.

    Attributes:
        roots: What to watch.
        store: The store's folder, in which every run changes something.
        stop: Asked now and then whether to end; by default only Ctrl-C ends it.
    """

    roots: tuple[Path, ...]
    store: Path
    stop: Callable[[], bool] = lambda: False

    def __iter__(self) -> Iterator[frozenset[Path]]:
        """Yield the changed paths after each moment of quiet; an empty set while idle."""
        files = frozenset(root for root in self.roots if not root.is_dir())
        unseen: frozenset[Path] = frozenset()
        while True:
            for changed in self._notices():
                if self.stop():
                    return
                yield changed | unseen
                # A file that was replaced is watched no more: begin anew, and look at it again.
                unseen = files if changed else frozenset()
                if unseen:
                    break

    def _notices(self) -> Iterator[frozenset[Path]]:
        from watchfiles import watch as notices

        changes = notices(
            *self.roots,
            watch_filter=lambda _, path: self.is_of_interest(Path(path)),
            step=QUIET_MILLISECONDS,
            debounce=LONGEST_WAIT_MILLISECONDS,
            rust_timeout=QUIET_MILLISECONDS,
            yield_on_timeout=True,
            raise_interrupt=True,
        )
        return (frozenset(Path(path) for _, path in found) for found in changes)

    def is_of_interest(self, path: Path) -> bool:
        """Whether a change at ``path`` can change the index: not inside folders never entered."""
        if path.is_relative_to(self.store):
            return False
        inner = (path.relative_to(root) for root in self.roots if path.is_relative_to(root))
        return any(NEVER_ENTERED.isdisjoint(place.parts) for place in inner)


def affected(changed: frozenset[Path], roots: Sequence[Path]) -> list[Path]:
    """Return the folders to walk again for a set of changes, none of them inside another.

    A changed path stands for its folder, because only a walk knows the ignore
    rules and what is gone; what has not changed there costs one look at its facts.

    Args:
        changed: What changed.
        roots: What is indexed; nothing outside them is returned.
    """
    places = {standing(path) for path in changed}
    inside = {place for place in places if any(place.is_relative_to(root) for root in roots)}
    inside |= {root for root in roots if any(root.is_relative_to(place) for place in places)}
    return sorted(
        place for place in inside if not any(parent in inside for parent in place.parents)
    )


def standing(path: Path) -> Path:
    """Return the folder of a changed path, or the nearest around it that still exists."""
    place = path.parent
    while not place.is_dir():
        place = place.parent
    return place


def watch(
    paths: Iterable[str | Path],
    *,
    settings: Settings | None = None,
    changes: Changes | None = None,
    clock: Clock | None = None,
    trouble: Callable[[TidemillError], None] = lambda _: None,
) -> Iterator[IndexReport]:
    """Index ``paths``, then again whatever changes, until interrupted.

    A run that fails, because another ``index`` holds the store, a root is away or
    the disk is full, is tried again with the next notice; nothing is lost, because
    noticing begins before the first run and changes are kept until they are read.

    Args:
        paths: Files and folders.
        settings: By default those in force.
        changes: Where notices come from; by default the operating system.
        clock: For durations and the journal's stamps.
        trouble: Told why a later run failed, once for each reason in a row.

    Yields:
        The report of the first run, then of each run that wrote something.

    Raises:
        TidemillError: The first run failed.
    """
    settings = settings or resolve().settings
    roots = [path.resolve() for path in existing([Path(path) for path in paths])]
    store = store_for(roots, settings)
    pinned = replace(settings, store=store)
    system = WatchedFolders(roots=tuple(roots), store=store)
    changes = system if changes is None else changes
    notices = iter(changes)
    next(notices, None)  # only now is the system watching; what it tells is read below
    yield refresh(roots, settings=pinned, clock=clock)
    waiting: frozenset[Path] = frozenset()
    failure = ""
    while (found := next(notices, None)) is not None:
        waiting |= found
        places = affected(waiting, roots)
        if not places:
            continue
        try:
            report = refresh(roots, settings=pinned, clock=clock, only=places)
        except LockedError:
            continue
        except (CapacityError, InputError, StoreError) as error:
            if error.message != failure:
                trouble(error)
            failure = error.message
            continue
        if failure:
            # A root that was away is watched no more: begin anew, and look once more after that.
            failure, notices = "", iter(changes)
        else:
            waiting = frozenset()
        if report.indexed or report.removed:
            yield report
