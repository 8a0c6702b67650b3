"""Whether predictions are right, by three rules and in the groups that are told apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from tidemill.metrics.types.answer import TypeAnswer
from tidemill.metrics.types.canonical import canonical, head
from tidemill.metrics.types.vocabulary import TypeVocabulary

__all__ = ["Judged", "judge"]

UNKNOWN_LABEL = "UNK"
"""What stands for a type that a closed vocabulary does not hold; never right."""

_TOP = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """Answers, judged one by one.

    Attributes:
        packages: The package of each.
        given: Whether there is a prediction.
        confidence: How sure it is.
        exact: Whether it is the gold type, both in normal form.
        head: Whether it has the gold type's head.
        lenient: Whether it contains the gold type's text in whatever case, as the published
            evaluation of CodeTIDAL5 asks; ``number`` is right for ``numberOfThings`` there.
        groups: For each group, which answers belong to it.
        excluded: Answers that are not judged, for their gold type is ``any``.
    """

    packages: tuple[str, ...]
    given: Bool[np.ndarray, " answers"]
    confidence: Float[np.ndarray, " answers"]
    exact: Bool[np.ndarray, " answers"]
    head: Bool[np.ndarray, " answers"]
    lenient: Bool[np.ndarray, " answers"]
    groups: dict[str, Bool[np.ndarray, " answers"]]
    excluded: int


def judge(answers: Sequence[TypeAnswer], vocabulary: TypeVocabulary) -> Judged:
    """Judge answers.

    A gold type ``any`` is no type to be found and is left out; a gold ``UNK`` counts as wrong
    whatever was predicted (both as in CodeXGLUE's evaluator of ManyTypes4TypeScript). Groups
    are ``all``, ``top_100``, ``user_defined``, ``out_of_vocabulary`` and ``kind:<kind>``, those
    without answers left out; the first and the fourth go by the gold head's rank among training
    labels.

    Args:
        answers: In any order.
        vocabulary: Of the training labels.
    """
    forms = _Forms()
    kept = [answer for answer in answers if forms.canonical(answer.gold) != "any"]
    rows = [forms.judged(answer) for answer in kept]
    verdicts = np.array(rows, dtype=bool).reshape(len(kept), 3)
    return Judged(
        packages=tuple(answer.package for answer in kept),
        given=np.array([answer.predicted is not None for answer in kept], dtype=bool),
        confidence=np.array([answer.confidence for answer in kept], dtype=np.float64),
        exact=verdicts[:, 0],
        head=verdicts[:, 1],
        lenient=verdicts[:, 2],
        groups=_groups(kept, [forms.head(answer.gold) for answer in kept], vocabulary),
        excluded=len(answers) - len(kept),
    )


def _groups(
    answers: Sequence[TypeAnswer], heads: Sequence[str], vocabulary: TypeVocabulary
) -> dict[str, Bool[np.ndarray, " answers"]]:
    found = {
        "all": [True] * len(answers),
        "top_100": [vocabulary.is_among(name, _TOP) for name in heads],
        "user_defined": [answer.user_defined for answer in answers],
        "out_of_vocabulary": [name not in vocabulary for name in heads],
    }
    for kind in sorted({answer.kind for answer in answers}):
        found[f"kind:{kind}"] = [answer.kind == kind for answer in answers]
    return {name: np.array(chosen, dtype=bool) for name, chosen in found.items() if any(chosen)}


class _Forms:
    """Normal forms and heads, each found once: types repeat often."""

    def __init__(self) -> None:
        self._canonical: dict[str, str] = {}
        self._heads: dict[str, str] = {}

    def canonical(self, text: str) -> str:
        found = self._canonical.get(text)
        if found is None:
            found = self._canonical[text] = canonical(text)
        return found

    def head(self, text: str) -> str:
        found = self._heads.get(text)
        if found is None:
            found = self._heads[text] = head(text)
        return found

    def judged(self, answer: TypeAnswer) -> tuple[bool, bool, bool]:
        """Return whether an answer is exact, has the right head, and contains the gold type."""
        predicted = answer.predicted
        if predicted is None or answer.gold == UNKNOWN_LABEL:
            return False, False, False
        return (
            self.canonical(predicted) == self.canonical(answer.gold),
            self.head(predicted) == self.head(answer.gold),
            answer.gold.lower() in predicted.lower(),
        )
