"""A place in a text: a range of bytes."""

from dataclasses import dataclass

__all__ = ["Span"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """A half-open range of bytes, ``start <= byte < end``."""

    start: int
    end: int

    def of(self, text: bytes) -> bytes:
        """Return the bytes of ``text`` that the span covers."""
        return text[self.start : self.end]
