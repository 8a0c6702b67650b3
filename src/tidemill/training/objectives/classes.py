"""Classes: each image gets its own class the highest score."""

from torch.nn import functional

from tidemill.training.chance import Chance
from tidemill.training.objectives.objective import Share
from tidemill.training.trainees.images import Augmentation, ImageTrainee
from tidemill.training.trainees.trainee import Rows

__all__ = ["ClassObjective"]


class ClassObjective:
    """Cross-entropy over the classes, with label smoothing (Szegedy et al. 2016).

    Args:
        trainee: What is trained.
        smoothing: Share of what is wanted that all classes get alike.
        augmentation: What is done to the images.
    """

    def __init__(
        self, trainee: ImageTrainee, *, smoothing: float, augmentation: Augmentation
    ) -> None:
        self._trainee = trainee
        self._smoothing = smoothing
        self._augmentation: Augmentation = augmentation

    def share(self, rows: Rows, chance: Chance) -> Share:
        """Return the mean cross-entropy."""
        scores = self._trainee.scores(rows, chance, self._augmentation)
        right = self._trainee.labels(rows)
        loss = functional.cross_entropy(scores, right, label_smoothing=self._smoothing)
        accuracy = (scores.argmax(dim=1) == right).float().mean().item()
        return Share(loss=loss, accuracy=accuracy)
