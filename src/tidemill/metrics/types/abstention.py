"""What is right when only the surest predictions are taken."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from tidemill.core.errors import InputError

__all__ = ["CurvePoint", "abstention_curve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """One way to abstain.

    Attributes:
        threshold: Predictions of at least this confidence are taken.
        coverage: Share of all places that have such a prediction.
        exact: Share of those predictions that are exact.
        head: Share that has the right head.
    """

    threshold: float
    coverage: float
    exact: float
    head: float

    def to_dict(self) -> dict[str, float]:
        """Return the facts, ready for JSON."""
        return {
            "threshold": self.threshold,
            "coverage": self.coverage,
            "exact": self.exact,
            "head": self.head,
        }


def abstention_curve(
    confidence: Float[np.ndarray, " given"],
    exact: Bool[np.ndarray, " given"],
    head: Bool[np.ndarray, " given"],
    *,
    total: int,
    points: int = 100,
) -> tuple[CurvePoint, ...]:
    """Return how coverage buys precision, from the surest predictions to all of them.

    Equal confidences are taken together or not at all, so that the order of the answers, which
    is an accident, decides nothing.

    Args:
        confidence: Of every prediction that was given.
        exact: Whether it is exact.
        head: Whether its head is right.
        total: Places there are, those without a prediction included.
        points: The most points; of more thresholds than that, those at even coverage stay.

    Returns:
        Points by falling threshold; none where nothing was predicted.

    Raises:
        InputError: The lengths differ, there are fewer places than predictions, or no points
            are wanted.
    """
    if not len(confidence) == len(exact) == len(head) <= total or points < 1:
        raise InputError(
            f"{len(confidence)} confidences, {len(exact)} and {len(head)} verdicts on {total} "
            f"places make no curve of {points} points"
        )
    order = np.argsort(-confidence, kind="stable")
    falling = confidence[order]
    lasts = np.flatnonzero(np.append(falling[1:] != falling[:-1], True)[: len(falling)])
    exact_sums, head_sums = np.cumsum(exact[order]), np.cumsum(head[order])
    return tuple(
        CurvePoint(
            threshold=float(falling[last]),
            coverage=(last + 1) / total,
            exact=float(exact_sums[last] / (last + 1)),
            head=float(head_sums[last] / (last + 1)),
        )
        for last in _spread(lasts, points).tolist()
    )


def _spread(lasts: Int[np.ndarray, " distinct"], points: int) -> Int[np.ndarray, " kept"]:
    """Keep about so many places, evenly spread over what they cover, the last among them."""
    if len(lasts) <= points:
        return lasts
    wanted = np.linspace(0, lasts[-1], points + 1)[1:]
    return np.unique(lasts[np.searchsorted(lasts, wanted)])
