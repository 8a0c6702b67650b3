"""Names as the words that they are made of."""

import re

__all__ = ["NAME", "PART", "parts_of"]

PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
NAME = re.compile(r"[#@]?[\w$]+")


def parts_of(name: str) -> list[str]:
    """Return the words that a name is made of, in small letters."""
    return [part.lower() for part in PART.findall(name)]
