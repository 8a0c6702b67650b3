"""What a training step does in a layer, and between layers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tidemill.hardware.workload.gemm import Gemm, Stage
from tidemill.models.products import PointwiseKind

__all__ = ["Layer", "Pointwise", "PointwiseKind"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """The products of a layer, for a whole batch.

    Attributes:
        name: Of the layer.
        kind: What makes the products; ``attention`` has no weights.
        stages: The products of each stage. Backward is empty where nobody asks for the input's
            gradient; a convolution with strides has one product for each phase of its windows
            there, update is empty without weights.
        inputs: That groups of the forward mask run along; 0 without weights.
        outputs: That groups of the backward mask run along; 0 without weights.
        weights: How many there are.
        dense_because: Why the model keeps it dense; empty where it may be sparse.
    """

    name: str
    kind: Literal["linear", "convolution", "attention"]
    stages: Mapping[Stage, tuple[Gemm, ...]] = field(repr=False)
    inputs: int = 0
    outputs: int = 0
    weights: int = 0
    dense_because: str = ""

    def macs(self, stage: Stage) -> int:
        """Return the multiply-accumulates of a stage with every weight kept."""
        return sum(gemm.macs for gemm in self.stages[stage])


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointwise:
    """Work between products: something done to every element, or along rows of them.

    Attributes:
        name: Where in the model.
        kind: What is done.
        elements: That go in, of the whole batch; of one of two that are added, and those that come
            out of a lookup.
    """

    name: str
    kind: PointwiseKind
    elements: int
