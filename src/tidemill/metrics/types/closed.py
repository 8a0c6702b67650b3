"""Accuracy over a closed vocabulary, by the rule of ManyTypes4TypeScript.

Labels are compared as they are, heads without type arguments. This is the figure that papers
on that data set print; it is no measure of whole types (see `scoring`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from tidemill.core.errors import InputError

__all__ = ["ClosedScore", "closed_score"]

_UNKNOWN = "UNK"
_ANY = "any"
_FIRST_OF_TOP = 2
_TOP = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedScore:
    """Shares of labels that are right; of no labels, 0.

    Attributes:
        count: Labels that count: all but ``any``.
        overall: Share of them that is right; ``UNK``, and what the vocabulary does not hold,
            never is.
        top_100: Share right of those whose label is one of the 100 most frequent.
        rest: Share right of those whose label is another one of the vocabulary.
        out_of_vocabulary: Share right of those whose label is not in the vocabulary.
        top_100_share: Share of the labels that are of the first kind.
        out_of_vocabulary_share: Share of them that are of the last kind.
        coverage: Share with another prediction than ``UNK``.
        precision: Share right of those.
    """

    count: int
    overall: float
    top_100: float
    rest: float
    out_of_vocabulary: float
    top_100_share: float
    out_of_vocabulary_share: float
    coverage: float
    precision: float


def closed_score(
    gold: Sequence[str], predicted: Sequence[str], vocabulary: Sequence[str]
) -> ClosedScore:
    """Score labels as CodeXGLUE's evaluator of type prediction does.

    Args:
        gold: True labels.
        predicted: Predicted ones, in the same order.
        vocabulary: ``UNK``, ``any``, then labels from the most frequent to the least: numbers 2
            to 101 are the top 100.

    Raises:
        InputError: The lengths differ, or the vocabulary does not begin as it should.
    """
    if len(gold) != len(predicted):
        raise InputError(f"{len(gold)} labels have {len(predicted)} predictions")
    if list(vocabulary[:_FIRST_OF_TOP]) != [_UNKNOWN, _ANY]:
        raise InputError(
            f"the vocabulary does not begin with {_UNKNOWN} and {_ANY}",
            hint="Give it in the order of its file, a label a line.",
        )
    numbers = {label: number for number, label in enumerate(vocabulary)}
    pairs = [pair for pair in zip(gold, predicted, strict=True) if pair[0] != _ANY]
    place = np.array([numbers.get(label, 0) for label, _ in pairs], dtype=np.int64)
    right = np.array([label == guess != _UNKNOWN for label, guess in pairs], dtype=bool)
    given = np.array([guess != _UNKNOWN for _, guess in pairs], dtype=bool)
    top = (place >= _FIRST_OF_TOP) & (place < _FIRST_OF_TOP + _TOP)
    known = place >= _FIRST_OF_TOP
    right &= known
    return ClosedScore(
        count=len(pairs),
        overall=_share(right),
        top_100=_share(right[top]),
        rest=_share(right[known & ~top]),
        out_of_vocabulary=_share(right[~known]),
        top_100_share=_share(top),
        out_of_vocabulary_share=_share(~known),
        coverage=_share(given),
        precision=_share(right[given]),
    )


def _share(chosen: Bool[np.ndarray, " labels"]) -> float:
    return float(chosen.mean()) if len(chosen) else 0.0
