"""Asking base and sprouts about the packages that a router would send them, over processes.

All experts about all packages would be a day's work where ours is minutes. So an expert is
asked about the texts that the router takes for its package, and about its package; the base
about every text; and who else might do for all, about a few packages first.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from tidemill.core.choosing import chosen_executor
from tidemill.core.executor import Resources
from tidemill.core.progress import Progress
from tidemill.core.settings import Settings
from tidemill.experts.package import ExpertPackage
from tidemill.training.routing.mapping import Scores
from tidemill.training.sprouting.evaluating import Evaluation, Question, evaluated
from tidemill.training.sprouting.queries import PackageQueries

__all__ = ["Asked", "Judge"]

PACKAGES_AT_ONCE = 16
"""Of those who are asked about all packages, in one shard."""

Chosen = Bool[np.ndarray, " texts"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """Whom to ask about which texts.

    Attributes:
        expert: The place of an expert.
        chosen: True for the texts that it is asked about.
    """

    expert: int
    chosen: Chosen


@dataclass(kw_only=True, eq=False)
class Judge:
    """Asks experts, and says how well they answered.

    Attributes:
        folder: The run's, where answers are kept.
        experts: The base, then the sprouts.
        candidates: Pairs at most among which a pair is found.
        settings: Workers.
        progress: Told of every shard.
        total: Shards in all, as far as that is known.
        done: Shards so far.
    """

    folder: Path
    experts: Sequence[ExpertPackage]
    candidates: int
    settings: Settings
    progress: Progress
    total: int = 0
    done: int = field(default=0, init=False)

    def shards(self, texts: PackageQueries, asked: Sequence[Asked]) -> int:
        """Return how many shards the same would be as `scores`."""
        packages = (len(np.unique(texts.labels[one.chosen])) for one in asked)
        return sum(math.ceil(count / PACKAGES_AT_ONCE) for count in packages)

    def scores(self, texts: PackageQueries, part: str, asked: Sequence[Asked]) -> Scores:
        """Return reciprocal ranks by text and expert; NaN where nobody was asked.

        Args:
            texts: Of a part.
            part: Which.
            asked: Whom about what; an expert may occur more than once.

        Raises:
            ExpertError: An expert is damaged.
            InputError: A package's pairs are damaged.
            CapacityError: The disk is full, or a worker died.
        """
        found = np.full((len(texts), len(self.experts)), np.nan)
        shards = [shard for one in asked for shard in self._shards(texts, part, one)]
        places = {evaluation: (expert, rows) for evaluation, expert, rows in shards}
        executor = chosen_executor(self.settings, small=not shards)
        resources = Resources(workers=self.settings.workers)
        for outcome in executor.map(evaluated, list(places), resources=resources):
            expert, rows = places[outcome.shard]
            found[rows, expert] = np.concatenate(outcome.unwrap())
            self.done += 1
            self.progress.advance(self.done, self.total, f"{part}: {outcome.shard.name}")
        return found

    def _shards(
        self, texts: PackageQueries, part: str, asked: Asked
    ) -> Iterator[tuple[Evaluation, int, np.ndarray]]:
        """Yield what one worker does in one go, and which texts it is about."""
        package = self.experts[asked.expert]
        labels = np.unique(texts.labels[asked.chosen])
        for start in range(0, len(labels), PACKAGES_AT_ONCE):
            own = [
                np.flatnonzero(asked.chosen & (texts.labels == label))
                for label in labels[start : start + PACKAGES_AT_ONCE]
            ]
            evaluation = Evaluation(
                name=package.name,
                expert=package.folder,
                expert_hash=package.expert_hash,
                base=self.experts[0].folder,
                part=part,
                questions=tuple(_question(texts, rows) for rows in own),
                candidates=self.candidates,
                folder=self.folder,
            )
            yield evaluation, asked.expert, np.concatenate(own)


def _question(texts: PackageQueries, rows: np.ndarray) -> Question:
    package = texts.packages[int(texts.labels[rows[0]])]
    return Question(
        name=package.name,
        pairs=package.pairs,
        hash=package.hash,
        places=tuple(texts.places[rows].tolist()),
    )
