"""How well a ranking puts what is relevant first: MRR, recall, nDCG, MAP@R, precision@R.

Scores tie, often (every candidate without a query word scores 0), and the order
among ties is an accident of the program. So each measure is the *expected value
under a random order of tied candidates*: it cannot be gained by luck, does not
depend on the order of the input, and equals the plain measure when nothing
ties. A mid-rank rule does not have that last word: the reciprocal of a mean
rank is not the mean of reciprocal ranks (McSherry and Najork, "Computing
information retrieval performance measures efficiently in the presence of tied
scores", ECIR 2008, give the same expectations for nDCG and precision; those for
the reciprocal rank and MAP@R are derived here).

Every row of the arrays is a query; rows do not depend on each other, so large
sets may be measured in blocks of rows.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Shaped

from tidemill.core.errors import InputError

__all__ = [
    "Ranking",
    "map_at_r",
    "ndcg_at",
    "precision_at_r",
    "ranking_of",
    "recall_at",
    "reciprocal_rank",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ranking:
    """Queries with their candidates from best to worst, ties kept as groups.

    Attributes:
        gains: Gain of the candidate at each position, as sorted (the order
            within a tie means nothing).
        starts: Position at which the tie group of a position begins.
        ends: Position after the last of that group.
    """

    gains: Float[np.ndarray, "queries candidates"]
    starts: Int[np.ndarray, "queries candidates"]
    ends: Int[np.ndarray, "queries candidates"]


def ranking_of(
    scores: Float[np.ndarray, "queries candidates"],
    gains: Shaped[np.ndarray, "queries candidates"],
) -> Ranking:
    """Sort candidates by score and find the ties.

    Args:
        scores: Higher is better; infinities are fine.
        gains: How relevant each candidate is: 0 for not at all, 1 (or True)
            for relevant; other positive gains matter to nDCG alone.

    Raises:
        InputError: Shapes differ, a score is NaN, a gain is negative or not
            finite, or a query has nothing relevant (no measure is defined then).
    """
    scores = np.asarray(scores, dtype=np.float64)
    gains = np.asarray(gains, dtype=np.float64)
    _check(scores, gains)
    order = np.argsort(-scores, axis=1, kind="stable")
    ordered = np.take_along_axis(scores, order, axis=1)
    starts, ends = _ties(ordered)
    return Ranking(gains=np.take_along_axis(gains, order, axis=1), starts=starts, ends=ends)


def reciprocal_rank(ranking: Ranking) -> Float[np.ndarray, " queries"]:
    """Return the expected reciprocal rank of the first relevant candidate; its mean is MRR.

    Going down the ranking, the chance that a position holds the *first*
    relevant one is the chance that none came before, times the share of
    relevant ones among those of the tie group that are left. That share is 1
    by the last position that a group with relevant candidates can leave open.
    """
    relevant = _relevant(ranking)
    positions = _positions(ranking)
    left = ranking.ends - positions
    hazard = np.minimum(_in_group(ranking, relevant) / left, 1.0)
    survival = np.cumprod(1.0 - hazard, axis=1)
    before = np.concatenate([np.ones_like(survival[:, :1]), survival[:, :-1]], axis=1)
    return np.asarray(np.sum(before * hazard / (positions + 1), axis=1))


def recall_at(ranking: Ranking, k: int) -> Float[np.ndarray, " queries"]:
    """Return the expected share of the relevant candidates among the first ``k``.

    With one relevant candidate this is the chance of finding it there
    (success@k, also called R@k).
    """
    _check_cut(k)
    relevant = _relevant(ranking)
    found = np.sum(_expected(ranking, relevant)[:, :k], axis=1)
    return np.asarray(found / np.sum(relevant, axis=1))


def ndcg_at(ranking: Ranking, k: int) -> Float[np.ndarray, " queries"]:
    """Return the expected normalised discounted cumulative gain of the first ``k``.

    Gains are taken as they are, discounts are ``1 / log2(rank + 1)`` (Järvelin
    and Kekäläinen 2002, in the form that TREC and most papers use).
    """
    _check_cut(k)
    discounts = 1.0 / np.log2(np.arange(ranking.gains.shape[1]) + 2.0)
    discounts[k:] = 0.0
    ideal = -np.sort(-ranking.gains, axis=1)
    expected = _expected(ranking, ranking.gains)
    return np.asarray((expected @ discounts) / (ideal @ discounts))


def map_at_r(ranking: Ranking) -> Float[np.ndarray, " queries"]:
    """Return the expected MAP@R: precision at each relevant rank up to R, over R.

    R is the number of relevant candidates of the query (Musgrave, Belongie and
    Lim, "A metric learning reality check", ECCV 2020, section 3.2). At a
    position of a tie group, given that it is relevant, each other place of the
    group is relevant with the share of the *other* relevant ones.
    """
    relevant = _relevant(ranking)
    positions = _positions(ranking)
    size = ranking.ends - ranking.starts
    inside = _in_group(ranking, relevant)
    others = (inside - 1.0) / np.maximum(size - 1, 1)
    seen = _before_group(ranking, relevant) + (positions - ranking.starts) * others
    precision = (1.0 + seen) / (positions + 1)
    totals = np.sum(relevant, axis=1)
    counted = positions < totals[:, None]
    gained = np.where(counted, inside / size * precision, 0.0)
    return np.asarray(np.sum(gained, axis=1) / totals)


def precision_at_r(ranking: Ranking) -> Float[np.ndarray, " queries"]:
    """Return the expected share of relevant ones among the first R (R-precision)."""
    relevant = _relevant(ranking)
    totals = np.sum(relevant, axis=1)
    counted = _positions(ranking) < totals[:, None]
    found = np.where(counted, _expected(ranking, relevant), 0.0)
    return np.asarray(np.sum(found, axis=1) / totals)


def _check(
    scores: Float[np.ndarray, "queries candidates"], gains: Float[np.ndarray, "queries candidates"]
) -> None:
    if scores.ndim != 2 or scores.shape != gains.shape:
        raise InputError(
            f"scores of shape {scores.shape} and gains of shape {gains.shape} do not match",
            hint="Give one row per query and one column per candidate in both.",
        )
    if np.isnan(scores).any():
        row = int(np.argmax(np.isnan(scores).any(axis=1)))
        raise InputError(f"query {row} has a score that is not a number")
    if not np.isfinite(gains).all() or (gains < 0).any():
        raise InputError("a gain is negative or not finite", hint="Use 0 for not relevant.")
    empty = ~(gains > 0).any(axis=1)
    if empty.any():
        raise InputError(f"query {int(np.argmax(empty))} has no relevant candidate")


def _check_cut(k: int) -> None:
    if k < 1:
        raise InputError(f"a ranking cannot be cut at {k}", hint="Cut at 1 or later.")


def _ties(
    ordered: Float[np.ndarray, "queries candidates"],
) -> tuple[Int[np.ndarray, "queries candidates"], Int[np.ndarray, "queries candidates"]]:
    width = ordered.shape[1]
    positions = np.broadcast_to(np.arange(width), ordered.shape)
    differs = ordered[:, 1:] != ordered[:, :-1]
    edge = np.ones((len(ordered), 1), dtype=bool)
    begins = np.concatenate([edge, differs], axis=1)
    finishes = np.concatenate([differs, edge], axis=1)
    starts = np.maximum.accumulate(np.where(begins, positions, 0), axis=1)
    backwards = np.where(finishes, positions + 1, width)[:, ::-1]
    return starts, np.minimum.accumulate(backwards, axis=1)[:, ::-1]


def _relevant(ranking: Ranking) -> Float[np.ndarray, "queries candidates"]:
    return (ranking.gains > 0).astype(np.float64)


def _positions(ranking: Ranking) -> Int[np.ndarray, " candidates"]:
    return np.arange(ranking.gains.shape[1])


def _sums(
    values: Float[np.ndarray, "queries candidates"],
) -> Float[np.ndarray, "queries candidates+1"]:
    return np.concatenate([np.zeros_like(values[:, :1]), np.cumsum(values, axis=1)], axis=1)


def _before_group(
    ranking: Ranking, values: Float[np.ndarray, "queries candidates"]
) -> Float[np.ndarray, "queries candidates"]:
    return np.take_along_axis(_sums(values), ranking.starts, axis=1)


def _in_group(
    ranking: Ranking, values: Float[np.ndarray, "queries candidates"]
) -> Float[np.ndarray, "queries candidates"]:
    sums = _sums(values)
    until = np.take_along_axis(sums, ranking.ends, axis=1)
    return np.asarray(until - np.take_along_axis(sums, ranking.starts, axis=1))


def _expected(
    ranking: Ranking, values: Float[np.ndarray, "queries candidates"]
) -> Float[np.ndarray, "queries candidates"]:
    """Return the mean of the tie group at each position."""
    return np.asarray(_in_group(ranking, values) / (ranking.ends - ranking.starts))
