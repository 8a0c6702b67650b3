"""Counting what names were, in all packages and in each family of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tidemill.corpus.typed.labelled import LabelledFile
from tidemill.metrics.types.canonical import canonical
from tidemill.models.typed.memory import OTHER, Counts, NameMemory, features_of
from tidemill.models.typed.uses import uses_of
from tidemill.training.typed.files import sited_file

__all__ = ["Remembered", "Seen", "remembered", "seen_in"]

LEAST_FAMILIES = 2
LEAST_PLACES = 10
MOST_TYPES = 600
LEAST_FEATURE = 3

Seen = tuple[str, dict[str, Counter[str]]]
"""A family, and for each feature the types beside it; all types under the empty feature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What all packages tell of names.

    Attributes:
        memory: Of all of them.
        families: What each family has told.
    """

    memory: NameMemory
    families: Mapping[str, Counts]


def seen_in(rows: Sequence[LabelledFile]) -> Seen:
    """Count the features of a package's places; what a worker does.

    Args:
        rows: Its files.
    """
    files = [sited_file(row) for row in rows]
    uses = uses_of(files)
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row, file in zip(rows, files, strict=True):
        numbers = {(str(site.kind), site.place.start): n for n, site in enumerate(file.sites)}
        for label in row.sites:
            number = numbers.get((label.kind, label.start), -1)
            form = canonical(label.label)
            counts[OTHER][form] += 1
            for feature in features_of(label.kind, label.name, uses[file.path].get(number, ())):
                counts[feature][form] += 1
    return rows[0].file.family, dict(counts)


def remembered(seen: Iterable[Seen]) -> Remembered:
    """Put together what packages tell.

    Args:
        seen: Of each package.
    """
    families: defaultdict[str, defaultdict[str, Counter[str]]] = defaultdict(
        lambda: defaultdict(Counter)
    )
    for family, counts in seen:
        for feature, forms in counts.items():
            families[family][feature].update(forms)
    types = _types(families)
    numbers = {form: place for place, form in enumerate(types)}
    own = {name: _numbered(counts, numbers) for name, counts in families.items()}
    totals: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for told in own.values():
        for feature, places in told.items():
            totals[feature].update(places)
    classes = totals.pop(OTHER, Counter())
    memory = NameMemory(
        types=types,
        totals=np.array([classes[place] for place in range(len(types))], dtype=np.float64),
        rows={
            feature: (
                np.array([*places], dtype=np.int64),
                np.array([*places.values()], dtype=np.float64),
            )
            for feature, places in totals.items()
            if places.total() >= LEAST_FEATURE
        },
    )
    return Remembered(memory=memory, families=own)


def _types(families: Mapping[str, Mapping[str, Counter[str]]]) -> tuple[str, ...]:
    """Return the types that several families have, most frequent first, behind that of others."""
    homes: Counter[str] = Counter()
    places: Counter[str] = Counter()
    for counts in families.values():
        homes.update(counts[OTHER].keys())
        places.update(counts[OTHER])
    shared = [
        form
        for form, count in sorted(places.items(), key=lambda pair: (-pair[1], pair[0]))
        if homes[form] >= LEAST_FAMILIES and count >= LEAST_PLACES
    ]
    return (OTHER, *shared[:MOST_TYPES])


def _numbered(
    counts: Mapping[str, Counter[str]], numbers: Mapping[str, int]
) -> dict[str, Counter[int]]:
    found: dict[str, Counter[int]] = {}
    for feature, forms in counts.items():
        own: Counter[int] = Counter()
        for form, count in forms.items():
            own[numbers.get(form, 0)] += count
        found[feature] = own
    return found
