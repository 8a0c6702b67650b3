"""Texts become lexical tokens without a tree: what n-gram experts read.

One regular expression for a family of languages, longest match first, is far
faster than a parse and never fails. Comments and white space leave nothing behind. The
data-flow graph, which was made from the tree, says which of the words are variables.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Lexemes", "lex"]

_SLASHES = rb"//[^\n]*|/\*.*?(?:\*/|\Z)"
_HASHES = rb"\#[^\n]*"
_QUOTES = rb'"(?:[^"\\\n]|\\.)*"?' + rb"|'(?:[^'\\\n]|\\.)*'?"
_TRIPLE = rb'"""(?:[^\\]|\\.)*?(?:"""|\Z)' + rb"|'''(?:[^\\]|\\.)*?(?:'''|\Z)"
_BACKTICK = rb"`(?:[^`\\]|\\.)*`?"
_WORDS = rb"[A-Za-z_$@\x80-\xff][\w$\x80-\xff]*"
_NUMBERS = rb"(?:\d|\.\d)(?:[\w.]|(?<=[eEpP])[+-])*"
_OPERATORS = rb"(?:[-+*/%&|^~!<>=?:.]{1,3}|[^\s\w])"

_FAMILIES = {
    "python": (_HASHES, _TRIPLE + b"|" + _QUOTES),
    "ruby": (_HASHES, _QUOTES),
    "php": (_SLASHES + b"|" + _HASHES, _QUOTES),
    "go": (_SLASHES, _QUOTES + b"|" + _BACKTICK),
    "javascript": (_SLASHES, _QUOTES + b"|" + _BACKTICK),
    "": (_SLASHES, _QUOTES),
}
_SAME = {"typescript": "javascript", "tsx": "javascript"}


def _pattern(comments: bytes, strings: bytes) -> re.Pattern[bytes]:
    parts = (b"(?P<comment>%s)" % comments, b"(?P<string>%s)" % strings, _NUMBERS)
    return re.compile(b"|".join((*parts, b"(?P<word>%s)" % _WORDS, _OPERATORS)), re.DOTALL)


_PATTERNS = {name: _pattern(*family) for name, family in _FAMILIES.items()}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lexemes:
    """The lexical tokens of a text, comments left out.

    Attributes:
        texts: Each token's bytes.
        starts: First byte of each token.
    """

    texts: Sequence[bytes]
    starts: Sequence[int]


def lex(text: bytes, language: str) -> Lexemes:
    """Cut a text into words, numbers, strings and operators.

    Args:
        text: Code; nothing of it is refused.
        language: The name of its language; unknown ones are read like C.
    """
    family = _SAME.get(language, language)
    pattern = _PATTERNS.get(family, _PATTERNS[""])
    texts: list[bytes] = []
    starts: list[int] = []
    for found in pattern.finditer(text):
        if found.lastgroup != "comment":
            texts.append(found[0])
            starts.append(found.start())
    return Lexemes(texts=texts, starts=starts)
