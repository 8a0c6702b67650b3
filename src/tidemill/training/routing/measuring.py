"""What routing is worth: mean quality beside one expert for all, an oracle, and chance."""

from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Float, Int

from tidemill.training.routing.mapping import Confidences, ExpertMap, Scores, routed_scores

__all__ = ["RoutingReport", "routing_report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingReport:
    """Figures of a router on texts that it did not learn from.

    Attributes:
        texts: How many.
        accuracy: Share whose category is found.
        macro_accuracy: The same, every category counting alike.
        routed: Mean score of whoever answers.
        base: Mean score of the default expert.
        best_single: Mean score of the one expert that is best for all.
        chance: Mean score of an expert drawn by chance.
        category_oracle: Mean score if for each true category the best expert answered.
        text_oracle: Mean score if for each text its best expert answered: nobody can know.
        coverage: Share of texts for which the router is sure.
        sure_accuracy: Share whose category is found, of those for which it is sure.
        auroc: How well confidence tells right from wrong categories; .5 is not at all.
    """

    texts: int
    accuracy: float
    macro_accuracy: float
    routed: float
    base: float
    best_single: float
    chance: float
    category_oracle: float
    text_oracle: float
    coverage: float
    sure_accuracy: float
    auroc: float

    @property
    def regret(self) -> float:
        """What the router loses to the oracle of categories."""
        return self.category_oracle - self.routed

    @property
    def single_regret(self) -> float:
        """What the best single expert loses to it."""
        return self.category_oracle - self.best_single

    def to_dict(self) -> dict[str, float]:
        """Return the facts, ready for JSON."""
        return {**asdict(self), "regret": self.regret, "single_regret": self.single_regret}


def routing_report(
    scores: Scores,
    confidences: Confidences,
    labels: Int[np.ndarray, " texts"],
    fitted: ExpertMap,
) -> RoutingReport:
    """Measure a router.

    Args:
        scores: How well each expert answers each text; higher is better.
        confidences: What the router says of the same texts.
        labels: Their true categories.
        fitted: The map that was chosen on other texts.
    """
    best = confidences.argmax(axis=1)
    right = best == labels
    sure = confidences.max(axis=1) >= fitted.least_confidence
    by_category = [right[labels == category].mean() for category in np.unique(labels)]
    return RoutingReport(
        texts=len(scores),
        accuracy=float(right.mean()),
        macro_accuracy=float(np.mean(by_category)),
        routed=float(routed_scores(scores, confidences, fitted).mean()),
        base=float(scores[:, fitted.default].mean()),
        best_single=float(scores.mean(axis=0).max()),
        chance=float(scores.mean()),
        category_oracle=_category_oracle(scores, labels),
        text_oracle=float(scores.max(axis=1).mean()),
        coverage=float(sure.mean()),
        sure_accuracy=float(right[sure].mean()) if sure.any() else 0.0,
        auroc=_auroc(confidences.max(axis=1), right),
    )


def _category_oracle(scores: Scores, labels: Int[np.ndarray, " texts"]) -> float:
    total = 0.0
    for category in np.unique(labels):
        own = scores[labels == category]
        total += float(own.mean(axis=0).max()) * len(own)
    return total / len(scores)


def _auroc(confidences: Float[np.ndarray, " texts"], right: np.ndarray) -> float:
    """Return the chance that a right answer is surer than a wrong one, ties counting half."""
    count, others = int(right.sum()), int((~right).sum())
    if not count or not others:
        return 0.5
    ordered = np.sort(confidences)
    below = np.searchsorted(ordered, confidences[right], side="left")
    upto = np.searchsorted(ordered, confidences[right], side="right")
    ranks = (below + upto + 1) / 2
    return float((ranks.sum() - count * (count + 1) / 2) / (count * others))
