"""The heads that a training set knows, from the most frequent to the least."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tidemill.core.errors import InputError
from tidemill.metrics.types.canonical import head

__all__ = ["TypeVocabulary", "vocabulary_in_order", "vocabulary_of"]

_UNCOUNTED = frozenset({"any"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeVocabulary:
    """Ranks of heads.

    Attributes:
        ranks: For each head how many are more frequent.
    """

    ranks: Mapping[str, int]

    def __contains__(self, name: str) -> bool:
        return name in self.ranks

    def is_among(self, name: str, first: int) -> bool:
        """Whether a head is one of the ``first`` most frequent ones."""
        return self.ranks.get(name, first) < first


def vocabulary_of(types: Iterable[str], *, most: int = 50_000) -> TypeVocabulary:
    """Count the heads of training labels, ``any`` left out.

    Of equally frequent ones, the first in the alphabet is the more frequent.

    Args:
        types: Training labels, whole types or heads.
        most: How many heads are kept (ManyTypes4TypeScript keeps 50,000).

    Raises:
        InputError: None is to be kept.
    """
    if most < 1:
        raise InputError(f"a vocabulary of {most} types holds nothing")
    labels = Counter(types)
    heads: Counter[str] = Counter()
    for label, times in labels.items():
        heads[head(label)] += times
    ordered = sorted(heads.keys() - _UNCOUNTED, key=lambda name: (-heads[name], name))
    return TypeVocabulary(ranks={name: rank for rank, name in enumerate(ordered[:most])})


def vocabulary_in_order(labels: Iterable[str]) -> TypeVocabulary:
    """Take the heads of labels that are in the order of their frequency already.

    Args:
        labels: From the most frequent to the least, as a file of them has it; where two have
            one head (``array``, ``Array``), the first decides. ``any`` is left out.
    """
    heads = dict.fromkeys(head(label) for label in labels)
    known = (name for name in heads if name not in _UNCOUNTED)
    return TypeVocabulary(ranks={name: rank for rank, name in enumerate(known)})
