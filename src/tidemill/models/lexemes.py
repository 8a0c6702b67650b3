"""Texts as hashed tokens: the two ways in which static experts read.

For search, code and query are read alike: each part of each word by itself and by its stem,
and each two neighbouring stems; code also has the stems of its head, which holds its name.
For clones, code is its lexical tokens with the variables all made one.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tidemill.models.ngrams import (
    Hashes,
    NgramSpace,
    TokenHashes,
    hash_of,
    hashed,
    mixed,
    named,
    ngrams_of,
)
from tidemill.source.lexing import lex
from tidemill.source.stems import stem
from tidemill.source.tokens import parts

__all__ = [
    "FIRST_ID",
    "UNKNOWN_ID",
    "Ids",
    "code_lexemes",
    "code_words",
    "lexeme_ids",
    "padded",
    "query_words",
]

Ids = NDArray[np.int64]

IN_HEAD = np.uint64(0xA0761D6478BD642F)
LONGEST_HEAD = 200
CACHED = 1 << 15

UNKNOWN_ID = 1
"""What a token that a space does not know is numbered; 0 is padding."""

FIRST_ID = 2
SAY_NOTHING = np.array(
    sorted(hash_of(token)[0] for token in (b";", b")", b"]", b"}", b",")), dtype=np.uint64
)
"""Tokens that sequences leave out: what they end is seen where it begins."""


def query_words(text: str) -> TokenHashes:
    """Return what is counted of a query."""
    return _counted(_word_hashes(text))


def code_words(text: str) -> TokenHashes:
    """Return what is counted of a function: its words, and those of its head once more."""
    table = _word_hashes(text)
    head = len(parts(_head(text)))
    return _counted(table, table[:head, 0] ^ IN_HEAD)


def code_lexemes(text: bytes, language: str, names: frozenset[bytes]) -> TokenHashes:
    """Return the lexical tokens of code, its variables all made one.

    Args:
        text: Code.
        language: Its language's name.
        names: Its variables (`DataFlowGraph.own_names`).
    """
    return hashed(lex(text, language).texts, names)


def lexeme_ids(text: TokenHashes, space: NgramSpace) -> Ids:
    """Return a text's tokens in order, as numbers of a space of single tokens.

    Args:
        text: From `code_lexemes`.
        space: Its features are single tokens.
    """
    tokens = named(text, space.tokens)
    tokens = tokens[~np.isin(tokens, SAY_NOTHING)]
    grams = ngrams_of(tokens, 1)
    if not len(space):
        return np.full(len(grams), UNKNOWN_ID, dtype=np.int64)
    places = np.minimum(np.searchsorted(space.grams, grams), len(space) - 1)
    known = space.grams[places] == grams
    return np.where(known, places + FIRST_ID, UNKNOWN_ID).astype(np.int64)


def padded(rows: Sequence[Ids]) -> Ids:
    """Put rows under each other, filled up with 0."""
    table = np.zeros((len(rows), max(map(len, rows), default=0)), dtype=np.int64)
    for place, row in enumerate(rows):
        table[place, : len(row)] = row
    return table


def _counted(table: Hashes, *more: Hashes) -> TokenHashes:
    stems, wholes = table[:, 0], table[:, 1]
    pairs = mixed(stems[:-1], stems[1:])
    hashes = np.concatenate([stems, wholes, pairs, *more])
    return TokenHashes(hashes=hashes, is_word=np.zeros(len(hashes), dtype=np.bool_))


def _word_hashes(text: str) -> Hashes:
    """Return stem and whole of each part of each word, as hashes."""
    rows = [_part_hashes(part) for part in parts(text)]
    return np.array(rows, dtype=np.uint64).reshape(-1, 2)


@lru_cache(maxsize=CACHED)
def _part_hashes(part: str) -> tuple[int, int]:
    return hash_of(stem(part).encode())[0], hash_of(b"=" + part.encode())[0]


def _head(text: str) -> str:
    """Return the text up to the end of its first line that is no decorator or attribute.

    What stands before it is part of it, so that its words are the first ones of the text.
    """
    end = 0
    while end < len(text):
        line, end = _line(text, end)
        if line.strip() and not line.lstrip().startswith(("@", "#", "[")):
            break
    return text[: min(end, LONGEST_HEAD)]


def _line(text: str, start: int) -> tuple[str, int]:
    end = text.find("\n", start)
    end = len(text) if end < 0 else end + 1
    return text[start:end], end
