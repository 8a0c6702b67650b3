"""Naive Bayes over the words of a name and what is done with it."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from tidemill.core.errors import InputError
from tidemill.metrics.types.baselines.guessing import Guess, TypedName
from tidemill.metrics.types.baselines.subtokens import subtokens_of

__all__ = ["NaiveBayes"]

_SMOOTHING = 0.1


class NaiveBayes:
    """Guesses the type that makes the words and the uses of a name likeliest.

    Multinomial, with the kind, the whole name, its words and its uses as features, each counted
    once a row; unseen ones count a tenth (Lidstone smoothing). The confidence is the posterior,
    which is known to be too sure of itself (Domingos and Pazzani, "On the optimality of the
    simple Bayesian classifier under zero-one loss", 1997).

    Args:
        rows: What to learn from.
        smoothing: What is added to every count.

    Raises:
        InputError: There is nothing to learn from, or nothing is added.
    """

    def __init__(self, rows: Sequence[TypedName], *, smoothing: float = _SMOOTHING) -> None:
        if not rows or not smoothing > 0.0:
            raise InputError(f"{len(rows)} rows with smoothing {smoothing:g} teach nothing")
        priors = Counter(row.label for row in rows)
        self._labels = sorted(priors)
        numbers = {label: number for number, label in enumerate(self._labels)}
        counted = _counted(rows, numbers)
        totals = np.zeros(len(self._labels))
        self._gains: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for feature, counts in counted.items():
            places = np.fromiter(counts, dtype=np.int64, count=len(counts))
            times = np.fromiter(counts.values(), dtype=np.float64, count=len(counts))
            totals[places] += times
            self._gains[feature] = (places, np.log1p(times / smoothing))
        known = np.array([priors[label] for label in self._labels], dtype=np.float64)
        self._priors = np.log(known / len(rows))
        self._unseen = np.log(smoothing) - np.log(totals + smoothing * len(counted))

    def guess(self, row: TypedName) -> Guess:
        """Return the likeliest type, with its posterior; of equals, the first in the alphabet."""
        posterior = self._posterior(row)
        best = int(np.argmax(posterior))
        return Guess(label=self._labels[best], confidence=min(1.0, float(posterior[best])))

    def _posterior(self, row: TypedName) -> Float[np.ndarray, " labels"]:
        known = [self._gains[feature] for feature in _features(row) if feature in self._gains]
        joint = self._priors + len(known) * self._unseen
        for places, gains in known:
            joint[places] += gains
        likelihood = np.exp(joint - joint.max())
        return np.asarray(likelihood / likelihood.sum())


def _counted(rows: Sequence[TypedName], numbers: dict[str, int]) -> dict[str, Counter[int]]:
    """Return for each feature how often it stands beside each label."""
    counted: dict[str, Counter[int]] = {}
    for row in rows:
        for feature in _features(row):
            counted.setdefault(feature, Counter())[numbers[row.label]] += 1
    return counted


def _features(row: TypedName) -> tuple[str, ...]:
    """Return what is known of a row, each once, in a fixed order."""
    words = (f"word {word}" for word in subtokens_of(row.name))
    uses = (f"use {use}" for use in row.uses)
    return tuple(dict.fromkeys((f"kind {row.kind}", f"name {row.name}", *words, *uses)))
