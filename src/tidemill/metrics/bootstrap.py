"""How far a mean may be off: percentile bootstrap intervals, by query or by cluster.

Queries of one package share authors, style and topic; where the question is how
a measure carries over to *another* package, whole packages are resampled
(cluster bootstrap; Davison and Hinkley, "Bootstrap methods and their
application", 1997, section 3.8).
"""

import random
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from tidemill.core.errors import InputError

__all__ = ["Interval", "cluster_interval", "percentile_interval"]

_BLOCK_DRAWS = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean with its bootstrap interval.

    Attributes:
        mean: The mean of the values themselves.
        low: Lower end of the interval.
        high: Upper end of the interval.
        confidence: Share of the resampled means between the ends.
        resampled: What was drawn: single values, or whole clusters.
        units: How many of those there are.
    """

    mean: float
    low: float
    high: float
    confidence: float
    resampled: Literal["values", "clusters"]
    units: int

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        return {
            "mean": self.mean,
            "low": self.low,
            "high": self.high,
            "confidence": self.confidence,
            "resampled": self.resampled,
            "units": self.units,
        }


def percentile_interval(
    values: Float[np.ndarray, " values"],
    stream: random.Random,
    *,
    resamples: int = 1_000,
    confidence: float = 0.95,
) -> Interval:
    """Return the mean of values with its percentile bootstrap interval.

    Args:
        values: One per query.
        stream: Where chance comes from; the same stream gives the same interval.
        resamples: How many means are drawn.
        confidence: Share of them inside the interval, between 0 and 1.

    Raises:
        InputError: There are no values, one is not finite, or a figure is out of range.
    """
    values = _checked(values, resamples, confidence)
    ones = np.ones_like(values)
    means = _resampled_means(values, ones, stream, resamples)
    return _interval(float(values.mean()), means, confidence, ("values", len(values)))


def cluster_interval(
    values: Float[np.ndarray, " values"],
    clusters: Sequence[Hashable],
    stream: random.Random,
    *,
    resamples: int = 1_000,
    confidence: float = 0.95,
) -> Interval:
    """Return the mean of values with an interval from resampling whole clusters.

    Args:
        values: One per query.
        clusters: The cluster (package) of each value.
        stream: Where chance comes from.
        resamples: How many means are drawn.
        confidence: Share of them inside the interval.

    Raises:
        InputError: As for `percentile_interval`, or there is not one cluster per value.
    """
    values = _checked(values, resamples, confidence)
    if len(clusters) != len(values):
        raise InputError(f"{len(values)} values have {len(clusters)} clusters")
    numbers = {name: number for number, name in enumerate(dict.fromkeys(clusters))}
    membership = np.array([numbers[name] for name in clusters])
    sums = np.bincount(membership, weights=values, minlength=len(numbers))
    sizes = np.bincount(membership, minlength=len(numbers)).astype(np.float64)
    means = _resampled_means(sums, sizes, stream, resamples)
    return _interval(float(values.mean()), means, confidence, ("clusters", len(numbers)))


def _resampled_means(
    sums: Float[np.ndarray, " units"],
    sizes: Float[np.ndarray, " units"],
    stream: random.Random,
    resamples: int,
) -> Float[np.ndarray, " resamples"]:
    """Draw units with replacement and return each draw's mean: sum of sums over sum of sizes."""
    generator = np.random.default_rng(stream.getrandbits(128))
    rows = max(1, _BLOCK_DRAWS // len(sums))
    means = []
    for first in range(0, resamples, rows):
        shape = (min(rows, resamples - first), len(sums))
        drawn = generator.integers(0, len(sums), size=shape)
        means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    return np.concatenate(means)


def _interval(
    mean: float,
    means: Float[np.ndarray, " resamples"],
    confidence: float,
    drawn: tuple[Literal["values", "clusters"], int],
) -> Interval:
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    resampled, units = drawn
    return Interval(
        mean=mean,
        low=float(low),
        high=float(high),
        confidence=confidence,
        resampled=resampled,
        units=units,
    )


def _checked(
    values: Float[np.ndarray, " values"],
    resamples: int,
    confidence: float,
) -> Float[np.ndarray, " values"]:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or not len(values):
        raise InputError(f"values of shape {values.shape} have no mean", hint="Give one per query.")
    if not np.isfinite(values).all():
        raise InputError(f"value {int(np.argmin(np.isfinite(values)))} is not finite")
    if resamples < 1 or not 0.0 < confidence < 1.0:
        raise InputError(f"{resamples} resamples at confidence {confidence:g} are no interval")
    return values
