"""A training step of a whole model on one batch."""

from dataclasses import dataclass

from tidemill.hardware.workload.gemm import STAGES
from tidemill.hardware.workload.layer import Layer, Pointwise

__all__ = ["Network"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Everything that a step computes.

    Attributes:
        name: Of the model.
        batch: Examples of a step.
        layers: In the order in which they run forward.
        between: The work between their products.
        notes: What had to be assumed.
    """

    name: str
    batch: int
    layers: tuple[Layer, ...]
    between: tuple[Pointwise, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def macs(self) -> int:
        """Multiply-accumulates of a dense step."""
        return sum(layer.macs(stage) for layer in self.layers for stage in STAGES)

    @property
    def weights(self) -> int:
        """How many the products have."""
        return sum(layer.weights for layer in self.layers)
