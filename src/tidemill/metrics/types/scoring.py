"""How often predicted types are right, group by group, with what may be made of confidence."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool

from tidemill.core.errors import InputError
from tidemill.metrics.bootstrap import Interval, cluster_interval
from tidemill.metrics.types.abstention import CurvePoint, abstention_curve
from tidemill.metrics.types.answer import TypeAnswer
from tidemill.metrics.types.calibration import Calibration, calibration
from tidemill.metrics.types.judging import Judged, judge
from tidemill.metrics.types.vocabulary import TypeVocabulary

__all__ = ["GroupScore", "TypeScore", "score"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupScore:
    """How often answers of a group are right; places without a prediction count as wrong.

    Attributes:
        count: Answers in the group.
        coverage: Share of them that have a prediction.
        exact: Share that is the gold type in normal form.
        head: Share that has its head.
        lenient: Share that contains its text, in whatever case.
    """

    count: int
    coverage: float
    exact: Interval
    head: Interval
    lenient: Interval

    def to_dict(self) -> dict[str, Any]:
        """Return the facts, ready for JSON."""
        return {
            "count": self.count,
            "coverage": self.coverage,
            "exact": self.exact.to_dict(),
            "head": self.head.to_dict(),
            "lenient": self.lenient.to_dict(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeScore:
    """What answers are worth.

    Attributes:
        groups: ``all`` first, then ``top_100``, ``user_defined``, ``out_of_vocabulary`` and
            ``kind:<kind>``, as far as they have answers.
        excluded: Places whose gold type is ``any``; they are in no group.
        curve: What is right when only the surest predictions are taken.
        exact_calibration: How far confidence is from the share of exact predictions.
        head_calibration: The same for heads.
    """

    groups: Mapping[str, GroupScore]
    excluded: int
    curve: tuple[CurvePoint, ...]
    exact_calibration: Calibration
    head_calibration: Calibration

    def to_dict(self) -> dict[str, Any]:
        """Return the facts, ready for JSON."""
        return {
            "groups": {name: group.to_dict() for name, group in self.groups.items()},
            "excluded": self.excluded,
            "curve": [point.to_dict() for point in self.curve],
            "exact_calibration": self.exact_calibration.to_dict(),
            "head_calibration": self.head_calibration.to_dict(),
        }


def score(
    answers: Sequence[TypeAnswer],
    vocabulary: TypeVocabulary,
    chance: random.Random,
    *,
    resamples: int = 1_000,
    confidence: float = 0.95,
) -> TypeScore:
    """Score predictions; intervals resample whole packages.

    Args:
        answers: In any order.
        vocabulary: Of the training labels.
        chance: Where the resampling takes its chance from.
        resamples: How many means an interval draws.
        confidence: Share of them inside the interval.

    Raises:
        InputError: No gold type is left to be found, or a figure is out of range.
    """
    judged = judge(answers, vocabulary)
    if not judged.packages:
        raise InputError(
            f"of {len(answers)} answers none has a type to be found",
            hint="Give answers whose gold type is not any.",
        )
    intervals = _Intervals(judged, chance, resamples=resamples, confidence=confidence)
    given = judged.given
    sure = judged.confidence[given]
    return TypeScore(
        groups={name: intervals.group(chosen) for name, chosen in judged.groups.items()},
        excluded=judged.excluded,
        curve=abstention_curve(sure, judged.exact[given], judged.head[given], total=len(given)),
        exact_calibration=calibration(sure, judged.exact[given]),
        head_calibration=calibration(sure, judged.head[given]),
    )


class _Intervals:
    """Shares of groups, all drawn in the same way."""

    def __init__(
        self, judged: Judged, chance: random.Random, *, resamples: int, confidence: float
    ) -> None:
        self._judged = judged
        self._chance = chance
        self._resamples = resamples
        self._confidence = confidence

    def group(self, chosen: Bool[np.ndarray, " answers"]) -> GroupScore:
        judged = self._judged
        return GroupScore(
            count=int(chosen.sum()),
            coverage=float(judged.given[chosen].mean()),
            exact=self._share(judged.exact, chosen),
            head=self._share(judged.head, chosen),
            lenient=self._share(judged.lenient, chosen),
        )

    def _share(
        self, right: Bool[np.ndarray, " answers"], chosen: Bool[np.ndarray, " answers"]
    ) -> Interval:
        packages = [self._judged.packages[place] for place in np.flatnonzero(chosen)]
        return cluster_interval(
            right[chosen].astype(np.float64),
            packages,
            self._chance,
            resamples=self._resamples,
            confidence=self._confidence,
        )
