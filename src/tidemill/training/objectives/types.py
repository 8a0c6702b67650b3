"""Types: the decoder writes the answer of each window."""

from torch.nn import functional

from tidemill.training.chance import Chance
from tidemill.training.objectives.objective import Share
from tidemill.training.trainees.trainee import Rows
from tidemill.training.trainees.types import TypeTrainee

__all__ = ["TypeObjective"]


class TypeObjective:
    """Cross-entropy of the tokens of the answers, each told those before it in its line.

    The published training tells each token all lines before its own; here lines are apart, so
    that they can be searched in step.

    Args:
        trainee: What is trained.
        smoothing: Share of what is wanted that all tokens get alike.
    """

    def __init__(self, trainee: TypeTrainee, *, smoothing: float) -> None:
        self._trainee = trainee
        self._smoothing = smoothing

    def share(self, rows: Rows, chance: Chance) -> Share:
        """Return the mean cross-entropy over the tokens of the answers."""
        batch = self._trainee.batch(rows)
        model = self._trainee.model
        hidden = model(
            batch.inputs,
            batch.there,
            batch.answers,
            chance.torch("dropout"),
            lines=batch.lines,
        )
        scores = model.scores(hidden[batch.wanted])
        right = batch.answers[batch.wanted]
        loss = functional.cross_entropy(scores, right, label_smoothing=self._smoothing)
        accuracy = (scores.argmax(dim=1) == right).float().mean().item()
        return Share(loss=loss, accuracy=accuracy)
