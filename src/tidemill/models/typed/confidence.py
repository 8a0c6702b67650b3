"""How often a type is right that the model finds so probable (Platt scaling)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Calibration"]

STEPS = 50
RIDGE = 1e-3
"""Keeps the slope finite where the scores tell right from wrong without a mistake."""

STEEPEST = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A logistic curve from log-probabilities to chances of being right (Platt 1999).

    Attributes:
        slope: Of the curve.
        intercept: Its logit for a type of probability 1.
    """

    slope: float = 1.0
    intercept: float = 0.0

    def confidence(self, score: float) -> float:
        """Return the chance that a type is right.

        Args:
            score: Its log-probability among the types that can be said.
        """
        logit = self.slope * score + self.intercept
        return 1.0 / (1.0 + math.exp(-min(max(logit, -STEEPEST), STEEPEST)))

    @classmethod
    def fitted(cls, scores: Sequence[float], right: Sequence[bool]) -> "Calibration":
        """Return the curve that fits what was measured, by Newton's method.

        Args:
            scores: Log-probabilities of types.
            right: Whether each was right.
        """
        if not len(scores):
            return cls()
        rows = np.stack([np.asarray(scores, dtype=np.float64), np.ones(len(scores))], axis=1)
        # Platt's targets: one case of doubt on either side.
        positive = sum(right)
        high, low = (positive + 1) / (positive + 2), 1 / (len(right) - positive + 2)
        wanted = np.where(right, high, low)
        weights = np.zeros(2)
        for _ in range(STEPS):
            chances = 1 / (1 + np.exp(-np.clip(rows @ weights, -STEEPEST, STEEPEST)))
            gradient = rows.T @ (chances - wanted) + RIDGE * weights
            curvature = (rows * (chances * (1 - chances))[:, None]).T @ rows + RIDGE * np.eye(2)
            step = np.linalg.solve(curvature, gradient)
            weights -= step
            if np.abs(step).max() < 1e-9:
                break
        return cls(slope=float(max(weights[0], 0.0)), intercept=float(weights[1]))
