"""Texts as hashed tokens: the two ways in which static experts read."""

import numpy as np

from tidemill.models.ngrams import TokenHashes, hashed
from tidemill.source.lexing import lex
from tidemill.source.tokens import parts

__all__ = ["code_lexemes", "word_parts"]


def word_parts(text: str) -> TokenHashes:
    """Return the parts of all words, lower-cased: code and what is said of it alike."""
    found = hashed([part.encode() for part in parts(text)])
    return TokenHashes(hashes=found.hashes, is_word=np.zeros(len(found.hashes), dtype=np.bool_))


def code_lexemes(text: bytes, language: str, names: frozenset[bytes]) -> TokenHashes:
    """Return the lexical tokens of code, its variables all made one.

    Args:
        text: Code.
        language: Its language's name.
        names: Its variables (`DataFlowGraph.own_names`).
    """
    return hashed(lex(text, language).texts, names)
