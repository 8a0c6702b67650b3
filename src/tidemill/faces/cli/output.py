"""What every verb prints with: plain where nobody looks, coloured where somebody does."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

from tidemill.core.errors import TidemillError

__all__ = [
    "Ink",
    "columns",
    "counted",
    "give_up_writing",
    "ink_for",
    "json_text",
    "lines_of",
    "plain",
    "printable",
    "report_error",
    "write",
    "write_error",
    "write_json",
]

BOLD, DIM, RED, GREEN, YELLOW, BLUE = "1", "2", "31", "32", "33", "34"
GAP = "  "
REGIONS_SHOWN = 4
WIDEST = 72
"""Columns that a cell may take before it stops pushing those of other rows aside."""

LEAVES = (str, int, float, type(None))
"""What is a term of JSON as it is; most values are, so they are asked for first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """How to emphasise words on one stream; without colour they stay as they are."""

    colour: bool

    def _paint(self, code: str, words: str) -> str:
        return f"\x1b[{code}m{words}\x1b[0m" if self.colour and words else words

    def bold(self, words: str) -> str:
        """Return ``words`` as the thing to look at first."""
        return self._paint(BOLD, words)

    def dim(self, words: str) -> str:
        """Return ``words`` as a remark."""
        return self._paint(DIM, words)

    def good(self, words: str) -> str:
        """Return ``words`` as good news."""
        return self._paint(GREEN, words)

    def warning(self, words: str) -> str:
        """Return ``words`` as something to know."""
        return self._paint(YELLOW, words)

    def bad(self, words: str) -> str:
        """Return ``words`` as something to mend."""
        return self._paint(RED, words)

    def place(self, words: str) -> str:
        """Return ``words`` as a place in a file."""
        return self._paint(BLUE, words)

    def found(self, words: str) -> str:
        """Return ``words`` as what was searched for."""
        return self._paint(f"{BOLD};{YELLOW}", words)


def ink_for(stream: TextIO | None = None, environ: Mapping[str, str] | None = None) -> Ink:
    """Return the ink for a stream: colour only on a terminal, and never with ``NO_COLOR``."""
    stream = sys.stdout if stream is None else stream
    environ = os.environ if environ is None else environ
    plain_wanted = environ.get("NO_COLOR") or environ.get("TERM") == "dumb"
    return Ink(colour=stream.isatty() and not plain_wanted)


def printable(words: str) -> str:
    """Return ``words`` with everything that could move a cursor written as an escape."""
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in words)


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape", "surrogatepass").decode("ascii")


def write(words: str = "") -> None:
    """Print one line of the answer."""
    sys.stdout.write(words + "\n")


def write_error(words: str) -> None:
    """Print one line beside the answer."""
    sys.stdout.flush()
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


def write_json(value: object) -> None:
    """Print ``value`` as the one JSON document of this command."""
    write(json_text(value))


def json_text(value: object) -> str:
    """Return ``value`` as one JSON document, ASCII only so that any pipe can carry it."""
    return json.dumps(plain(value), indent=2)


def plain(value: object) -> object:
    """Return ``value`` in the terms of JSON: what has ``to_dict`` says itself what it is."""
    if isinstance(value, LEAVES):
        return value
    told = getattr(value, "to_dict", None)
    if told is not None:
        return plain(told())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return _plain_object(value)


def _plain_object(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value


def columns(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Align ``rows`` into lines.

    Args:
        rows: Cells without colour; all rows of equal length.
        right: Columns whose cells end at the same place, numbers for instance.
    """
    widths = [min(max(map(len, cells)), WIDEST) for cells in zip(*rows, strict=True)]
    return [
        GAP.join(
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def lines_of(regions: Sequence[tuple[int, int]]) -> str:
    """Return the first regions of a file as ``lines 3-5, 9``."""
    spans = [f"{first}" if first == last else f"{first}-{last}" for first, last in regions]
    more = ", ..." if len(spans) > REGIONS_SHOWN else ""
    return f"lines {', '.join(spans[:REGIONS_SHOWN])}{more}"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where that is due."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def report_error(error: TidemillError, *, as_json: bool) -> int:
    """Tell an error the way the command was asked to speak; return its exit code."""
    if as_json:
        write_json(error.to_dict())
        sys.stdout.flush()
    else:
        head, *rest = str(error).split("\n")
        ink = ink_for(sys.stderr)
        told = [f"{ink.bad('error:')} {printable(head)}", *map(printable, rest)]
        write_error("\n".join(told))
    return error.exit_code


def give_up_writing() -> None:
    """Point standard output at nothing: whoever read it has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
