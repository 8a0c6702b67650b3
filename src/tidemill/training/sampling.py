"""Which examples a step sees: a plan that is known for every step before the first.

Languages are drawn with q_i = p_i^alpha / sum_j p_j^alpha, alpha = .7, p_i the share of a
language (GraphCodeBERT, equation 9); a batch is of one language. Within a language
every example comes once before any comes twice.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tidemill.core.errors import InputError
from tidemill.core.randomness import stream

__all__ = ["ALPHA", "GroupPlan", "LanguagePlan", "LengthPlan", "smoothed"]

ALPHA = 0.7

Rows = NDArray[np.int64]


def smoothed(counts: Sequence[int], alpha: float = ALPHA) -> NDArray[np.float64]:
    """Return the chance of each language from the number of its examples (equation 9)."""
    shares = np.asarray(counts, dtype=np.float64) / sum(counts)
    powers = shares**alpha
    chances: NDArray[np.float64] = powers / powers.sum()
    return chances


class LanguagePlan:
    """Batches of one language each.

    Args:
        rows: The examples of each language.
        batch: Examples in a step.
        steps: Steps of the stage.
        seed: Of the draws.

    Raises:
        InputError: There is nothing to draw from.
    """

    def __init__(
        self, rows: Mapping[str, Rows], *, batch: int, steps: int, seed: tuple[int, str]
    ) -> None:
        self._names = [name for name in sorted(rows) if len(rows[name])]
        if not self._names:
            raise InputError("the corpus holds no example for this stage")
        self._rows = rows
        self._batch = batch
        self._seed = seed
        chances = smoothed([len(rows[name]) for name in self._names])
        generator = np.random.default_rng(stream(seed[0], seed[1], "languages").getrandbits(62))
        self._drawn = generator.choice(len(self._names), size=steps, p=chances)

    def language(self, step: int) -> str:
        """Return the language of a step."""
        return self._names[int(self._drawn[step])]

    def rows(self, step: int) -> Rows:
        """Return the examples of a step."""
        language = self.language(step)
        own = self._rows[language]
        before = int(np.count_nonzero(self._drawn[:step] == self._drawn[step])) * self._batch
        return own[self._places(language, len(own), before)]

    def _places(self, language: str, count: int, before: int) -> Rows:
        """Return the next places in the endless sequence of shuffled epochs."""
        found: list[Rows] = []
        missing = self._batch
        while missing:
            epoch, start = divmod(before, count)
            part = self._shuffled(language, count, epoch)[start : start + missing]
            found.append(part)
            before, missing = before + len(part), missing - len(part)
        return np.concatenate(found)

    def _shuffled(self, language: str, count: int, epoch: int) -> Rows:
        seed = stream(self._seed[0], self._seed[1], language, str(epoch)).getrandbits(62)
        return np.random.default_rng(seed).permutation(count)


class GroupPlan:
    """Batches of some groups with some members each: for learning what belongs together.

    Args:
        groups: The members of each group; those with fewer than two are passed over.
        size: Groups in a step, and members of each.
        seed: Of the draws.

    Attributes:
        groups: Groups in a step, as many as there are at most.

    Raises:
        InputError: There are not two groups to tell apart.
    """

    def __init__(
        self, groups: Sequence[Rows], *, size: tuple[int, int], seed: tuple[int, str]
    ) -> None:
        self._groups = [rows for rows in groups if len(rows) >= 2]
        if len(self._groups) < 2:
            raise InputError("the corpus holds no two groups with two examples each")
        self.groups: int = min(size[0], len(self._groups))
        self._members = size[1]
        self._seed = seed

    def rows(self, step: int) -> Rows:
        """Return the examples of a step, group by group."""
        seed = stream(self._seed[0], self._seed[1], str(step)).getrandbits(62)
        generator = np.random.default_rng(seed)
        chosen = generator.choice(len(self._groups), size=self.groups, replace=False)
        return np.concatenate([self._drawn(generator, number) for number in chosen])

    def _drawn(self, generator: np.random.Generator, number: int) -> Rows:
        rows, members = self._groups[number], self._members
        return rows[generator.choice(len(rows), size=members, replace=len(rows) < members)]


class LengthPlan:
    """Another plan's batches with the short examples first: their parts hold little padding.

    Args:
        plan: Which examples.
        lengths: Returns how long examples are.
    """

    def __init__(self, plan: LanguagePlan, lengths: Callable[[Rows], Rows]) -> None:
        self._plan = plan
        self._lengths = lengths

    def rows(self, step: int) -> Rows:
        """Return the examples of a step."""
        rows = self._plan.rows(step)
        return rows[np.argsort(self._lengths(rows), kind="stable")]
