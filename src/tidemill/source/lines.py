"""Byte offsets as lines and columns.

Everything inside Tidemill speaks byte offsets; people and editors speak lines
and columns. The two meet here and nowhere else.
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

__all__ = ["LineTable", "Position"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in a text.

    Args:
        line: Line, counted from 1.
        column: Column in characters, counted from 1.
    """

    line: int
    column: int


class LineTable:
    """The lines of one UTF-8 text.

    Lines end at a line feed; the carriage return of a CRLF belongs to the
    line's end and is not part of its text.

    Args:
        data: The whole text.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The byte offset at which each line begins."""
        starts = [0]
        place = self._data.find(b"\n")
        while place != -1:
            starts.append(place + 1)
            place = self._data.find(b"\n", place + 1)
        return tuple(starts)

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, offset: int) -> int:
        """Return the line, counted from 1, that holds the byte at ``offset``."""
        return bisect_right(self.starts, offset)

    def position(self, offset: int) -> Position:
        """Return the line and column of the byte at ``offset``."""
        line = self.line(offset)
        before = self._data[self.starts[line - 1] : offset]
        return Position(line=line, column=len(before.decode("utf-8", "replace")) + 1)

    def text(self, line: int) -> bytes:
        """Return the text of ``line`` (counted from 1) without its ending."""
        start = self.starts[line - 1]
        end = self.starts[line] if line < len(self.starts) else len(self._data)
        return self._data[start:end].rstrip(b"\r\n")
