"""From a type's text to its normal form.

Brackets are kept on a stack and read when they close, so that what is between two of them is
always a flat list, and no depth of nesting is a depth of calls.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from tidemill.core.errors import InputError
from tidemill.metrics.types.entries import entries_of, members_of
from tidemill.metrics.types.lexing import TokenKind, TypeToken, tokens_of
from tidemill.metrics.types.phrases import type_of
from tidemill.metrics.types.pieces import Piece, PieceKind
from tidemill.metrics.types.terms import Term

__all__ = ["LONGEST_TYPE", "MOST_NESTED", "read_type"]

LONGEST_TYPE = 1 << 14
"""Characters of a type that is read; longer ones are taken as they are."""

MOST_NESTED = 64
"""Brackets in one another."""

_CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">"}
_CLOSERS = frozenset(_CLOSING.values())
_KINDS = {
    TokenKind.WORD: PieceKind.WORD,
    TokenKind.LITERAL: PieceKind.LITERAL,
    TokenKind.SIGN: PieceKind.SIGN,
}
_LEADING = frozenset(
    [
        "keyof",
        "typeof",
        "readonly",
        "unique",
        "infer",
        "extends",
        "is",
        "in",
        "as",
        "new",
        "abstract",
        "asserts",
    ]
)
_TRAILING = frozenset({"extends", "is", "in", "as"})
_BEGINNINGS = frozenset("[(<+-")
_BEGINNINGS_AFTER_NAMES = frozenset("[")


def read_type(text: str) -> Term:
    """Read a TypeScript type.

    The time it takes grows with the length of the text, and with nothing else.

    Args:
        text: A type as a person or a compiler writes it.

    Returns:
        Its normal form.

    Raises:
        InputError: It is no type, or too long or too deep to be read as one.
    """
    if len(text) > LONGEST_TYPE:
        raise InputError(f"a type of {len(text):,} characters is not read")
    tokens = list(tokens_of(text))
    levels = [_Level(opening="")]
    for place, token in enumerate(tokens):
        following = tokens[place + 1] if place + 1 < len(tokens) else None
        if token.kind is TokenKind.SIGN and token.text in _CLOSING:
            _separate(levels[-1], token)
            levels.append(_Level(opening=token.text))
            if len(levels) > MOST_NESTED:
                raise InputError(f"types nest deeper than {MOST_NESTED} brackets")
        elif token.kind is TokenKind.SIGN and token.text in _CLOSERS:
            _close(levels, token, following)
        else:
            _separate(levels[-1], token)
            levels[-1].add(Piece(text=token.text, kind=_KINDS[token.kind]))
    if len(levels) > 1:
        raise InputError(f"{levels[-1].opening!r} is not closed")
    return type_of(levels[0].pieces)


@dataclass(slots=True, kw_only=True)
class _Level:
    """What was read of a bracket that is still open."""

    opening: str
    pieces: list[Piece] = field(default_factory=list)
    in_name: bool = True

    def add(self, piece: Piece) -> None:
        """Take the next piece, and note whether a member's name or its type is being read."""
        self.pieces.append(piece)
        if piece.is_sign(":"):
            self.in_name = False
        elif piece.is_sign(";") or piece.is_sign(","):
            self.in_name = True


def _separate(level: _Level, token: TypeToken) -> None:
    """Let the end of a line end a member of an object type, where nothing else can be meant."""
    if level.opening != "{" or not token.after_break or not level.pieces:
        return
    last = level.pieces[-1]
    ended = last.kind is not PieceKind.SIGN and not last.is_word(*_LEADING)
    begins = token.kind is not TokenKind.SIGN and token.text not in _TRAILING
    marks = _BEGINNINGS_AFTER_NAMES if level.in_name else _BEGINNINGS
    if ended and (begins or token.text in marks):
        level.add(Piece(text=";", kind=PieceKind.SIGN))


def _close(levels: list[_Level], token: TypeToken, following: TypeToken | None) -> None:
    """Read the innermost open bracket, and hand it to the one around it."""
    level = levels.pop()
    if _CLOSING.get(level.opening) != token.text:
        raise InputError(f"{token.text!r} closes nothing")
    around = levels[-1]
    if level.opening == "(":
        takes = following is not None and following.text == "=>"
        named = around.opening == "{" and around.in_name
        around.add(_parameters(level) if takes or named else _enclosed(level))
    else:
        around.add(_READERS[level.opening](level))


def _parameters(level: _Level) -> Piece:
    inside = ", ".join(term.text for term in entries_of(level.pieces))
    return Piece(text=f"({inside})", kind=PieceKind.PARAMETERS)


def _enclosed(level: _Level) -> Piece:
    term = type_of(level.pieces)
    return Piece(text=f"({term.text})", kind=PieceKind.ENCLOSED, terms=(term,))


def _brackets(level: _Level) -> Piece:
    terms = entries_of(level.pieces)
    inside = ", ".join(term.text for term in terms)
    return Piece(text=f"[{inside}]", kind=PieceKind.BRACKETS, terms=terms)


def _arguments(level: _Level) -> Piece:
    terms = entries_of(level.pieces)
    if not terms:
        raise InputError("type arguments are missing")
    inside = ", ".join(term.text for term in terms)
    return Piece(text=f"<{inside}>", kind=PieceKind.ARGUMENTS, terms=terms)


def _object(level: _Level) -> Piece:
    members = "; ".join(members_of(level.pieces))
    return Piece(text=f"{{ {members} }}" if members else "{}", kind=PieceKind.OBJECT)


_READERS: dict[str, Callable[[_Level], Piece]] = {
    "[": _brackets,
    "<": _arguments,
    "{": _object,
}
