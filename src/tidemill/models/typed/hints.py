"""Guesses that an expert reads beside each place: by memory, and by names in scope."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import fsum

from tidemill.models.typed.memory import NameMemory, features_of
from tidemill.models.typed.parts import parts_of
from tidemill.models.typed.scope import names_at
from tidemill.models.typed.uses import SitedFile
from tidemill.models.typed.wording import type_words
from tidemill.source.annotations.scope import TypeName

__all__ = ["NAMED", "REMEMBERED", "Notes", "likely_names", "notes_of"]

REMEMBERED, NAMED = "~", "^"
"""The words before a guess by memory, and before the name of a type in scope.

In packages that nothing was learnt from, the first such name is the type's head in 44 % of the
places that have one, the first guess by memory in 30 % of all; so they must be told apart.
"""

MOST_REMEMBERED, MOST_NAMED = 4, 2
"""Guesses of either kind that are read of each place."""

LEAST_SHARE = 0.03
"""Of a guess by memory that is read."""

SHORTENED = 0.5
"""What a part counts that is shortened in a name, beside one that is there whole.

It gives 47 % of the places a likely name instead of 43 %, and is right in 44 % of them (2,402
places of the valid packages).
"""

SHORTEST = 2
"""Letters of what may be short for another word."""

LONGEST = 8
"""Words of a guess."""

Notes = dict[int, tuple[str, ...]]
"""Words for sites, by their numbers."""


def notes_of(  # noqa: PLR0917  five facts of one file, in the order in which they come about
    file: SitedFile,
    asked: Iterable[int],
    names: Sequence[TypeName],
    uses: Mapping[int, Sequence[str]],
    memory: NameMemory,
) -> Notes:
    """Return what is read of sites besides the window: names, guesses, how they are used.

    Args:
        file: Whose sites they are.
        asked: Their numbers.
        names: The file's type names.
        uses: How sites are used.
        memory: What names were elsewhere.
    """
    found: Notes = {}
    for number in asked:
        site = file.sites[number]
        own = uses.get(number, ())
        features = features_of(site.kind, site.name, own)
        likely = likely_names(site.name, names_at(names, site.place.start))
        words = [word for name in likely for word in _hint(NAMED, name)]
        for text, share in memory.guesses(features, most=MOST_REMEMBERED):
            if share >= LEAST_SHARE and text not in likely:
                words += _hint(REMEMBERED, text)
        if words or own:
            found[number] = (*words, *own)
    return found


def _hint(mark: str, text: str) -> tuple[str, ...]:
    return (mark, *type_words(text)[:LONGEST])


def likely_names(name: str, names: Iterable[str]) -> list[str]:
    """Return the types in scope that share most with a name: ``Layer`` for ``baseLayer``.

    A part that many of the types have says little of any of them; one that a part of the name
    shortens, as ``req`` does ``Request``, counts half.

    Args:
        name: Of what is to be typed.
        names: Of types.
    """
    own = {*parts_of(name)}
    if not own:
        return []
    types = _parted(tuple(dict.fromkeys(names)))
    frequent = types.frequent
    near = own.union(
        part for one in own for part in types.initials.get(one[0], ()) if _shortens(one, part)
    )
    scores: dict[str, float] = {}
    for other, some in types.parts.items():
        if near.isdisjoint(some):
            continue
        shared = some & own
        shortened = {part for part in some - own if any(_shortens(one, part) for one in own - some)}
        if shared or shortened:
            # The sum is exact, for the order of a set differs from process to process.
            score = fsum(1 / frequent[part] for part in shared)
            score += SHORTENED * fsum(1 / frequent[part] for part in shortened)
            scores[other] = score / (1 + len(some - own - shortened)) ** 0.5
    return sorted(scores, key=lambda other: -scores[other])[:MOST_NAMED]


@dataclass(frozen=True, slots=True, eq=False)
class _Parted:
    """The parts of several names, in how many of them each is, and those with each initial."""

    parts: Mapping[str, frozenset[str]]
    frequent: Counter[str]
    initials: Mapping[str, Sequence[str]]


@lru_cache(maxsize=16)
def _parted(names: tuple[str, ...]) -> _Parted:
    parts = {name: frozenset(parts_of(name)) for name in names}
    frequent = Counter(part for some in parts.values() for part in some)
    initials: dict[str, list[str]] = {}
    for part in frequent:
        initials.setdefault(part[0], []).append(part)
    return _Parted(parts=parts, frequent=frequent, initials=initials)


def _shortens(short: str, part: str) -> bool:
    """Whether a word begins like another one and has some of its letters, in order."""
    if not SHORTEST <= len(short) < len(part) or short[0] != part[0]:
        return False
    letters = iter(part)
    return all(letter in letters for letter in short)
