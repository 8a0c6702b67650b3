"""Clones: programs that solve one problem lie closer than programs of other problems."""

import torch
from torch.nn import functional

from tidemill.training.chance import Chance
from tidemill.training.objectives.objective import Share
from tidemill.training.trainees.trainee import Rows, TextTrainee

__all__ = ["GroupObjective"]


class GroupObjective:
    """Supervised contrastive loss (Khosla et al. 2020, equation 2, the sum outside the log).

    Args:
        trainee: What is trained.
        members: Examples of each group; they stand together in a batch.
        temperature: Similarities are divided by it.
    """

    def __init__(self, trainee: TextTrainee, *, members: int, temperature: float) -> None:
        self._trainee = trainee
        self._members = members
        self._temperature = temperature

    def share(self, rows: Rows, chance: Chance) -> Share:
        """Return the mean over examples and their fellows of -log softmax."""
        vectors = self._trainee.code(rows, chance)
        scores = vectors @ vectors.T / self._temperature
        itself = torch.eye(len(rows), dtype=torch.bool, device=scores.device)
        scores = scores.masked_fill(itself, -torch.inf)
        label = torch.arange(len(rows), device=scores.device) // self._members
        fellows = (label[:, None] == label[None, :]) & ~itself
        logs = functional.log_softmax(scores, dim=1).masked_fill(~fellows, 0.0)
        loss = -(logs.sum(dim=1) / fellows.sum(dim=1)).mean()
        nearest = scores.argmax(dim=1)
        return Share(loss=loss, accuracy=(label[nearest] == label).float().mean().item())
