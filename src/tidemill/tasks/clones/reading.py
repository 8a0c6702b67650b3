"""Files become forms: those on the shelf as they are, the others read over processes."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from tidemill.core.choosing import chosen_executor
from tidemill.core.errors import InputError, ParseTimeoutError
from tidemill.core.executor import Executor, Outcome, Resources
from tidemill.core.hashing import content_hash
from tidemill.core.processes import ProcessExecutor
from tidemill.core.progress import Progress
from tidemill.core.settings import Settings
from tidemill.source.language import Language, language_of
from tidemill.source.normalised import NORMAL_VERSION
from tidemill.source.parsing import parse
from tidemill.source.text import decode
from tidemill.store.shelf import Shelf
from tidemill.store.worklist import Task
from tidemill.tasks.clones.forms import FileForms, Vocabulary, pack_forms, unpack_forms
from tidemill.tasks.discovery import UNREADABLE, Candidate, Skipped, printable
from tidemill.tasks.index_report import SkippedPath
from tidemill.tasks.index_run import BATCH_FILES, INLINE_BYTES, WORKER_BYTES, shards
from tidemill.tasks.reading import steady_bytes
from tidemill.tasks.records import HEAD_BYTES, SLOW, VERSION, Limits, limits_of

__all__ = ["FileReading", "FormsReader"]

FILES_AT_ONCE = 256
LINK = "link: "
"""How the reason begins where what a link leads to is read by its own name, if at all."""

START_SECONDS = 30.0
SECONDS_A_PARSE = 5
"""How many times the limit of its parse a file may take in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReading:
    """What came of one file.

    Attributes:
        path: The file, absolute.
        key: What its forms lie under on the shelf.
        packed: Its forms; empty when there are none.
        reason: Why there are none; empty for a text that is not code.
    """

    path: str
    key: str = ""
    packed: bytes = b""
    reason: str = ""


class FormsReader:
    """Reads the forms of files.

    Args:
        settings: Limits of reading, and workers.
        shelf: Where forms of unchanged files are, and new ones are put; or None.
        progress: Told of every batch of files.

    Attributes:
        parsed: How many files were parsed.
        kept: How many had their forms on the shelf.
        skipped: Files of code without forms, and why.
    """

    def __init__(self, settings: Settings, shelf: Shelf | None, progress: Progress) -> None:
        self._settings = settings
        self._limits = limits_of(settings, "/")
        self._shelf = shelf
        self._progress = progress
        self._vocabulary = Vocabulary()
        self._done = 0
        self._total: int | None = None
        self.parsed: int = 0
        self.kept: int = 0
        self.skipped: list[SkippedPath] = []

    def read(self, found: Iterable[Candidate | Skipped]) -> Iterator[FileForms]:
        """Yield the forms of all files of code that can be read, in no order."""
        missing: list[Task] = []
        candidates = self._code_among(found)
        while chunk := list(islice(candidates, FILES_AT_ONCE)):
            yield from self._shelved(chunk, missing)
            self._progress.advance(self._done, None, printable(chunk[-1].path))
        self._total = self._done + len(missing)
        yield from self._parsed(missing)

    def _code_among(self, found: Iterable[Candidate | Skipped]) -> Iterator[Candidate]:
        """Yield the files that may be code by their names; note why others are not read."""
        for entry in found:
            if not _may_be_code(entry.path):
                continue
            if isinstance(entry, Candidate):
                yield entry
            elif not entry.reason.startswith(LINK):
                self._skip(entry.path, entry.reason)

    def _skip(self, path: str, reason: str) -> None:
        self.skipped.append(SkippedPath(path=printable(path), reason=reason))

    def _shelved(self, chunk: Sequence[Candidate], missing: list[Task]) -> Iterator[FileForms]:
        """Yield what lies on the shelf; the others are added to ``missing``."""
        if self._shelf is None:
            missing += [Task(path=entry.path, size=entry.size) for entry in chunk]
            return
        opened = [_opened(self._limits, entry.path) for entry in chunk]
        things = self._shelf.find([one.key for one in opened if one.key])
        for entry, one in zip(chunk, opened, strict=True):
            try:
                forms = self._unpacked(entry.path, one.key, things[one.key])
            except (KeyError, ValueError):
                missing.append(Task(path=entry.path, size=entry.size))
            else:
                self.kept += 1
                self._done += 1
                yield forms

    def _unpacked(self, path: str, key: str, packed: bytes) -> FileForms:
        return unpack_forms(packed, path, key=key, vocabulary=self._vocabulary)

    def _parsed(self, tasks: Sequence[Task]) -> Iterator[FileForms]:
        """Yield what parsing gives; a batch that fails is tried again file by file."""
        volume = sum(task.size for task in tasks)
        workers = self._settings.workers
        executor = chosen_executor(self._settings, small=volume < INLINE_BYTES)
        lost: list[Task] = []
        for outcome in self._outcomes(executor, workers, shards(iter(tasks))):
            if outcome.value is None:
                lost += outcome.shard
            else:
                yield from self._taken(outcome.value)
        alone = ((task,) for task in lost)
        for outcome in self._outcomes(ProcessExecutor(), 1, alone) if lost else ():
            if outcome.value is None:
                why = outcome.error.message if outcome.error else "no answer"
                self._skip(outcome.shard[0].path, f"crashed: {why}")
            else:
                yield from self._taken(outcome.value)

    def _outcomes(
        self, executor: Executor, workers: int, work: Iterable[tuple[Task, ...]]
    ) -> Iterator[Outcome[tuple[Task, ...], list[FileReading]]]:
        seconds = START_SECONDS + SECONDS_A_PARSE * BATCH_FILES * self._settings.parse_seconds
        return executor.map(
            partial(read_files, self._limits),
            work,
            resources=Resources(workers=workers, memory_bytes=WORKER_BYTES),
            deadline_seconds=seconds,
        )

    def _taken(self, readings: Sequence[FileReading]) -> Iterator[FileForms]:
        """Count some readings, and put what can be kept on the shelf."""
        for reading in readings:
            if reading.reason:
                self._skip(reading.path, reading.reason)
        if self._shelf is not None:
            self._shelf.put({one.key: one.packed for one in readings if one.packed})
        self._done += len(readings)
        if readings:
            self._progress.advance(self._done, self._total, printable(readings[-1].path))
        for reading in readings:
            if reading.packed:
                self.parsed += 1
                yield self._unpacked(reading.path, reading.key, reading.packed)


def _may_be_code(path: str) -> bool:
    """Whether a file is code by its name, or may be by its first line."""
    stem, _, _ = os.path.basename(path).rpartition(".")  # noqa: PTH119  a hundred thousand times
    return not stem or language_of(path) is not None


def read_files(limits: Limits, tasks: tuple[Task, ...]) -> list[FileReading]:
    """What a worker does: the forms of some files.

    Args:
        limits: Limits of reading and parsing.
        tasks: The files.
    """
    return [_read_file(limits, task.path) for task in tasks]


def _read_file(limits: Limits, path: str) -> FileReading:
    opened = _opened(limits, path)
    if isinstance(opened, FileReading):
        return opened
    try:
        text = decode(opened.raw, path).data
        tree = parse(text, opened.language, seconds=limits.parse_seconds, path=path)
        return FileReading(path=path, key=opened.key, packed=pack_forms(tree))
    except ParseTimeoutError as error:
        return FileReading(path=path, reason=f"{SLOW}: {error.message}")
    except InputError as error:
        return FileReading(path=path, reason=f"binary: {error.message.rpartition(': ')[2]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A file of code before it is parsed."""

    key: str
    raw: bytes
    language: Language


def _opened(limits: Limits, path: str) -> _Opened | FileReading:
    """Read the bytes of a file; one that gives none, or is no code, is a reading by itself."""
    try:
        raw, _ = steady_bytes(path, limits)
    except OSError as error:
        return FileReading(path=path, reason=f"{UNREADABLE}{error.strerror or error}")
    except InputError as error:
        return FileReading(path=path, reason=error.message)
    language = language_of(path, raw[:HEAD_BYTES])
    if language is None:
        return FileReading(path=path)
    key = f"{language.name}.{VERSION}.{NORMAL_VERSION}:{content_hash(raw)}"
    return _Opened(key=key, raw=raw, language=language)
