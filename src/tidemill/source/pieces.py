"""Text of any kind, cut into pieces that a lexical search can point to."""

from dataclasses import dataclass

__all__ = ["Piece", "pieces"]

MAX_PIECE_BYTES = 8_192


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A few lines of a text, or a part of one very long line.

    Attributes:
        start: First byte.
        end: The byte after its last.
        start_line: Line of the first byte, counted from 1.
    """

    start: int
    end: int
    start_line: int


def pieces(text: bytes, *, lines: int = 40, max_bytes: int = MAX_PIECE_BYTES) -> tuple[Piece, ...]:
    """Cut a text into pieces that cover it without gap or overlap.

    A piece ends at the last blank line of its second half, if there is one, so
    that paragraphs and functions tend to stay whole.

    Args:
        text: UTF-8.
        lines: Lines a piece should have at most; at least 1.
        max_bytes: Bytes a piece has at most, cut between characters; at least 4.
    """
    rows = _rows(text)
    found: list[Piece] = []
    start, row = 0, 0
    while row < len(rows):
        count = _rows_of_piece(rows, row, lines, max_bytes)
        end = start + sum(map(len, rows[row : row + count]))
        for left, right in _cuts(text, start, end, max_bytes):
            found.append(Piece(start=left, end=right, start_line=row + 1))
        start, row = end, row + count
    return tuple(found)


def _rows(text: bytes) -> list[bytes]:
    """Split at line feeds only, as lines are counted everywhere."""
    rows = [row + b"\n" for row in text.split(b"\n")]
    rows[-1] = rows[-1][:-1]
    return rows if rows[-1] else rows[:-1]


def _rows_of_piece(rows: list[bytes], first: int, lines: int, max_bytes: int) -> int:
    """Say how many rows from ``first`` on make a piece; at least one."""
    count, size, blank = 0, 0, 0
    for row in rows[first : first + lines]:
        size += len(row)
        if count and size > max_bytes:
            break
        count += 1
        if not row.strip() and 2 * count >= lines:
            blank = count
    return blank if blank and first + count < len(rows) else count


def _cuts(text: bytes, start: int, end: int, max_bytes: int) -> list[tuple[int, int]]:
    """Cut a stretch that is too long, never inside a character."""
    cuts: list[tuple[int, int]] = []
    while end - start > max_bytes:
        middle = start + max_bytes
        while middle > start + 1 and text[middle] & 0xC0 == 0x80:
            middle -= 1
        cuts.append((start, middle))
        start = middle
    return [*cuts, (start, end)]
