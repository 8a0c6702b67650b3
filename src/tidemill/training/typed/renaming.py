"""Other names for a file's own types, so that they are looked up and not learnt by heart.

The types of a package that was learnt from say nothing of those of the next one. What does is
where a name stands and what it shares with others: ``layer: Layer``. So copies of a file in which
parts of its types' names are others, in every word alike, are learnt from as well (ours).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from tidemill.models.typed.parts import NAME, PART, parts_of

__all__ = ["Renamer", "renamed"]

SHORTEST = 3
CHANGED = 0.8
"""Share of the parts of types' names that become others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamer:
    """What can be renamed, and to what.

    Attributes:
        pool: Parts of names.
        common: Parts that mean the same in most programs, and stay.
    """

    pool: Sequence[str]
    common: frozenset[str]

    def chosen(self, types: Iterable[str], chance: Random) -> dict[str, str]:
        """Draw another part for most parts of types' names; no two become one.

        Args:
            types: Names of the file's own types.
            chance: Where it is drawn.
        """
        parts = sorted({part for name in types for part in parts_of(name)})
        changed = [
            part
            for part in parts
            if len(part) >= SHORTEST and part not in self.common and chance.random() < CHANGED
        ]
        free = [part for part in self.pool if part not in parts]
        others = chance.sample(free, min(len(changed), len(free)))
        return dict(zip(changed, others, strict=False))


def renamed(words: Sequence[str], changes: Mapping[str, str]) -> list[str]:
    """Return words in which parts of names are others; literals and signs stay."""
    if not changes:
        return [*words]
    known: dict[str, str] = {}
    for word in {*words}:
        known[word] = _renamed(word, changes) if NAME.fullmatch(word) else word
    return [known[word] for word in words]


def _renamed(word: str, changes: Mapping[str, str]) -> str:
    def other(match: re.Match[str]) -> str:
        part = match[0]
        new = changes.get(part.lower())
        if new is None:
            return part
        if part.isupper() and len(part) > 1:
            return new.upper()
        return new.capitalize() if part[0].isupper() else new

    return PART.sub(other, word)
