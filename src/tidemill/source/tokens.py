"""Text becomes the terms that a lexical search compares.

An identifier is found whole and by its parts: ``parseHTTPServer_v2`` gives
``parsehttpserver_v2``, ``parse``, ``http``, ``server``, ``v``, ``2``. Where words stand
without spaces (Chinese, Japanese), every two neighbouring characters are a part.
"""

import re
from functools import lru_cache

__all__ = ["MAX_TERM_CHARACTERS", "parts", "terms"]

MAX_TERM_CHARACTERS = 128
CACHED_WORDS = 8_192

# Combining marks follow the letters that they belong to.
WORD = re.compile(r"\w[\w\u0300-\u036f]*")
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
ASCII_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
LOWER, UPPER, DIGIT, BREAK, OTHER = "lower", "upper", "digit", "break", "other"


def terms(text: str) -> list[str]:
    """Split a text into terms, in order and with repetitions.

    Words longer than 128 characters (encoded data, mostly) give no terms. The
    time is linear in the length of the text.

    Args:
        text: Code, comments, or a person's query: all are split alike.

    Returns:
        For each word its lower-cased whole, then its parts by case, digits,
        underscores and script where they differ from the whole.
    """
    found: list[str] = []
    for word in WORD.findall(text):
        found += _terms_of(word) if len(word) <= MAX_TERM_CHARACTERS else ()
    return found


def parts(text: str) -> list[str]:
    """Split a text into the parts of its words, without the wholes.

    Args:
        text: Code, comments, or a person's query.

    Returns:
        The parts, lower-cased, in order and with repetitions; words longer than 128
        characters give none.
    """
    found: list[str] = []
    for word in WORD.findall(text):
        if len(word) <= MAX_TERM_CHARACTERS:
            split = _terms_of(word)
            found += split[1:] if len(split) > 1 else split
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
                parts += _unspaced_parts(word[start:place])
            start = place
    return parts


def _unspaced_parts(part: str) -> list[str]:
    """Split a part further where its script has no spaces between words."""
    found: list[str] = []
    position = 0
    for run in UNSPACED.finditer(part):
        found += [part[position : run.start()]] if run.start() > position else []
        pairs = [run[0][place : place + 2] for place in range(len(run[0]) - 1)]
        found += pairs or [run[0]]
        position = run.end()
    return [*found, part[position:]] if position < len(part) else found


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
