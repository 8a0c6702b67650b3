"""The code of one unit as rows and columns of a monospaced page.

Tabs are expanded, wide characters take two columns, combining characters none,
and control characters become visible signs, so that a place on the page is
known for every byte whatever the text holds.
"""

import unicodedata
from dataclasses import dataclass

from tidemill.source.lines import LineTable

__all__ = ["Excerpt", "Place", "Row", "character_columns", "excerpt_of", "runs_of"]

TAB_COLUMNS = 4
CONTROL_PICTURES = 0x2400


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of code as it is shown.

    Args:
        number: Its line in the file, counted from 1.
        start: Byte offset of its first byte.
        text: What is shown, indentation of the whole excerpt removed.
        columns: Column of every byte of the line, and of its end.
    """

    number: int
    start: int
    text: str
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a span stands on the page: row (from 0) and columns (from 0)."""

    row: int
    left: int
    right: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """The rows of one unit, top to bottom."""

    rows: tuple[Row, ...]

    @property
    def width(self) -> int:
        """Columns of the widest row."""
        return max((row.columns[-1] for row in self.rows), default=0)

    def place(self, start: int, end: int) -> Place:
        """Return where the bytes ``start`` to ``end`` stand.

        A span of several lines is shown up to the end of its first one.
        """
        index = self._row_of(start)
        row = self.rows[index]
        last = len(row.columns) - 1
        left = row.columns[min(max(start - row.start, 0), last)]
        right = row.columns[min(max(end - row.start, 0), last)]
        return Place(row=index, left=left, right=max(right, left + 1))

    def _row_of(self, offset: int) -> int:
        low, high = 0, len(self.rows) - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self.rows[middle].start <= offset:
                low = middle
            else:
                high = middle - 1
        return low


def excerpt_of(data: bytes, start: int, end: int) -> Excerpt:
    """Return the whole lines that the bytes ``start`` to ``end`` touch.

    Args:
        data: The text of the file, UTF-8.
        start: First byte of the unit.
        end: Byte after its last one.
    """
    table = LineTable(data)
    first = table.line(start)
    last = max(first, table.line(max(start, end - 1)))
    rows = [_row(table, number) for number in range(first, last + 1)]
    margin = min((_indent(row.text) for row in rows if row.text.strip()), default=0)
    return Excerpt(rows=tuple(_dedented(row, margin) for row in rows))


def _row(table: LineTable, number: int) -> Row:
    shown: list[str] = []
    columns: list[int] = []
    column = 0
    for character in table.text(number).decode("utf-8", "surrogateescape"):
        signs, width = _shown(character, column)
        shown.append(signs)
        columns += [column] * len(character.encode("utf-8", "surrogateescape"))
        column += width
    return Row(
        number=number,
        start=table.starts[number - 1],
        text="".join(shown),
        columns=(*columns, column),
    )


def _shown(character: str, column: int) -> tuple[str, int]:
    """Return the signs for one character and the columns they take."""
    if character == "\t":
        width = TAB_COLUMNS - column % TAB_COLUMNS
        return " " * width, width
    if character < " ":
        return chr(CONTROL_PICTURES + ord(character)), 1
    if "\ud800" <= character <= "\udfff" or unicodedata.category(character) in {"Cc", "Cf"}:
        return "\N{REPLACEMENT CHARACTER}", 1
    return character, character_columns(character)


def character_columns(character: str) -> int:
    """Return how many columns of a terminal or page one character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _dedented(row: Row, margin: int) -> Row:
    blank = not row.text.strip()
    return Row(
        number=row.number,
        start=row.start,
        text="" if blank else row.text[margin:],
        columns=tuple(max(0, column - margin) for column in row.columns),
    )


def runs_of(text: str) -> list[tuple[int, str]]:
    """Split a shown line into stretches that a monospaced font keeps in step.

    Returns:
        First column and signs of each stretch; a wide character stands alone,
        and a combining one stays with the character it belongs to.
    """
    runs: list[tuple[int, str]] = []
    column, open_run = 0, False
    for character in text:
        width = character_columns(character)
        if runs and (width == 0 or (width == 1 and open_run)):
            runs[-1] = (runs[-1][0], runs[-1][1] + character)
        else:
            runs.append((column, character))
        open_run = open_run if width == 0 else width == 1
        column += width
    return runs
