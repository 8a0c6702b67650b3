"""The words that a name is made of."""

import re

__all__ = ["subtokens_of"]

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")


def subtokens_of(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case: ``parseHTMLNode2`` -> parse, html, node, 2."""
    return tuple(found[0].lower() for found in _WORD.finditer(name))
