"""What types were found, as people and programs read it."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from tidemill.core.hashing import content_hash
from tidemill.source.annotations.site import SiteKind
from tidemill.source.lines import Position
from tidemill.tasks.index_report import SkippedPath

__all__ = [
    "OFFERED",
    "FileChange",
    "Replacement",
    "State",
    "TypedSite",
    "TypesReport",
    "fingerprint",
]

FORMAT = 1

State: TypeAlias = Literal[
    "declared", "known", "verified", "derived", "unverified", "backed-off", "left"
]
"""How a site came by its type.

==============  ===================================================================
``declared``    its author said it
``known``       the compiler infers it, and leaves nothing open
``verified``    it is offered: written there, it causes no new objection
``derived``     the compiler infers it from what is offered elsewhere
``unverified``  it is offered, but nothing has checked it
``backed-off``  what was thought of was refused
``left``        nothing was thought of
==============  ===================================================================
"""

OFFERED: frozenset[State] = frozenset({"verified", "unverified"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """New text at a place, as a fix inserts it."""

    at: Position
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedSite:
    """A place for a type that its author left open.

    Attributes:
        path: Its file, from the folder in which the command ran.
        at: Line and column of its name.
        kind: ``parameter``, ``return``, ``variable`` or ``field``.
        name: Its name; of a nameless function's result, empty.
        state: How it came by its type.
        type: The type that is offered, derived or was refused; else empty.
        confidence: How likely the type was thought to be right; None where nobody guessed.
        reason: What spoke against it.
        fix: What writes the type, and imports what it needs.
        fingerprint: Names site and type whatever the line.
    """

    path: str
    at: Position
    kind: SiteKind
    name: str
    state: State
    type: str = ""
    confidence: float | None = None
    reason: str = ""
    fix: tuple[Replacement, ...] = ()
    fingerprint: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        return {
            "path": self.path,
            "line": self.at.line,
            "column": self.at.column,
            "kind": self.kind,
            "name": self.name,
            "state": self.state,
            "type": self.type,
            "confidence": None if self.confidence is None else round(self.confidence, 4),
            "reason": self.reason,
            "fingerprint": self.fingerprint,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """A file with the types that are offered.

    Attributes:
        path: Where it is.
        name: As people know it.
        before: Its text, UTF-8.
        after: Its text with types.
        encoding: What the file is written in.
        key: Hash of the bytes that were read.
    """

    path: Path
    name: str
    before: bytes
    after: bytes
    encoding: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TypesReport:
    """Everything that one run found.

    Attributes:
        sites: Places that their authors and the compiler leave open, by file and place.
        counts: How many sites are in each state.
        changes: Files that would change.
        files: Files that were looked at.
        checking_before: Files that the compiler objected to nothing in; None without a check.
        checking_after: The same with the types.
        new_objections: What it objects to only since types are written: nothing.
        compiler: Version of what checked; empty where nothing did.
        unchecked: Why nothing checked, and how to get it; empty otherwise.
        source: Who guessed.
        skipped: Files that were not looked at, and why.
        known: Offers that are left out because the baseline has them.
        seconds: How long it took.
    """

    sites: tuple[TypedSite, ...]
    counts: Counter[State]
    changes: tuple[FileChange, ...]
    files: int
    checking_before: int | None
    checking_after: int | None
    new_objections: tuple[str, ...]
    compiler: str
    unchecked: str
    source: str
    skipped: tuple[SkippedPath, ...]
    known: int = 0
    seconds: float = 0.0

    @property
    def offered(self) -> tuple[TypedSite, ...]:
        """The sites for which a type is offered."""
        return tuple(one for one in self.sites if one.state in OFFERED)

    @property
    def open(self) -> int:
        """How many sites neither their authors nor the compiler said anything of."""
        return sum(self.counts.values()) - self.counts["declared"] - self.counts["known"]

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        return {
            "format": FORMAT,
            "sites": [one.to_dict() for one in self.sites],
            "totals": {
                "sites": sum(self.counts.values()),
                "open": self.open,
                **{state.replace("-", "_"): self.counts[state] for state in STATES},
            },
            "files": self.files,
            "files_checking_before": self.checking_before,
            "files_checking_after": self.checking_after,
            "new_diagnostics": list(self.new_objections),
            "compiler": self.compiler,
            "unchecked": self.unchecked,
            "source": self.source,
            "skipped": [{"path": one.path, "reason": one.reason} for one in self.skipped],
            "known": self.known,
            "seconds": round(self.seconds, 3),
        }


STATES: tuple[State, ...] = (
    "declared",
    "known",
    "verified",
    "derived",
    "unverified",
    "backed-off",
    "left",
)


def fingerprint(site: TypedSite, number: int) -> str:
    """Return what names a site and its type: no line, and the how-many-th of its like it is."""
    words = (site.path, site.kind, site.name, str(number), site.type)
    return content_hash("\0".join(words).encode("utf-8", "surrogatepass"))
