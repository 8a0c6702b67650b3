"""The seam between the loop and what it minimises."""

from typing import NamedTuple, Protocol

from jaxtyping import Float
from torch import Tensor

from tidemill.training.chance import Chance
from tidemill.training.trainees.trainee import Rows

__all__ = ["Objective", "Share"]


class Share(NamedTuple):
    """What one part of a step adds.

    Attributes:
        loss: To be minimised.
        accuracy: Share of what was asked that was answered right: for people.
    """

    loss: Float[Tensor, ""]
    accuracy: float


class Objective(Protocol):
    """Something to minimise over some examples."""

    def share(self, rows: Rows, chance: Chance) -> Share:
        """Return the loss over examples.

        Args:
            rows: Numbers of examples; of groups, group by group.
            chance: What is drawn at this step.
        """
        ...
