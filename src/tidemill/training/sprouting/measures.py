"""How well pairs are found in their package: among the same candidates for base and sprout."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tidemill.metrics.ranking import ranking_of, reciprocal_rank
from tidemill.training.trainees.trainee import Rows

__all__ = ["Figures", "Gain", "blocks_of", "gain_of", "measured"]

Vectors = Callable[[Rows], Tensor]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figures:
    """What was measured on one part.

    Attributes:
        losses: Of each pair: cross-entropy of finding its other half, mean of both directions.
        mrr: Mean reciprocal rank of the code that a query asks for.
    """

    losses: NDArray[np.float64]
    mrr: float

    @property
    def loss(self) -> float:
        """The mean loss."""
        return float(self.losses.mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """By how much one loss is below another on the same pairs.

    Attributes:
        mean: Positive where it is below.
        error: Standard error of that mean.
    """

    mean: float
    error: float

    def certain(self, errors: float) -> float:
        """Return what is left of the gain where luck had a part in it.

        Args:
            errors: How many standard errors may be luck.
        """
        return self.mean - errors * self.error


def gain_of(base: Figures, sprout: Figures) -> Gain:
    """Return by how much a sprout's loss is below its base's, pair by pair."""
    gains = base.losses - sprout.losses
    error = float(gains.std(ddof=1)) / math.sqrt(len(gains)) if len(gains) > 1 else math.inf
    return Gain(mean=float(gains.mean()), error=error)


def blocks_of(rows: Rows, candidates: int) -> list[Rows]:
    """Divide a part into blocks of about one size, in order.

    Args:
        rows: The pairs, at least one.
        candidates: Pairs in a block at most.
    """
    return np.array_split(rows, math.ceil(len(rows) / candidates))


def measured(
    queries: Vectors, code: Vectors, rows: Rows, *, candidates: int, temperature: float
) -> Figures:
    """Measure one part.

    It is divided into blocks of about one size, and a pair is found among those of its block:
    which these are follows from the order of the rows alone.

    Args:
        queries: Returns the vectors of queries.
        code: Returns the vectors of code.
        rows: The pairs, at least one.
        candidates: Pairs in a block at most.
        temperature: Similarities are divided by it.
    """
    losses: list[NDArray[np.float64]] = []
    ranks: list[NDArray[np.float64]] = []
    with torch.inference_mode():
        for block in blocks_of(rows, candidates):
            scores = queries(block) @ code(block).T
            losses.append(_losses(scores / temperature))
            ranking = ranking_of(scores.double().numpy(), np.eye(len(block)))
            ranks.append(reciprocal_rank(ranking))
    return Figures(losses=np.concatenate(losses), mrr=float(np.concatenate(ranks).mean()))


def _losses(scores: Tensor) -> NDArray[np.float64]:
    right = torch.arange(len(scores))
    both = [functional.cross_entropy(part, right, reduction="none") for part in (scores, scores.T)]
    found: NDArray[np.float64] = ((both[0] + both[1]) / 2).double().numpy()
    return found
