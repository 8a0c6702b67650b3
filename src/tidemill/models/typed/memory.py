"""What names were elsewhere: counts of types beside names, parts of names and uses.

A network that is trained for an hour learns little of what ``index`` or ``callback`` usually
are; counting learns it in a minute. So the counts are part of an expert, and their guesses are
among what it reads of a place (ours; naive Bayes over the same features is what pilots of this
task take for a baseline). Types that one family of packages alone has are one class, ``other``.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tidemill.core.errors import ExpertError
from tidemill.models.typed.damage import DAMAGES
from tidemill.models.typed.parts import parts_of

__all__ = ["MEMORY", "NameMemory", "features_of"]

MEMORY = "memory.json"
"""The file of an expert that holds the counts."""

OTHER = ""
"""The class of types that are a package's own."""

SMOOTHING = 2.0
LARGEST_FILE = 16 << 20
MOST_COUNT = float(1 << 53)
"""Up to here, whole numbers are exact."""

MARKS = frozenset({".", "=", "<-", "return"})
"""Words of uses that stand before what they speak of."""

Counts = Mapping[str, Counter[int]]


def features_of(kind: str, name: str, uses: Sequence[str]) -> list[str]:
    """Return what is counted of a place.

    Args:
        kind: Of the site.
        name: Its name.
        uses: Words that say how it is used.
    """
    parts = parts_of(name)
    found = [f"k {kind}", f"n {kind} {name.lower()}"]
    found += [f"p {part}" for part in dict.fromkeys(parts)]
    if parts:
        found.append(f"l {kind} {parts[-1]}")
    for place, word in enumerate(uses):
        if word in MARKS:
            found += [f"u {word} {other}" for other in uses[place + 1 : place + 2]]
        elif [*uses[place + 1 : place + 2]] == ["("]:
            found.append(f"u {word} (")
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NameMemory:
    """Counts, and what they say of a place.

    Attributes:
        types: Classes; the first is that of all other types.
        totals: Places of each class.
        rows: For each feature the classes beside it, with how often.
        fewer: Counts that are not to be counted: of those who are asked about.
    """

    types: Sequence[str]
    totals: NDArray[np.float64]
    rows: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = field(repr=False)
    fewer: Counts = field(default_factory=dict, repr=False)

    def without(self, fewer: Counts) -> "NameMemory":
        """Return the same memory as if it had not counted some places.

        Args:
            fewer: Their counts by feature; those of the classes under the empty one.
        """
        return replace(self, fewer=fewer)

    def guesses(self, features: Iterable[str], *, most: int) -> list[tuple[str, float]]:
        """Return the likeliest types, each with its share by naive Bayes.

        Args:
            features: Of a place.
            most: How many are returned; the class of other types is left out.
        """
        own = self._less(self.totals, OTHER)
        prior = (own + 1e-6) / (own.sum() + 1e-6 * len(own))
        logits = np.log(prior)
        for feature in features:
            known = self.rows.get(feature)
            if known is None:
                continue
            counts = np.zeros(len(own))
            counts[known[0]] = known[1]
            counts = self._less(counts, feature)
            total = counts.sum()
            if total > 0:
                logits += np.log((counts + SMOOTHING * prior) / (total + SMOOTHING) / prior)
        chances = np.exp(logits - logits.max())
        chances /= chances.sum()
        best = [int(place) for place in np.argsort(-chances, kind="stable")[: most + 1] if place]
        return [(self.types[place], float(chances[place])) for place in best[:most]]

    def _less(self, counts: NDArray[np.float64], feature: str) -> NDArray[np.float64]:
        fewer = self.fewer.get(feature)
        if not fewer:
            return counts
        left = counts.copy()
        for place, count in fewer.items():
            left[place] = max(left[place] - count, 0.0)
        return left

    def to_json(self) -> str:
        """Return the file that an expert carries."""
        rows = {
            feature: [[int(place), int(count)] for place, count in zip(*own, strict=True)]
            for feature, own in sorted(self.rows.items())
        }
        facts = {"types": list(self.types), "totals": self.totals.astype(int).tolist()}
        return json.dumps({**facts, "rows": rows}, separators=(",", ":"))

    @classmethod
    def from_json(cls, data: bytes) -> "NameMemory":
        """Read it.

        Raises:
            ExpertError: It is damaged.
        """
        try:
            facts = json.loads(data[:LARGEST_FILE])
            types = tuple(map(str, facts["types"]))
            totals = np.array(facts["totals"], dtype=np.float64)
            rows = {str(name): _row(own, len(types)) for name, own in facts["rows"].items()}
            _check_totals(totals, types)
        except DAMAGES as error:
            raise ExpertError(f"the expert's memory cannot be read: {error}") from error
        return cls(types=types, totals=totals, rows=rows)


def _check_totals(totals: NDArray[np.float64], types: Sequence[str]) -> None:
    if totals.shape != (len(types),) or not types:
        raise ValueError("counts and types differ in number")
    if not _are_counts(totals):
        raise ValueError("a type has no count")


def _row(pairs: object, types: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    table = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    if not _are_counts(table) or (table[:, 0] >= types).any():
        raise ValueError("a row counts what is no type")
    return table[:, 0].astype(np.int64), table[:, 1]


def _are_counts(numbers: NDArray[np.float64]) -> bool:
    return bool(((numbers >= 0) & (numbers <= MOST_COUNT)).all())
