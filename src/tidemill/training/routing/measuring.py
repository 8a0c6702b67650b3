"""What routing is worth: mean quality beside one expert for all, and beside oracles."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from tidemill.training.routing.mapping import Confidences, ExpertMap, Scores, routed_scores

__all__ = ["AtConfidence", "RoutingReport", "routing_report"]

Labels = Int[np.ndarray, " texts"]

BINS = 10
"""Of equal width, between which confidence is compared with accuracy."""

THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class AtConfidence:
    """What comes of another least confidence.

    Attributes:
        least_confidence: Below it the default answers.
        coverage: Share of texts for which the router is sure.
        accuracy: Share whose category is found, of those; 0 where there are none.
        routed: Mean score of whoever answers, over all texts.
    """

    least_confidence: float
    coverage: float
    accuracy: float
    routed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingReport:
    """Figures of a router on texts that it did not learn from.

    Attributes:
        texts: How many.
        accuracy: Share whose category is found.
        macro_accuracy: The same, every category counting alike.
        routed: Mean score of whoever answers.
        base: Mean score of the default expert.
        best_single: Mean score of the one expert that is best for all, of those asked about all.
        category_oracle: Mean score if for each true category the best expert answered, of those
            asked about all of it.
        text_oracle: Mean score if for each text its best expert answered: nobody can know.
        least_confidence: Of the map.
        coverage: Share of texts for which the router is sure.
        sure_accuracy: Share whose category is found, of those for which it is sure.
        auroc: How well confidence tells right from wrong categories; .5 is not at all.
        calibration_error: Mean distance of confidence and accuracy over ten bins (ECE, Guo et
            al. 2017).
        curve: The same map at other least confidences.
    """

    texts: int
    accuracy: float
    macro_accuracy: float
    routed: float
    base: float
    best_single: float
    category_oracle: float
    text_oracle: float
    least_confidence: float
    coverage: float
    sure_accuracy: float
    auroc: float
    calibration_error: float
    curve: tuple[AtConfidence, ...] = ()

    @property
    def regret(self) -> float:
        """What the router loses to the oracle of categories."""
        return self.category_oracle - self.routed

    @property
    def single_regret(self) -> float:
        """What the best single expert loses to it."""
        return self.category_oracle - self.best_single

    @property
    def figures(self) -> Mapping[str, float]:
        """All numbers by name, as cards list them."""
        facts = {name: value for name, value in asdict(self).items() if name != "curve"}
        return {**facts, "regret": self.regret, "single_regret": self.single_regret}

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        return {**self.figures, "curve": [asdict(point) for point in self.curve]}


def routing_report(
    scores: Scores,
    confidences: Confidences,
    labels: Labels,
    fitted: ExpertMap,
) -> RoutingReport:
    """Measure a router.

    Args:
        scores: How well each expert answers each text; the default, and whom the map names for
            a text, were asked about it.
        confidences: What the router says of the same texts.
        labels: Their true categories.
        fitted: The map that was chosen on other texts.
    """
    right = confidences.argmax(axis=1) == labels
    sureness = confidences.max(axis=1)
    by_category = [right[labels == category].mean() for category in np.unique(labels)]
    own = _at(scores, confidences, right, fitted)
    others = (float(x) for x in THRESHOLDS if x >= fitted.least_confidence)
    return RoutingReport(
        texts=len(scores),
        accuracy=float(right.mean()),
        macro_accuracy=float(np.mean(by_category)),
        routed=own.routed,
        base=float(scores[:, fitted.default].mean()),
        best_single=_best(scores),
        category_oracle=_category_oracle(scores, labels),
        text_oracle=float(np.nanmax(scores, axis=1).mean()),
        least_confidence=fitted.least_confidence,
        coverage=own.coverage,
        sure_accuracy=own.accuracy,
        auroc=_auroc(sureness, right),
        calibration_error=_calibration_error(sureness, right),
        curve=tuple(
            _at(scores, confidences, right, replace(fitted, least_confidence=least))
            for least in others
        ),
    )


def _at(
    scores: Scores, confidences: Confidences, right: Bool[np.ndarray, " texts"], fitted: ExpertMap
) -> AtConfidence:
    sure = confidences.max(axis=1) >= fitted.least_confidence
    return AtConfidence(
        least_confidence=fitted.least_confidence,
        coverage=float(sure.mean()),
        accuracy=float(right[sure].mean()) if sure.any() else 0.0,
        routed=float(routed_scores(scores, confidences, fitted).mean()),
    )


def _best(scores: Scores) -> float:
    """Return the best mean of an expert that was asked about all of some texts."""
    return float(np.nan_to_num(scores.mean(axis=0), nan=-np.inf).max())


def _category_oracle(scores: Scores, labels: Labels) -> float:
    total = 0.0
    for category in np.unique(labels):
        own = scores[labels == category]
        total += _best(own) * len(own)
    return total / len(scores)


def _calibration_error(
    confidences: Float[np.ndarray, " texts"], right: Bool[np.ndarray, " texts"]
) -> float:
    bins = np.minimum((confidences * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, confidences - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(right))


def _auroc(confidences: Float[np.ndarray, " texts"], right: Bool[np.ndarray, " texts"]) -> float:
    """Return the chance that a right answer is surer than a wrong one, ties counting half."""
    count, others = int(right.sum()), int((~right).sum())
    if not count or not others:
        return 0.5
    ordered = np.sort(confidences)
    below = np.searchsorted(ordered, confidences[right], side="left")
    upto = np.searchsorted(ordered, confidences[right], side="right")
    ranks = (below + upto + 1) / 2
    return float((ranks.sum() - count * (count + 1) / 2) / (count * others))
