"""What a run of indexing counts on its way, and reports at its end."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tidemill.store.rows import FileRecord, FileRow
from tidemill.tasks.discovery import printable
from tidemill.tasks.graphs import Graphless
from tidemill.tasks.records import SLOW

__all__ = ["IndexReport", "SkippedPath", "Tally", "UnparsableFile", "unparsable_file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedPath:
    """A file that was not read, and why.

    Attributes:
        path: As people know it, safe to print.
        reason: A short kind, a colon, and the detail.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnparsableFile:
    """A file with regions that its grammar could not read; all its text is indexed.

    Attributes:
        path: As people know it, safe to print.
        lines: First and last line of each region.
        reason: Why the whole file was not parsed; empty when most of it was.
    """

    path: str
    lines: tuple[tuple[int, int], ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReport:
    """What one run of `index` did.

    Attributes:
        store: Folder of the store.
        seen: Files met.
        indexed: Files read and written.
        unchanged: Files whose content is as it was.
        removed: Files that are gone from the index because they are gone.
        skipped: Files not read, in the order met.
        unparsable: Files with unreadable regions among those read now.
        graphless: Units without a data-flow graph among those read now, by file and reason.
        crashed: Files whose reading crashed; they are among the skipped.
        read: Files that were to be read.
        functions: Functions and methods in the files read now.
        modules: Modules in them.
        pieces: Pieces of other text in them.
        resumed: Whether this run went on where an earlier one had been stopped.
        seconds: How long it took.
    """

    store: Path
    seen: int = 0
    indexed: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: tuple[SkippedPath, ...] = ()
    unparsable: tuple[UnparsableFile, ...] = ()
    graphless: tuple[Graphless, ...] = ()
    crashed: int = 0
    read: int = 0
    functions: int = 0
    modules: int = 0
    pieces: int = 0
    resumed: bool = False
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether there was something to read, and every file of it crashed."""
        return 0 < self.read == self.crashed

    @property
    def reasons(self) -> dict[str, int]:
        """How many files were skipped for each kind of reason, the most frequent first."""
        kinds = Counter(entry.reason.partition(":")[0] for entry in self.skipped)
        return dict(kinds.most_common())

    def to_dict(self) -> dict[str, object]:
        """Return the report as JSON-ready facts."""
        return {
            "store": str(self.store),
            "seen": self.seen,
            "indexed": self.indexed,
            "unchanged": self.unchanged,
            "removed": self.removed,
            "skipped": [{"path": entry.path, "reason": entry.reason} for entry in self.skipped],
            "reasons": self.reasons,
            "unparsable": [
                {"path": entry.path, "lines": entry.lines, "reason": entry.reason}
                for entry in self.unparsable
            ],
            "graphless": [asdict(entry) for entry in self.graphless],
            "crashed": self.crashed,
            "read": self.read,
            "functions": self.functions,
            "modules": self.modules,
            "pieces": self.pieces,
            "resumed": self.resumed,
            "seconds": self.seconds,
        }


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a run has counted so far."""

    seen: int = 0
    indexed: int = 0
    unchanged: int = 0
    removed: int = 0
    crashed: int = 0
    read: int = 0
    skipped: list[SkippedPath] = field(default_factory=list)
    graphless: list[Graphless] = field(default_factory=list)
    unparsable: list[UnparsableFile] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    def take(self, record: FileRecord) -> None:
        """Count one record that was read."""
        path = printable(record.file.path)
        if record.file.status == "skipped":
            self.skipped.append(SkippedPath(path=path, reason=record.file.reason))
            return
        self.indexed += 1
        self.kinds.update(unit.kind for unit in record.units)
        if record.file.unparsable:
            self.unparsable.append(unparsable_file(record.file))


def unparsable_file(row: FileRow) -> UnparsableFile:
    """Return what is to be told of a file with regions that could not be parsed."""
    whole = row.reason if row.reason.startswith(SLOW) else ""
    return UnparsableFile(path=printable(row.path), lines=row.unparsable, reason=whole)
