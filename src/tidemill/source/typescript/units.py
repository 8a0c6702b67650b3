"""Bytes of UTF-8 as the UTF-16 units that JavaScript and editors count in."""

from bisect import bisect_right
from functools import cached_property

__all__ = ["Utf16"]


class Utf16:
    """The places of one text.

    Args:
        text: UTF-8.
    """

    def __init__(self, text: bytes) -> None:
        self._text = text

    @cached_property
    def _columns(self) -> tuple[list[int], list[int]] | None:
        """First byte and first unit behind each character beyond ASCII."""
        if self._text.isascii():
            return None
        offsets, units = [0], [0]
        offset = unit = 0
        for character in self._text.decode("utf-8", "replace"):
            width = len(character.encode())
            offset += width
            unit += 2 if ord(character) > 0xFFFF else 1
            if width > 1:
                offsets.append(offset)
                units.append(unit)
        return offsets, units

    def of(self, offset: int) -> int:
        """Return the unit that begins at a byte."""
        return self._across(offset, 0)

    def offset(self, unit: int) -> int:
        """Return the byte at which a unit begins."""
        return self._across(unit, 1)

    def _across(self, place: int, column: int) -> int:
        if self._columns is None:
            return place
        known, wanted = self._columns[column], self._columns[1 - column]
        row = bisect_right(known, place) - 1
        return wanted[row] + place - known[row]
