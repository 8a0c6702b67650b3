"""Text becomes the terms that a lexical search compares.

An identifier is found whole and by its parts: ``parseHTTPServer_v2`` gives
``parsehttpserver_v2``, ``parse``, ``http``, ``server``, ``v``, ``2``.
"""

import re
from functools import lru_cache

__all__ = ["MAX_TERM_CHARACTERS", "terms"]

MAX_TERM_CHARACTERS = 128
CACHED_WORDS = 8_192

# Combining marks follow the letters that they belong to.
WORD = re.compile(r"\w[\w\u0300-\u036f]*")
ASCII_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
LOWER, UPPER, DIGIT, BREAK, OTHER = "lower", "upper", "digit", "break", "other"


def terms(text: str) -> list[str]:
    """Split a text into terms, in order and with repetitions.

    Words longer than 128 characters (encoded data, mostly) give no terms. The
    time is linear in the length of the text.

    Args:
        text: Code, comments, or a person's query: all are split alike.

    Returns:
        For each word its lower-cased whole, then its parts by case, digits
        and underscores where they differ from the whole.
    """
    found: list[str] = []
    for word in WORD.findall(text):
        found += _terms_of(word) if len(word) <= MAX_TERM_CHARACTERS else ()
    return found


@lru_cache(maxsize=CACHED_WORDS)
def _terms_of(word: str) -> tuple[str, ...]:
    """Return the terms of one word."""
    whole = word.lower()
    parts = ASCII_PART.findall(word) if word.isascii() else _unicode_parts(word)
    split = tuple(part.lower() for part in parts)
    if not split:
        return ()
    return split if split == (whole,) else (whole, *split)


def _unicode_parts(word: str) -> list[str]:
    """Split a word by case, digits and underscores in any script."""
    parts: list[str] = []
    start = 0
    kinds = [_kind(character) for character in word]
    for place in range(1, len(word) + 1):
        if place == len(word) or _is_border(kinds, place):
            if kinds[start] != BREAK:
                parts.append(word[start:place])
            start = place
    return parts


def _kind(character: str) -> str:
    """Say what a character is for the splitting of words."""
    if character == "_":
        return BREAK
    if character.isdecimal():
        return DIGIT
    if character.isupper():
        return UPPER
    return LOWER if character.islower() else OTHER


def _is_border(kinds: list[str], place: int) -> bool:
    """Say whether a part ends before ``place``: ``aB``, ``ABc`` before B, ``a1``, ``_``."""
    before, here = kinds[place - 1], kinds[place]
    following = kinds[place + 1] if place + 1 < len(kinds) else ""
    if here == UPPER:
        return before != UPPER or following == LOWER
    if BREAK in {before, here}:
        return before != here
    return (before == DIGIT) != (here == DIGIT)
