"""The rows of the store, as the rest of Tidemill sees them."""

from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "KINDS",
    "Body",
    "FileFacts",
    "FileRecord",
    "FileRow",
    "Hit",
    "Kind",
    "StoreFacts",
    "UnitRow",
    "Verification",
]

Status = Literal["indexed", "skipped"]
Kind = Literal["function", "method", "module", "text"]
KINDS: tuple[Kind, ...] = ("function", "method", "module", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One file the store knows, indexed or skipped.

    Attributes:
        path: Relative to the store's root, or absolute when outside it. Bytes that
            are not UTF-8 are kept as ``surrogateescape`` characters.
        language: Name of its language, or ``None`` for other text and skipped files.
        size: Bytes on disk.
        mtime_ns: Time of its last change, in nanoseconds.
        inode: Inode, for the quick check that nothing changed.
        ctime_ns: Time of the last change of its inode, which nobody can set back.
        content_hash: Hash of its bytes; empty when it was never read.
        encoding: How its text was decoded.
        status: ``indexed`` or ``skipped``.
        reason: Why it was skipped: a short kind, a colon, then the detail. Of an indexed
            file, what is missing of it: a slow parse, units without a graph.
        recipe: Hash of the settings and versions that produced its rows.
        unparsable: First and last lines of regions the grammar could not read.
    """

    path: str
    language: str | None = None
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    ctime_ns: int = 0
    content_hash: str = ""
    encoding: str = ""
    status: Status = "indexed"
    reason: str = ""
    recipe: str = ""
    unparsable: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow:
    """One function, method, module top level, or piece of other text.

    Attributes:
        kind: What it is.
        name: Its own name.
        qualified_name: Its name with those of its owners.
        start_byte: First byte in the decoded file.
        end_byte: One past its last byte.
        start_line: First line, from 1.
        end_line: Last line, from 1.
        signature: Its head, on one line.
        doc: Its docstring or doc comment, cleaned.
        body_hash: Key of its text and graph.
    """

    kind: Kind
    name: str
    qualified_name: str
    start_byte: int
    end_byte: int
    start_line: int
    end_line: int
    signature: str = ""
    doc: str = ""
    body_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """Text and graph of one or many equal units, keyed by all that shapes them.

    Attributes:
        hash: Hash of the whole text, after what else shapes text and graph, and a colon.
        text: UTF-8, possibly cut at the setting ``max_unit_bytes``.
        graph: Packed data-flow graph; empty for text without one.
    """

    hash: str
    text: bytes
    graph: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """One file with everything that was read from it."""

    file: FileRow
    units: tuple[UnitRow, ...] = ()
    bodies: tuple[Body, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What the quick check compares before a file is read again."""

    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int
    content_hash: str
    recipe: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One answer of a lexical search.

    Attributes:
        path: File of the unit, as in `FileRow.path`.
        language: Language of the file.
        unit: The unit that matched.
        score: BM25 score; higher is better.
        why: The query terms that matched, with what each added to the score.
    """

    path: str
    language: str | None
    unit: UnitRow
    score: float
    why: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFacts:
    """What is in a store, counted."""

    files: int
    skipped: int
    units: dict[str, int]
    languages: dict[str, int]
    reasons: dict[str, int]
    bodies: int
    segments: int
    postings: int
    bytes_on_disk: int
    format_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What `Store.verify` found.

    Attributes:
        files: Rows in the table of files.
        journaled: Files the journal calls finished.
        units: Rows in the table of units.
        problems: What does not hold, one sentence each; empty when all is well.
    """

    files: int
    journaled: int
    units: int
    problems: tuple[str, ...] = field(default=())

    @property
    def sound(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.problems
