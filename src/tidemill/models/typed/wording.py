"""A type's text as words."""

import re

__all__ = ["text_of", "type_words"]

WORD = re.compile(r"""[\w$]+|'[^']*'|"[^"]*"|`[^`]*`|=>|\.\.\.|\S""")
GLUED = re.compile(
    r"(?<=[\w$)\]>'\"]) (?=[<\[\],;:)>.?])|(?<=[<(\[.]) (?=\S)|(?<=\?) (?=:)|(?<=-) (?=\d)"
)


def type_words(text: str) -> list[str]:
    """Cut a type into names, literals and signs."""
    return WORD.findall(text)


def text_of(words: list[str]) -> str:
    """Return a type's text from its words, spaced as people write it."""
    return GLUED.sub("", " ".join(words))
