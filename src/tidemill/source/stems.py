"""Words without their endings, so that "parses", "parsing" and ``parser`` meet.

A light stemmer for English as it stands in code (ours; in the spirit of Porter 1980): one
ending is cut off where at least three letters stay. It errs on the side of joining too much,
which a learned expert can undo, for it sees the whole words besides.
"""

import re

__all__ = ["stem"]

SHORTEST = 5
ENDINGS = re.compile(
    r"(?:ization|isation|ations|ation|ators|ator|ments|ment|able|ible|ives|ings|ions|ive|ing|ion"
    r"|ies|ied|ers|ors|er|ed|es|or|ly|al|s|e|y)$"
)
LEAST_STEM = 3


def stem(word: str) -> str:
    """Return a lower-case word without its ending.

    Args:
        word: One part of a name or one word of a text; other scripts than Latin stay as
            they are.
    """
    if not word.isascii():
        return word
    if len(word) < SHORTEST:
        return word[:-1] if len(word) > LEAST_STEM and word.endswith("s") else word
    found = ENDINGS.search(word)
    return word[: found.start()] if found and found.start() >= LEAST_STEM else word
