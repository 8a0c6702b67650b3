"""The seam between objectives and networks."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor, nn

from tidemill.training.chance import Chance

__all__ = ["Rows", "Trainee"]

Rows = NDArray[np.int64]


class Trainee(Protocol):
    """A network that turns examples, by number, into vectors of length 1."""

    @property
    def network(self) -> nn.Module:
        """What is trained, with all its parameters."""
        ...

    def code(self, rows: Rows, chance: Chance | None) -> Float[Tensor, "rows vector"]:
        """Return the vectors of examples' code.

        Args:
            rows: Numbers of examples.
            chance: For what training leaves out; None when measuring.
        """
        ...

    def queries(self, rows: Rows, chance: Chance | None) -> Float[Tensor, "rows vector"]:
        """Return the vectors of examples' queries."""
        ...

    def places(self, rows: Rows) -> int:
        """Return how much these examples are, in tokens."""
        ...

    def tensors(self) -> Mapping[str, Tensor]:
        """Return what an expert is made of, by name."""
        ...
