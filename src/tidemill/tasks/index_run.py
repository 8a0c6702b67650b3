"""One run of indexing: survey, read in batches over processes, commit, remove."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

from tidemill.core.choosing import chosen_executor
from tidemill.core.clock import Clock
from tidemill.core.executor import Executor, InlineExecutor, Outcome, Resources
from tidemill.core.processes import ProcessExecutor
from tidemill.core.progress import Progress
from tidemill.core.settings import Settings
from tidemill.store.rows import FileFacts, FileRecord, FileRow
from tidemill.store.store import Store
from tidemill.store.worklist import Task
from tidemill.store.writer import StoreWriter
from tidemill.tasks.discovery import TOO_LARGE, UNREADABLE, Candidate, Skipped, printable
from tidemill.tasks.index_report import IndexReport, SkippedPath, Tally
from tidemill.tasks.reading import Reading, nothing_read, read_batch
from tidemill.tasks.records import Limits, limits_of

__all__ = ["Run", "scope_of"]

BATCH_FILES = 16
BATCH_BYTES = 1 << 18
COMMIT_FILES = 64
COMMIT_SECONDS = 1.0
WALK_CHUNK = 512
INLINE_BYTES = 1 << 20
"""With less than this to read, starting workers costs more than it brings."""

WORKER_BYTES = 4 << 30
"""Address space of a worker: far more than any file needs, and far from all of a machine."""

START_SECONDS = 30.0
"""What a batch may take besides parsing before its worker is taken for stuck."""


def scope_of(roots: Sequence[Path], base: Path) -> Callable[[str], bool]:
    """Return the test whether a path of the store is one of ``roots`` or below one.

    Args:
        roots: Absolute paths.
        base: The folder that paths in the store are relative to.
    """
    heads = [str(root).rstrip("/") + "/" for root in roots]

    def covers(path: str) -> bool:
        full = os.path.join(base, path) + "/"  # noqa: PTH118  an absolute path stays itself
        return any(full.startswith(head) for head in heads)

    return covers


class Run:
    """One run of `index`.

    Args:
        store: Where to.
        writer: The store's, locked for this run.
        settings: Those in force.
        clock: For the rhythm of commits.
    """

    def __init__(
        self, *, store: Store, writer: StoreWriter, settings: Settings, clock: Clock
    ) -> None:
        self._store = store
        self._writer = writer
        self._settings = settings
        self._clock = clock
        self._limits = limits_of(settings, str(store.root))
        self._recipe = self._limits.recipe
        self._worklist = writer.worklist()
        self._resumed = writer.begin()
        self._tally = Tally(removed=writer.settle(store.root))
        self._readings: list[Reading] = []
        self._committed_at = clock.monotonic()

    def survey(self, found: Iterator[Candidate | Skipped], progress: Progress) -> None:
        """Note every file of a walk, and decide by size and time which to read."""
        while chunk := list(islice(found, WALK_CHUNK)):
            skipped: list[FileRecord] = []
            tasks = [self._task(entry, skipped) for entry in chunk]
            self._worklist.add(tasks)
            if skipped:
                self._take(nothing_read(skipped))
            self._commit_when_due()
            progress.advance(0, None, printable(chunk[-1].path))

    def _task(self, entry: Candidate | Skipped, skipped: list[FileRecord]) -> Task:
        """Return what is to be done with one entry of the walk."""
        path = self._store.path_of(entry.path)
        facts = self._writer.facts(path)
        if isinstance(entry, Skipped):
            if facts is not None and (facts.status, facts.reason) == ("skipped", entry.reason):
                self._already(path, facts)
            elif facts is not None and entry.reason.startswith(UNREADABLE):
                # What was read of it before is better than nothing until it can be read again.
                self._tally.skipped.append(SkippedPath(path=printable(path), reason=entry.reason))
            else:
                skipped.append(skipped_record(path, entry, self._recipe))
            return Task(path=path, pending=False)
        if facts is None:
            return Task(path=path, size=entry.size)
        has_rows = facts.status == "indexed"
        if facts.recipe != self._recipe:
            return Task(path=path, has_rows=has_rows, size=entry.size)
        if is_untouched(facts, entry):
            self._already(path, facts)
            return Task(path=path, pending=False)
        known = facts.content_hash if has_rows else ""
        return Task(path=path, known_hash=known, has_rows=has_rows, size=entry.size)

    def _already(self, path: str, facts: FileFacts) -> None:
        """Count a file whose rows are right as they are."""
        if facts.status == "indexed":
            self._tally.unchanged += 1
        else:
            self._tally.skipped.append(SkippedPath(path=printable(path), reason=facts.reason))

    def read(self, progress: Progress) -> None:
        """Read what is pending, in batches, and commit as it comes."""
        self._tally.seen, self._tally.read, volume = self._worklist.totals()
        executor, workers = self._executor(volume)
        done = 0
        lost: list[Task] = []
        work = shards(self._worklist.pending())
        for outcome in self._outcomes(executor, workers, work, self._limits):
            done += len(outcome.shard)
            if outcome.value is None:
                lost += outcome.shard
            else:
                self._take(outcome.value)
            self._commit_when_due()
            progress.advance(done, self._tally.read, printable(outcome.shard[-1].path))
        self._read_alone(lost)
        self._commit()

    def _executor(self, volume: int) -> tuple[Executor, int]:
        """Return who is to read ``volume`` bytes, and with how many workers."""
        workers = self._settings.workers
        # What ended the last run may be a file that ends the process which reads it.
        is_small = not self._resumed and volume < INLINE_BYTES
        chosen = chosen_executor(self._settings, small=is_small, apart=self._resumed)
        return chosen, 1 if isinstance(chosen, InlineExecutor) else workers

    def _read_alone(self, lost: list[Task]) -> None:
        """Read the files of failed batches one by one, the culprits without their graphs."""
        culprits = self._tried(lost, self._limits)
        refused = replace(self._limits, no_graphs="graph failed: its process came to an end")
        for task, message in self._tried([task for task, _ in culprits], refused):
            entry = Skipped(path=task.path, reason=f"crashed: {message}")
            self._take(nothing_read([skipped_record(task.path, entry, self._recipe)]))
            self._tally.crashed += 1
            self._commit_when_due()

    def _tried(self, tasks: list[Task], limits: Limits) -> list[tuple[Task, str]]:
        """Read files one by one in a process apart; return those that fail, with the reason."""
        failed: list[tuple[Task, str]] = []
        if not tasks:
            return failed
        alone = ((task,) for task in tasks)
        for outcome in self._outcomes(ProcessExecutor(), 1, alone, limits):
            if outcome.value is not None:
                self._take(outcome.value)
                self._commit_when_due()
            else:
                why = outcome.error.message if outcome.error else "no answer"
                failed.append((outcome.shard[0], why))
        return failed

    def _outcomes(
        self,
        executor: Executor,
        workers: int,
        work: Iterable[tuple[Task, ...]],
        limits: Limits,
    ) -> Iterator[Outcome[tuple[Task, ...], Reading]]:
        seconds = START_SECONDS + BATCH_FILES * self._settings.parse_seconds
        return executor.map(
            partial(read_batch, limits),
            work,
            resources=Resources(workers=workers, memory_bytes=WORKER_BYTES),
            deadline_seconds=seconds,
        )

    def _take(self, reading: Reading) -> None:
        """Keep what was read until the next commit."""
        self._readings.append(reading)
        self._tally.unchanged += len(reading.unchanged)
        self._tally.skipped += [replace(one, path=printable(one.path)) for one in reading.kept]
        self._tally.graphless += [
            replace(entry, path=printable(entry.path)) for entry in reading.graphless
        ]
        for record in reading.batch.records:
            self._tally.take(record)

    def _commit_when_due(self) -> None:
        waiting = sum(len(reading.batch.records) for reading in self._readings)
        late = self._clock.monotonic() - self._committed_at >= COMMIT_SECONDS
        if waiting >= COMMIT_FILES or (waiting and late):
            self._commit()

    def _commit(self) -> None:
        """Write everything that waits."""
        unchanged = [row for reading in self._readings for row in reading.unchanged]
        batches = [reading.batch for reading in self._readings if reading.batch.records]
        self._readings.clear()
        if unchanged:
            self._writer.restat(unchanged)
        self._writer.write(batches)
        self._committed_at = self._clock.monotonic()

    def remove(self, roots: Sequence[Path]) -> None:
        """Remove what was indexed under ``roots`` and is not there any more.

        What lies below a folder that could not be read just now may still be there.
        """
        covers = scope_of([root.resolve() for root in roots], self._store.root)
        missing = [path for path in self._worklist.unmet() if covers(path)]
        vanished = set(missing)
        shut: dict[str, bool] = {}
        gone = [path for path in missing if not self._is_shut_away(path, vanished, shut)]
        if gone:
            self._tally.removed += self._writer.forget(gone)

    def _is_shut_away(self, path: str, vanished: AbstractSet[str], shut: dict[str, bool]) -> bool:
        """Whether a folder above ``path`` was met and could not be read; ``shut`` remembers."""
        for folder in (self._store.root / path).parents:
            name = self._store.path_of(str(folder))
            if name not in shut:
                facts = None if name in vanished else self._writer.facts(name)
                shut[name] = facts is not None and facts.reason.startswith(UNREADABLE)
            if shut[name]:
                return True
        return False

    def report(self, *, seconds: float) -> IndexReport:
        """Return what this run did."""
        tally = self._tally
        return IndexReport(
            store=self._store.folder,
            seen=tally.seen,
            indexed=tally.indexed,
            unchanged=tally.unchanged,
            removed=tally.removed,
            skipped=tuple(tally.skipped),
            unparsable=tuple(tally.unparsable),
            graphless=tuple(tally.graphless),
            crashed=tally.crashed,
            read=tally.read,
            functions=tally.kinds["function"] + tally.kinds["method"],
            modules=tally.kinds["module"],
            pieces=tally.kinds["text"],
            resumed=self._resumed,
            seconds=seconds,
        )


def is_untouched(facts: FileFacts, entry: Candidate) -> bool:
    """Whether a file is as it was, as far as that can be told without reading it."""
    if facts.reason.startswith(TOO_LARGE):
        return False  # the walk lets it through now: the limit was raised
    return (facts.size, facts.mtime_ns, facts.inode, facts.ctime_ns) == (
        entry.size,
        entry.mtime_ns,
        entry.inode,
        entry.ctime_ns,
    )


def skipped_record(path: str, entry: Skipped, recipe: str) -> FileRecord:
    """Return the record of something the walk did not let through."""
    return FileRecord(
        file=FileRow(
            path=path,
            size=entry.size,
            mtime_ns=entry.mtime_ns,
            inode=entry.inode,
            ctime_ns=entry.ctime_ns,
            status="skipped",
            reason=entry.reason,
            recipe=recipe,
        )
    )


def shards(tasks: Iterator[Task]) -> Iterator[tuple[Task, ...]]:
    """Group files into batches of a bounded number and size."""
    batch: list[Task] = []
    volume = 0
    for task in tasks:
        if batch and (len(batch) == BATCH_FILES or volume + task.size > BATCH_BYTES):
            yield tuple(batch)
            batch, volume = [], 0
        batch.append(task)
        volume += task.size
    if batch:
        yield tuple(batch)
