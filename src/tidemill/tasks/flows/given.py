"""Types that somebody else has found, read from a file for a search of flows.

A file is a JSON list of objects::

    [{"file": "src/store.ts", "line": 4, "column": 15, "type": "Pool", "confidence": 0.93}]

``line`` and ``column`` count from 1, columns in characters, and say where the name is
declared: a variable, a parameter, a field; of a destructured parameter, its pattern. With
``"kind": "return"`` it is the name of a function, or what ends the parameters of a nameless
one. ``confidence`` may be left out; whatever else stands there is ignored. The report of
``tidemill types --json`` is read as well; what was refused or left open there is no type.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidemill.core.errors import InputError
from tidemill.core.files import bytes_and_facts
from tidemill.core.settings import Settings
from tidemill.source.annotations.finding import sites_of
from tidemill.source.language import language_of
from tidemill.source.lines import LineTable
from tidemill.source.parsing import parse
from tidemill.source.program.receivers import GivenTypes
from tidemill.source.text import decode

__all__ = ["GivenType", "placed", "read_given_types"]

LARGEST_FILE = 256_000_000
LONGEST_TYPE = 2_000
RETURN = "return"
UNTYPED = frozenset({"backed-off", "left"})
"""States of a place in a report of types, where none stands."""

FORM = 'a list of {"file", "line", "column", "type", "confidence"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenType:
    """A type that somebody found.

    Attributes:
        file: The file as written.
        line: Line of the name, from 1.
        column: Column in characters, from 1.
        type: The type as one would write it.
        confidence: How sure it is, from 0 to 1.
        is_return: It is what the function of that name returns.
    """

    file: str
    line: int
    column: int
    type: str
    confidence: float
    is_return: bool


def read_given_types(path: Path) -> tuple[GivenType, ...]:
    """Read a file of types.

    Raises:
        InputError: It cannot be read, or something in it is wrong, with its place.
    """
    try:
        _, raw, _ = bytes_and_facts(str(path), LARGEST_FILE)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=str(path)) from error
    if len(raw) > LARGEST_FILE:
        raise InputError(f"longer than {LARGEST_FILE:,} bytes", path=str(path))
    try:
        rows = json.loads(raw)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise InputError(f"not JSON: {error}", path=str(path), line=line, hint=FORM) from error
    if isinstance(rows, dict):
        rows = rows.get("sites")
    if not isinstance(rows, list):
        raise InputError("no list of types", path=str(path), hint=FORM)
    return tuple(_row(row, place, str(path)) for place, row in enumerate(rows) if _says_one(row))


def placed(
    given: Sequence[GivenType], root: Path, settings: Settings, *, least: float = 0.0
) -> GivenTypes:
    """Find the declarations that types are of.

    Paths count from the folder in which the command runs, else from the program's. A type of
    a file or place that is not there is of no use, and is left out.

    Args:
        given: The types.
        root: The folder from which the program's paths count.
        settings: Limits.
        least: The least confidence.
    """
    by_file: dict[str, list[GivenType]] = {}
    for one in given:
        if one.confidence >= least:
            by_file.setdefault(one.file, []).append(one)
    types: dict[tuple[str, int], str] = {}
    returned: dict[tuple[str, int], str] = {}
    for name, found in by_file.items():
        place = _file_at(name, root)
        if place is not None:
            inside = place.relative_to(root).as_posix()
            for one, offset in _offsets(place, found, settings):
                (returned if one.is_return else types)[inside, offset] = one.type
    return GivenTypes(types, returned)


def _file_at(name: str, root: Path) -> Path | None:
    for folder in (Path.cwd(), root):
        try:
            place = (folder / name).resolve()
            if place.is_relative_to(root) and place.is_file():
                return place
        except (OSError, ValueError):
            # Longer than names may be, or of characters that none has.
            continue
    return None


def _offsets(
    place: Path, found: Sequence[GivenType], settings: Settings
) -> Iterator[tuple[GivenType, int]]:
    """Yield types with the byte by which a program knows their declarations."""
    try:
        _, raw, _ = bytes_and_facts(str(place), settings.max_file_bytes)
        text = decode(raw, str(place)).data
        functions = _functions(text, place, settings) if any(t.is_return for t in found) else {}
    except (InputError, OSError):
        return
    table = LineTable(text)
    for one in found:
        offset = _offset(table, one)
        if offset is not None and one.is_return:
            offset = functions.get(offset)
        if offset is not None:
            yield one, offset


def _functions(text: bytes, place: Path, settings: Settings) -> Mapping[int, int]:
    """Return the first byte of every function by the place of its result."""
    language = language_of(place.name, b"")
    if language is None:
        return {}
    tree = parse(text, language, seconds=settings.parse_seconds, path=str(place))
    return {
        site.place.start: site.function
        for site in sites_of(tree)
        if site.kind == RETURN and site.function is not None
    }


def _offset(table: LineTable, one: GivenType) -> int | None:
    if one.line > len(table):
        return None
    line = table.text(one.line).decode("utf-8", "replace")
    if one.column > len(line) + 1:
        return None
    return table.starts[one.line - 1] + len(line[: one.column - 1].encode())


def _says_one(row: object) -> bool:
    """Whether a row says a type; in a report of types there are others."""
    return not isinstance(row, dict) or row.get("state") not in UNTYPED


def _row(row: object, place: int, path: str) -> GivenType:
    """Read one type.

    Raises:
        InputError: Something in it is wrong.
    """
    facts: dict[str, Any] = row if isinstance(row, dict) else {}
    file, written = facts.get("file", facts.get("path")), facts.get("type")
    line, column = facts.get("line"), facts.get("column")
    confidence = facts.get("confidence")
    confidence = 1.0 if confidence is None else confidence
    problem = next(
        (
            f"$[{place}].{key} must be {words}"
            for key, words, is_right in (
                ("file", "a text", isinstance(file, str) and "\0" not in file),
                ("type", "a text", isinstance(written, str) and len(written) <= LONGEST_TYPE),
                ("line", "a number from 1", _counts(line)),
                ("column", "a number from 1", _counts(column)),
                ("confidence", "a number from 0 to 1", _is_share(confidence)),
            )
            if not is_right
        ),
        None,
    )
    if problem is not None:
        raise InputError(problem, path=path, hint=FORM)
    return GivenType(
        file=str(file),
        line=int(line or 1),
        column=int(column or 1),
        type=str(written),
        confidence=float(confidence),
        is_return=facts.get("kind") == RETURN,
    )


def _counts(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
