"""Read the hand-written data-flow cases in ``golden/<language>.txt``.

A file is a row of cases; a case is a snippet and the full edge set of one of its
units. The shape of a case:

    === name of the case
    --- code
    def f(a):
        return a
    --- unit f
    --- free
    print
    --- edges
    a#2 <- a#1

``--- unit`` and ``--- free`` are optional. A node is written ``NAME#k``, the k-th
node of that name in byte order. ``<-`` is comes_from, ``<=`` is computed_from.
Lines that begin with ``#`` are comments, except inside the code.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from typing_extensions import override

from tidemill.core.errors import InputError

__all__ = [
    "EdgeKind",
    "GoldenCase",
    "GoldenEdge",
    "GoldenFormatError",
    "Mention",
    "parse_golden",
    "read_golden",
]

EdgeKind = Literal["comes_from", "computed_from"]

_ARROWS: dict[str, EdgeKind] = {"<-": "comes_from", "<=": "computed_from"}
_ARROW = re.compile(r"\s(<-|<=)\s")
_SOURCE = re.compile(r"(?P<name>\S.*?)#(?P<ordinal>\d+)\s*(?:,\s*|$)")
_TARGET = re.compile(r"(?P<name>\S.*)#(?P<ordinal>\d+)")
_SECTIONS = ("code", "unit", "free", "edges")


class GoldenFormatError(InputError):
    """A golden file that breaks the format; carries the file and the line."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Mention:
    """One node, named as the ``ordinal``-th of its name in byte order (from 1)."""

    name: str
    ordinal: int

    @override
    def __str__(self) -> str:
        return f"{self.name}#{self.ordinal}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class GoldenEdge:
    """The value at ``target`` is taken or computed from the value at ``source``."""

    target: Mention
    source: Mention
    kind: EdgeKind

    @override
    def __str__(self) -> str:
        arrow = "<-" if self.kind == "comes_from" else "<="
        return f"{self.target} {arrow} {self.source}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenCase:
    """One snippet with the full edge set of one unit.

    Attributes:
        language: Name of the language, the stem of the file.
        name: Name of the case, unique in its file.
        code: The snippet, ending in one newline.
        unit: Name of the unit that is meant; None means the first outermost
            function or method.
        edges: Every edge of the unit.
        free: Names used in the unit but bound outside it; None where the case
            does not say.
        line: Line of the case's heading, counted from 1.
    """

    language: str
    name: str
    code: str
    unit: str | None
    edges: frozenset[GoldenEdge]
    free: tuple[str, ...] | None
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    number: int
    text: str


@dataclass(slots=True, kw_only=True)
class _Draft:
    """A case while its sections are being collected."""

    heading: _Line
    name: str
    arguments: dict[str, _Line] = field(default_factory=dict)
    bodies: dict[str, list[_Line]] = field(default_factory=dict)


def read_golden(path: Path) -> tuple[GoldenCase, ...]:
    """Read one golden file; the language is the stem of its name.

    Raises:
        GoldenFormatError: Where the file breaks the format.
    """
    return parse_golden(path.read_text(encoding="utf-8"), language=path.stem, path=str(path))


def parse_golden(text: str, *, language: str, path: str = "<text>") -> tuple[GoldenCase, ...]:
    """Parse the text of a golden file.

    Args:
        text: The whole file.
        language: Language of every case in it.
        path: The file, for error messages.

    Raises:
        GoldenFormatError: Where the text breaks the format.
    """
    return tuple(_Reader(path).cases(text, language))


class _Reader:
    """Turns lines into cases; keeps the path for its errors."""

    def __init__(self, path: str) -> None:
        self._path = path

    def cases(self, text: str, language: str) -> Iterator[GoldenCase]:
        seen: set[str] = set()
        for draft in self._drafts(text):
            if draft.name in seen:
                raise self._error(f"two cases are named {draft.name!r}", draft.heading)
            seen.add(draft.name)
            yield self._finish(draft, language)

    def _drafts(self, text: str) -> Iterator[_Draft]:
        draft: _Draft | None = None
        section: str | None = None
        for number, content in enumerate(text.split("\n"), start=1):
            line = _Line(number=number, text=content)
            if content.startswith("=== "):
                if draft is not None:
                    yield draft
                draft, section = self._opened(line), None
            elif content.startswith("--- "):
                section = self._enter_section(draft, line)
            elif draft is not None and section is not None:
                self._keep(draft, section, line)
            elif not _is_idle(content):
                raise self._error("text outside a section", line)
        if draft is not None:
            yield draft

    def _opened(self, line: _Line) -> _Draft:
        name = line.text.removeprefix("=== ").strip()
        if not name:
            raise self._error("a case needs a name", line)
        return _Draft(heading=line, name=name)

    def _enter_section(self, draft: _Draft | None, line: _Line) -> str:
        section, _, argument = line.text.removeprefix("--- ").strip().partition(" ")
        if draft is None:
            raise self._error("a section before the first case", line)
        if section not in _SECTIONS:
            raise self._error(f"unknown section {section!r}; one of {', '.join(_SECTIONS)}", line)
        if section in draft.bodies:
            raise self._error(f"a second section {section!r} in one case", line)
        if bool(argument) != (section == "unit"):
            raise self._error("only `--- unit` takes a word, and it needs one", line)
        draft.bodies[section] = []
        draft.arguments[section] = _Line(number=line.number, text=argument)
        return section

    def _keep(self, draft: _Draft, section: str, line: _Line) -> None:
        if section == "code" or not _is_idle(line.text):
            draft.bodies[section].append(line)

    def _finish(self, draft: _Draft, language: str) -> GoldenCase:
        for section in ("code", "edges"):
            if section not in draft.bodies:
                raise self._error(f"the case has no section {section!r}", draft.heading)
        code = "\n".join(line.text for line in draft.bodies["code"]).rstrip("\n")
        if not code.strip():
            raise self._error("the code is empty", draft.heading)
        if draft.bodies.get("unit"):
            raise self._error("`--- unit NAME` has no body", draft.bodies["unit"][0])
        unit = draft.arguments.get("unit")
        return GoldenCase(
            language=language,
            name=draft.name,
            code=code + "\n",
            unit=unit.text if unit else None,
            edges=self._edges(draft.bodies["edges"]),
            free=_free_names(draft.bodies.get("free")),
            line=draft.heading.number,
        )

    def _edges(self, lines: Sequence[_Line]) -> frozenset[GoldenEdge]:
        edges: set[GoldenEdge] = set()
        rows: set[tuple[Mention, EdgeKind]] = set()
        for line in lines:
            target, kind, sources = self._row(line)
            if (target, kind) in rows:
                raise self._error(f"a second line of this kind for {target}", line)
            rows.add((target, kind))
            found = {GoldenEdge(target=target, source=one, kind=kind) for one in sources}
            if len(found) != len(sources):
                raise self._error("a source is named twice", line)
            edges |= found
        return frozenset(edges)

    def _row(self, line: _Line) -> tuple[Mention, EdgeKind, list[Mention]]:
        arrow = _ARROW.search(line.text)
        if arrow is None:
            raise self._error("an edge line is `target <- sources` or `target <= sources`", line)
        target = _TARGET.fullmatch(line.text[: arrow.start()].strip())
        if target is None:
            raise self._error("the target is not of the form NAME#k", line)
        return (
            self._mention(target, line),
            _ARROWS[arrow.group(1)],
            self._sources(line.text[arrow.end() :].strip(), line),
        )

    def _sources(self, text: str, line: _Line) -> list[Mention]:
        sources: list[Mention] = []
        place = 0
        while place < len(text):
            match = _SOURCE.match(text, place)
            if match is None:
                raise self._error(f"not of the form NAME#k: {text[place:]!r}", line)
            sources.append(self._mention(match, line))
            place = match.end()
        if not sources or text.endswith(","):
            raise self._error("a source is missing", line)
        return sources

    def _mention(self, match: re.Match[str], line: _Line) -> Mention:
        ordinal = int(match["ordinal"])
        if ordinal < 1:
            raise self._error("nodes are counted from 1", line)
        return Mention(name=match["name"], ordinal=ordinal)

    def _error(self, message: str, line: _Line) -> GoldenFormatError:
        return GoldenFormatError(
            message, path=self._path, line=line.number, column=1, source_line=line.text
        )


def _is_idle(text: str) -> bool:
    """Whether the line is blank or a comment."""
    return not text.strip() or text.startswith("#")


def _free_names(lines: Sequence[_Line] | None) -> tuple[str, ...] | None:
    if lines is None:
        return None
    return tuple(name for line in lines for name in line.text.split())
