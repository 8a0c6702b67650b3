"""Whether predictions of confidence c are right in the share c of cases."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from tidemill.core.errors import InputError

__all__ = ["Calibration", "ReliabilityBin", "calibration"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Predictions of about one confidence.

    Attributes:
        low: Least confidence of the bin.
        high: Confidence at which the next one begins; the last bin holds 1 too.
        count: Predictions in it.
        confidence: Their mean confidence; 0 in an empty bin.
        accuracy: Share of them that is right; 0 in an empty bin.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float

    def to_dict(self) -> dict[str, float]:
        """Return the facts, ready for JSON."""
        return {
            "low": self.low,
            "high": self.high,
            "count": self.count,
            "confidence": self.confidence,
            "accuracy": self.accuracy,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How far confidence is from accuracy.

    Attributes:
        error: Expected calibration error: the mean distance between the two over all
            predictions, by bins; 0 is perfect.
        bins: From 0 to 1, equally wide.
    """

    error: float
    bins: tuple[ReliabilityBin, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        return {"error": self.error, "bins": [entry.to_dict() for entry in self.bins]}


def calibration(
    confidence: Float[np.ndarray, " given"], right: Bool[np.ndarray, " given"], *, bins: int = 10
) -> Calibration:
    """Measure calibration by equally wide bins (Guo et al. 2017, section 2).

    "On calibration of modern neural networks", ICML 2017. Without predictions the error is 0.

    Args:
        confidence: Of each prediction, between 0 and 1.
        right: Whether it is right.
        bins: How many.

    Raises:
        InputError: The lengths differ, a confidence is out of range, or there are no bins.
    """
    inside = (confidence >= 0.0) & (confidence <= 1.0)
    if len(confidence) != len(right) or bins < 1 or not inside.all():
        raise InputError(
            f"{len(confidence)} confidences and {len(right)} verdicts cannot be put into {bins} "
            "bins from 0 to 1"
        )
    edges = np.linspace(0.0, 1.0, bins + 1)
    places = np.clip(np.searchsorted(edges, confidence, side="right") - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    sure = np.bincount(places, weights=confidence, minlength=bins)
    hits = np.bincount(places, weights=right.astype(np.float64), minlength=bins)
    divisors = np.maximum(counts, 1)
    return Calibration(
        error=float(np.abs(sure - hits).sum() / max(1, len(confidence))),
        bins=tuple(
            ReliabilityBin(low=low, high=high, count=count, confidence=mean, accuracy=share)
            for low, high, count, mean, share in zip(
                edges[:-1].tolist(),
                edges[1:].tolist(),
                counts.tolist(),
                (sure / divisors).tolist(),
                (hits / divisors).tolist(),
                strict=True,
            )
        ),
    )
