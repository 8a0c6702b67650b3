"""What `clones` found, as people and programs read it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tidemill.core.hashing import content_hash
from tidemill.tasks.clones.rules import CloneType
from tidemill.tasks.index_report import SkippedPath

__all__ = ["CloneClass", "CloneMember", "CloneReport", "duplicated_lines"]

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CloneMember:
    """A function in a clone class.

    Attributes:
        path: Its file, relative to the report's root where it is below it.
        line: First line, counted from 1.
        end_line: Last line.
        kind: ``function`` or ``method``.
        name: Qualified name.
        language: Its language.
        tokens: How many it has.
        type: In what way it is like the first of the class.
        similarity: How much, 1 for equal ones.
        fingerprint: Names it whatever its line and its text: hash of path and name.
        is_new: Whether the baseline lacks it in this company; without one, always.
    """

    path: str
    line: int
    end_line: int
    kind: str
    name: str
    language: str
    tokens: int
    type: CloneType
    similarity: float
    fingerprint: str
    is_new: bool = True

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        return {
            "path": self.path,
            "line": self.line,
            "end_line": self.end_line,
            "kind": self.kind,
            "name": self.name,
            "language": self.language,
            "tokens": self.tokens,
            "type": self.type,
            "similarity": round(self.similarity, 4),
            "fingerprint": self.fingerprint,
            "is_new": self.is_new,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CloneClass:
    """Functions that are clones of each other.

    Attributes:
        type: The loosest way in which a member is like the first.
        members: The first is what all others are like; they follow in order of path.
    """

    type: CloneType
    members: tuple[CloneMember, ...]

    @property
    def similarity(self) -> float:
        """How like the first the least similar member is."""
        return min(member.similarity for member in self.members)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of the members, each once."""
        return tuple(sorted({member.language for member in self.members}))

    @property
    def fingerprint(self) -> str:
        """Names the class by its members, whatever their lines and texts."""
        return content_hash("".join(sorted(one.fingerprint for one in self.members)).encode())

    @property
    def duplicated_lines(self) -> int:
        """Lines of all members but the first."""
        return sum(one.end_line - one.line + 1 for one in self.members[1:])

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        return {
            "type": self.type,
            "similarity": round(self.similarity, 4),
            "languages": list(self.languages),
            "duplicated_lines": self.duplicated_lines,
            "fingerprint": self.fingerprint,
            "members": [member.to_dict() for member in self.members],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CloneReport:
    """Everything that one run found.

    Attributes:
        root: Folder that relative paths count from.
        classes: Those with the most duplicated lines first.
        functions: Functions that were large enough to be compared.
        all_functions: Functions that were met, small ones too.
        files: Files that were looked at.
        lines: Their lines.
        duplicated_lines: Lines in members of the classes, without the first of each class
            and counted once.
        parsed: Files that had to be parsed; the forms of the others were kept.
        skipped: Files of code that gave nothing, and why.
        experts: Where semantic clones come from; empty when they were not looked for.
        known: Classes that are left out because the baseline has them.
    """

    root: Path
    classes: tuple[CloneClass, ...]
    functions: int
    all_functions: int
    files: int
    lines: int
    duplicated_lines: int
    parsed: int
    skipped: tuple[SkippedPath, ...]
    experts: tuple[str, ...]
    known: int = 0

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON: the same for the same code, wherever it lies."""
        return {
            "format": FORMAT,
            "classes": [one.to_dict() for one in self.classes],
            "functions": self.functions,
            "all_functions": self.all_functions,
            "files": self.files,
            "lines": self.lines,
            "duplicated_lines": self.duplicated_lines,
            "skipped": [{"path": one.path, "reason": one.reason} for one in self.skipped],
            "experts": list(self.experts),
            "known": self.known,
        }


def duplicated_lines(classes: Iterable[CloneClass]) -> int:
    """Count the lines of all members but the first of each class, each line once."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for one in classes:
        for member in one.members[1:]:
            spans.setdefault(member.path, []).append((member.line, member.end_line))
    total = 0
    for own in spans.values():
        counted = 0
        for line, end_line in sorted(own):
            total += max(0, end_line - max(line - 1, counted))
            counted = max(counted, end_line)
    return total
