"""Choosing the expert of each category, and how sure a router must be, by validation scores."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from tidemill.core.errors import InputError

__all__ = ["Confidences", "ExpertMap", "Scores", "fit_map", "routed_scores"]

Scores = Float[np.ndarray, "texts experts"]
"""How well each expert answers each text; higher is better, NaN where it was not asked."""

Confidences = Float[np.ndarray, "texts categories"]

DOUBT = 4.0
"""Texts without any gain that are added to each category, so that few lucky ones decide nothing."""

THRESHOLDS = 31
"""Values of the least confidence that are tried, up to `SUREST`."""

SUREST = 0.9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpertMap:
    """Who answers what.

    Attributes:
        experts: Of each category, as a place in the list of experts.
        default: Who answers where the router is not sure.
        least_confidence: Below it, it is not sure.
    """

    experts: Int[np.ndarray, " categories"]
    default: int
    least_confidence: float


def fit_map(
    scores: Scores, confidences: Confidences, *, default: int, least: float = 0.0
) -> ExpertMap:
    """Choose experts and threshold so that validation scores are best.

    A category's expert is the one that gains most over the default on the texts that the router
    takes for that category, whatever they really are; who was not asked about all of these is no
    candidate. Where nobody gains, the default answers.

    Args:
        scores: Of the valid part; the default was asked about every text.
        confidences: What the router says of the same texts.
        default: Who answers otherwise.
        least: Confidence that is asked for in any case; what is below decides nothing.

    Raises:
        InputError: Scores and confidences are of different texts.
    """
    if len(scores) != len(confidences) or not len(scores):
        raise InputError(f"scores of {len(scores)} texts, confidences of {len(confidences)}")
    best = confidences.argmax(axis=1)
    sure = confidences.max(axis=1) >= least
    experts = np.full(confidences.shape[1], default, dtype=np.int64)
    for category in range(confidences.shape[1]):
        own = scores[sure & (best == category)]
        if len(own):
            # A sum with a NaN is NaN: whoever was not asked about all of them.
            gains = (own - own[:, [default]]).sum(axis=0) / (len(own) + DOUBT)
            chosen = int(np.nan_to_num(gains, nan=-np.inf).argmax())
            experts[category] = chosen if gains[chosen] > 0 else default
    fitted = ExpertMap(experts=experts, default=default, least_confidence=least)
    thresholds = np.linspace(least, max(least, SUREST), THRESHOLDS).tolist()
    maps = [replace(fitted, least_confidence=threshold) for threshold in thresholds]
    means = [routed_scores(scores, confidences, one).mean() for one in maps]
    return maps[int(np.argmax(means))]


def routed_scores(
    scores: Scores, confidences: Confidences, fitted: ExpertMap
) -> Float[np.ndarray, " texts"]:
    """Return the score of whoever answers each text.

    Args:
        scores: As for `fit_map`.
        confidences: Of the same texts.
        fitted: The map.
    """
    best = confidences.argmax(axis=1)
    sure = confidences.max(axis=1) >= fitted.least_confidence
    chosen = np.where(sure, fitted.experts[best], fitted.default)
    found: Float[np.ndarray, " texts"] = scores[np.arange(len(scores)), chosen]
    return found
