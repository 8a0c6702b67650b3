"""A text in which edits are made: each costs what it touches, and not the whole text."""

from itertools import accumulate
from typing import TypeAlias

from tidemill.faces.lsp.positions import Encoding, Place, bytes_before

__all__ = ["Draft", "Spot"]

Spot: TypeAlias = tuple[int, int]
"""Line, and byte in it, both counted from 0; in the order of the text."""

LINE_ENDS = (b"\n", b"\r")


class Draft:
    """A text as its lines.

    Edits of one message come by the thousand where an editor replaces all, and each counts in
    the text that those before have left.

    Args:
        text: UTF-8.
        encoding: What columns count.

    Attributes:
        size: Its bytes.
    """

    def __init__(self, text: bytes, encoding: Encoding) -> None:
        self._encoding: Encoding = encoding
        # Each with its end; the last one has none.
        self._lines = _lines(text)
        # Of the lines before the last edit alone: edits that come in an order use them again.
        self._starts = [0]
        self.size: int = len(text)

    @property
    def text(self) -> bytes:
        """The text as it is now."""
        return b"".join(self._lines)

    def spot(self, place: Place) -> Spot:
        """Return where a place is; behind the end of a line or of the text, that end."""
        line, column = max(place[0], 0), max(place[1], 0)
        if line >= len(self._lines):
            return len(self._lines) - 1, len(self._lines[-1])
        text = self._lines[line].rstrip(b"\r\n")
        return line, bytes_before(text, column, self._encoding)

    def offset(self, spot: Spot) -> int:
        """Return the byte of the text at a spot."""
        line, inside = spot
        known = self._starts
        if line >= len(known):
            sizes = map(len, self._lines[len(known) - 1 : line])
            known[-1:] = accumulate(sizes, initial=known[-1])
        return known[line] + inside

    def between(self, first: Spot, last: Spot) -> int:
        """Return how many bytes lie between two spots."""
        return sum(map(len, self._lines[first[0] : last[0]])) + last[1] - first[1]

    def replace(self, first: Spot, last: Spot, new: bytes) -> None:
        """Let something else stand between two spots."""
        self.size += len(new) - self.between(first, last)
        (start, before), (end, behind) = first, last
        chunk = self._lines[start][:before] + new + self._lines[end][behind:]
        if start and chunk.startswith(b"\n") and self._lines[start - 1].endswith(b"\r"):
            # What were the ends of two lines is that of one.
            start -= 1
            chunk = self._lines[start] + chunk
        is_last = end == len(self._lines) - 1
        self._lines[start : end + 1] = _lines(chunk) if is_last else chunk.splitlines(keepends=True)
        del self._starts[start + 1 :]


def _lines(text: bytes) -> list[bytes]:
    """Return the lines of a text, each with its end; bytes end lines where editors do."""
    found = text.splitlines(keepends=True)
    if not found or found[-1].endswith(LINE_ENDS):
        found.append(b"")
    return found
