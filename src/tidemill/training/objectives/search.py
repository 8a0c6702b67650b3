"""Search: a query and its code lie closer than the query and other code of the batch."""

import torch
from torch.nn import functional

from tidemill.training.chance import Chance
from tidemill.training.objectives.objective import Share
from tidemill.training.trainees.trainee import Rows, TextTrainee

__all__ = ["SearchObjective"]


class SearchObjective:
    """In-batch softmax over similarities (GraphCodeBERT, section 5.1), in both directions.

    Ours: the temperature, vectors of length 1, and the direction from code to query.

    Args:
        trainee: What is trained.
        temperature: Similarities are divided by it.
    """

    def __init__(self, trainee: TextTrainee, *, temperature: float) -> None:
        self._trainee = trainee
        self._temperature = temperature

    def share(self, rows: Rows, chance: Chance) -> Share:
        """Return the mean cross-entropy of finding the other half of each pair."""
        queries = self._trainee.queries(rows, chance)
        codes = self._trainee.code(rows, chance)
        scores = queries @ codes.T / self._temperature
        right = torch.arange(len(rows), device=scores.device)
        there = functional.cross_entropy(scores, right)
        back = functional.cross_entropy(scores.T, right)
        accuracy = (scores.argmax(dim=1) == right).float().mean().item()
        return Share(loss=(there + back) / 2, accuracy=accuracy)
