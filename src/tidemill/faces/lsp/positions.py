"""Bytes of a text as the lines and columns that editors count."""

import re
from bisect import bisect_right
from functools import cached_property
from typing import Literal

from tidemill.source.spans import Span

__all__ = ["ENCODINGS", "Encoding", "Place", "Positions", "bytes_before", "encoded"]

Encoding = Literal["utf-8", "utf-16", "utf-32"]
"""What a column counts."""

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")

Place = tuple[int, int]
"""Line and column, both counted from 0."""

LINE_END = re.compile(rb"\r\n|\n|\r")
LONGEST_UNIT = 4
WIDE = {"utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


class Positions:
    """The lines of a text, as the Language Server Protocol (3.17) defines them.

    Lines end at a line feed, a carriage return or both, and nowhere else.

    Args:
        text: UTF-8.
        encoding: What columns count.
    """

    def __init__(self, text: bytes, encoding: Encoding = "utf-16") -> None:
        self._text = text
        self._encoding = encoding

    @cached_property
    def _lines(self) -> tuple[list[int], list[int]]:
        """Where each line begins, and where its text ends."""
        starts, ends = [0], []
        for found in LINE_END.finditer(self._text):
            ends.append(found.start())
            starts.append(found.end())
        return starts, [*ends, len(self._text)]

    def offset(self, place: Place) -> int:
        """Return the byte at a place; behind the end of a line or of the text, that end."""
        starts, ends = self._lines
        line, column = place
        if line >= len(starts):
            return len(self._text)
        text = self._text[starts[max(line, 0)] : ends[max(line, 0)]]
        return starts[max(line, 0)] + bytes_before(text, max(column, 0), self._encoding)

    def place(self, offset: int) -> Place:
        """Return the place of a byte."""
        starts, _ = self._lines
        line = bisect_right(starts, offset) - 1
        before = self._text[starts[line] : offset]
        if self._encoding == "utf-8" or before.isascii():
            return line, len(before)
        codec, width = WIDE[self._encoding]
        return line, len(before.decode("utf-8", "replace").encode(codec)) // width

    def range(self, span: Span) -> tuple[Place, Place]:
        """Return the places at which a span begins and ends."""
        return self.place(span.start), self.place(span.end)


def bytes_before(line: bytes, column: int, encoding: Encoding) -> int:
    """Return how many bytes of a line stand before a column; behind its end, all of them.

    Args:
        line: UTF-8, without its end.
        column: From 0 on.
        encoding: What it counts.
    """
    # No unit takes more than four bytes, and of a long line the rest need not be read.
    head = line[: LONGEST_UNIT * (column + 1)]
    if head.isascii():
        return min(column, len(line))
    if encoding == "utf-8":
        # A column inside a character is that of its first byte.
        return len(line[:column].decode("utf-8", "ignore").encode())
    codec, width = WIDE[encoding]
    # Half of a pair of surrogates is left out.
    before = head.decode("utf-8", "replace").encode(codec)[: width * column]
    return len(before.decode(codec, "ignore").encode())


def encoded(text: str) -> bytes:
    """Return a text of an editor as UTF-8.

    A surrogate without its other half is no character; a question mark takes as many units.
    """
    return text.encode("utf-8", "replace")
