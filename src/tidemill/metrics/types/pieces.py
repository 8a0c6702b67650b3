"""What stands between two brackets of a type: words, literals, signs, and brackets read already."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from tidemill.core.errors import InputError
from tidemill.metrics.types.terms import Term

__all__ = ["Piece", "PieceKind", "position_of", "split_at", "unreadable"]


class PieceKind(Enum):
    """What a piece is."""

    WORD = auto()
    LITERAL = auto()
    SIGN = auto()
    ENCLOSED = auto()
    """A type in parentheses."""
    PARAMETERS = auto()
    """Parentheses around what a function takes."""
    BRACKETS = auto()
    """A tuple, the mark of an array, an index, or a computed name of a member."""
    OBJECT = auto()
    ARGUMENTS = auto()
    """Type arguments or type parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One item of a flat list.

    Attributes:
        text: In normal form, brackets included.
        kind: What it is.
        terms: The types in the brackets, where it has any.
    """

    text: str
    kind: PieceKind
    terms: tuple[Term, ...] = ()

    def is_sign(self, text: str) -> bool:
        """Whether it is this sign."""
        return self.kind is PieceKind.SIGN and self.text == text

    def is_word(self, *texts: str) -> bool:
        """Whether it is one of these words."""
        return self.kind is PieceKind.WORD and self.text in texts


def position_of(pieces: Sequence[Piece], sign: str) -> int:
    """Return where a sign first stands, or -1."""
    return next((place for place, piece in enumerate(pieces) if piece.is_sign(sign)), -1)


def split_at(pieces: Sequence[Piece], *signs: str) -> list[Sequence[Piece]]:
    """Return what stands between any of some signs; always one part more than there are signs."""
    parts: list[Sequence[Piece]] = []
    start = 0
    for place, piece in enumerate(pieces):
        if piece.kind is PieceKind.SIGN and piece.text in signs:
            parts.append(pieces[start:place])
            start = place + 1
    parts.append(pieces[start:])
    return parts


def unreadable(pieces: Sequence[Piece], what: str) -> InputError:
    """Return the error for pieces that are not what they should be."""
    shown = " ".join(piece.text for piece in pieces[:8])[:80]
    return InputError(f"{shown!r} is no {what}")
