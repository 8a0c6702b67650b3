"""The lexical tokens of a TypeScript type."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from tidemill.core.errors import InputError

__all__ = ["TokenKind", "TypeToken", "tokens_of"]

_TOKEN = re.compile(
    r"(?P<gap>[\s\ufeff]+|//[^\n]*|/\*.*?\*/)"
    r"|(?P<word>(?:[^\W\d]|\$)[\w$]*)"
    r'|(?P<quoted>"(?:[^"\\\r\n]|\\[^\r\n])*"' + r"|'(?:[^'\\\r\n]|\\[^\r\n])*')"
    r"|(?P<literal>`(?:[^`\\]|\\.)*`"
    r"|-?(?:0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)n?)"
    r"|(?P<sign>=>|\.\.\.|[][(){}<>|&.,;:?=+-])",
    re.DOTALL,
)
_IN_QUOTES = re.compile(r'\\.|"')
_REQUOTED = {"\\'": "'", '"': '\\"'}


class TokenKind(Enum):
    """What a token is."""

    WORD = auto()
    LITERAL = auto()
    SIGN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeToken:
    """A word, a literal or a sign.

    Attributes:
        text: As written, quotes made double.
        kind: What it is.
        after_break: Whether a line ended before it, which may end a member of an object type.
    """

    text: str
    kind: TokenKind
    after_break: bool = False


def tokens_of(text: str) -> Iterator[TypeToken]:
    """Cut a type into tokens, without white space and comments.

    Args:
        text: A type's text.

    Raises:
        InputError: Something in it is part of no type, with its column.
    """
    after_break = False
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise InputError(f"no type holds {text[place]!r} there", column=place + 1)
        place = found.end()
        if found.lastgroup == "gap":
            after_break = after_break or "\n" in found[0]
            continue
        yield _token(found, after_break=after_break)
        after_break = False


def _token(found: re.Match[str], *, after_break: bool) -> TypeToken:
    text = found[0]
    if found.lastgroup == "word":
        return TypeToken(text=text, kind=TokenKind.WORD, after_break=after_break)
    if found.lastgroup == "sign":
        return TypeToken(text=text, kind=TokenKind.SIGN, after_break=after_break)
    if found.lastgroup == "quoted":
        text = _requoted(text)
    return TypeToken(text=text, kind=TokenKind.LITERAL, after_break=after_break)


def _requoted(text: str) -> str:
    inside = _IN_QUOTES.sub(lambda mark: _REQUOTED.get(mark[0], mark[0]), text[1:-1])
    return f'"{inside}"'
