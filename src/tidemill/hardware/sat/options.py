"""How a step is trained and run: method, pattern, and which of the three dataflow methods."""

from dataclasses import dataclass
from typing import Literal

from tidemill.hardware.sat.array import DATAFLOWS, Dataflow
from tidemill.hardware.workload.gemm import Stage
from tidemill.hardware.workload.layer import Layer
from tidemill.sparsity.methods import Method, method
from tidemill.sparsity.pattern import NMPattern

__all__ = ["SatOptions", "Sparse"]

Schedule = Literal["best", "os", "ws"]
USUAL = NMPattern(2, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparse:
    """What is pruned of a product.

    Attributes:
        pattern: N:M along its contraction.
        is_left: Whether it is the left operand, a gradient, and not the weights.
    """

    pattern: NMPattern
    is_left: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SatOptions:
    """How a training step is made.

    Attributes:
        pattern: N:M.
        method: A name in `tidemill.sparsity.methods.METHODS`.
        schedule: The dataflow of every product: the better one, chosen ahead of time (offline
            scheduling), or always the same.
        interleave: Whether several sums take turns in an element (interleave mapping).
        pregenerate: Whether sparse weights are made behind the update (pre-generation), and not
            before each product that needs them.
    """

    pattern: NMPattern = USUAL
    method: str = "bdwp"
    schedule: Schedule = "best"
    interleave: bool = True
    pregenerate: bool = True

    @property
    def rule(self) -> Method:
        """The method itself."""
        return method(self.method)

    @property
    def dataflows(self) -> tuple[Dataflow, ...]:
        """That a product may take."""
        return DATAFLOWS if self.schedule == "best" else (self.schedule,)

    def why_dense(self, layer: Layer) -> str:
        """Say why a layer stays dense; empty where it does not."""
        if not layer.weights:
            return "it has no weights"
        if layer.dense_because:
            return layer.dense_because
        undivided = self.rule.undivided(self.pattern, layer.inputs, layer.outputs)
        return undivided[0] if undivided else ""

    def sparse(self, layer: Layer, stage: Stage) -> Sparse | None:
        """Return what is pruned of a layer's products in a stage; None where nothing is."""
        forward, backward = self.rule.saves()
        saved = {"forward": forward, "backward": backward, "update": False}[stage]
        if not saved or self.pattern.is_dense or self.why_dense(layer):
            return None
        is_left = stage == "backward" and self.rule.prunes_gradient
        return Sparse(pattern=self.pattern, is_left=is_left)

    def prunes_weights(self, layer: Layer, stage: Stage) -> bool:
        """Say whether a layer's weights are pruned for a stage."""
        found = self.sparse(layer, stage)
        return found is not None and not found.is_left
