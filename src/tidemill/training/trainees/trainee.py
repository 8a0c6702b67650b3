"""The seam between objectives and networks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor, nn

from tidemill.training.chance import Chance

__all__ = ["ModelFacts", "Rows", "TextTrainee", "Trainee"]

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelFacts:
    """What an expert is made of.

    Attributes:
        architecture: How it is run.
        config: What ``config.json`` says.
        tensors: The weights, by name.
        texts: Other files, by name.
    """

    architecture: str
    config: Mapping[str, object]
    tensors: Mapping[str, Tensor]
    texts: Mapping[str, str]


class Trainee(Protocol):
    """A network with a corpus as it reads it: what the loop knows of both.

    Attributes:
        depth: Layers that are gone through; None for all. What has no layers passes it over.
        unit: What `places` counts.
    """

    depth: int | None
    unit: str

    @property
    def network(self) -> nn.Module:
        """What is trained, with all its parameters."""
        ...

    def places(self, rows: Rows) -> int:
        """Return how much these examples are."""
        ...

    def facts(self) -> "ModelFacts":
        """Return what an expert is made of."""
        ...


class TextTrainee(Trainee, Protocol):
    """A network that turns examples, by number, into vectors of length 1."""

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
