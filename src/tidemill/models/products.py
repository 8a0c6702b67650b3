"""What a model computes, product by product, without torch.

Plans and machine models count with these. They follow from a ``config.json``
(`tidemill.models.product_readers`), or from a torch module that is run once
(`tidemill.models.operations`).
"""

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "ANSWER",
    "FIRST",
    "BatchedProduct",
    "ModelProducts",
    "PointwiseKind",
    "PointwiseWork",
    "WeightProduct",
]

ANSWER = "its outputs are the answer, and the model keeps it dense"
FIRST = "it reads the pixels, and the model keeps it dense"

PointwiseKind = Literal[
    "add",
    "average-pool",
    "batch-norm",
    "gelu",
    "layer-norm",
    "lookup",
    "max-pool",
    "relu",
    "softmax",
]
"""What is done between products. Of what is not listed, the nearest: a gate is an ``add``, a tanh
a ``gelu``, a norm without means a ``layer-norm``, a sum or a global maximum a pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightProduct:
    """Y = X W^T with learnt weights.

    Attributes:
        name: Of the layer, as its tensors are named.
        kind: What makes it.
        inputs: Channels or width that go in; groups of a pattern divide them.
        outputs: Width that comes out.
        window: Rows and columns of places that a convolution sees at once; the contraction is
            ``kernel * inputs``.
        stride: How many places its windows are apart, to either side.
        groups: Independent products; inputs, outputs and contraction are of one of them.
        rows: Rows of X that one example has.
        dense_because: Why the model keeps it dense; empty where it may be sparse.
        is_first: Whether nobody asks for the gradient of X.
    """

    name: str
    kind: Literal["linear", "convolution"] = "linear"
    inputs: int
    outputs: int
    window: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    groups: int = 1
    rows: int
    dense_because: str = ""
    is_first: bool = False

    @property
    def kernel(self) -> int:
        """Places that a convolution sees at once, 9 for 3 x 3."""
        return self.window[0] * self.window[1]

    @property
    def contraction(self) -> int:
        """Inputs that one output adds up."""
        return self.kernel * self.inputs

    @property
    def weights(self) -> int:
        """How many there are, biases aside."""
        return self.groups * self.contraction * self.outputs

    @property
    def macs(self) -> int:
        """Multiply-accumulates of an example's forward pass."""
        return self.rows * self.weights


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchedProduct:
    """Products of two activations, as attention makes them: Q K^T, and what it weighs.

    Attributes:
        name: Of the attention.
        after: How many of the model's products with weights run before it.
        count: Independent products of an example: heads.
        rows: Of the left factor: queries.
        contraction: What is added up.
        columns: Of the right factor.
    """

    name: str
    after: int = 0
    count: int
    rows: int
    contraction: int
    columns: int

    @property
    def macs(self) -> int:
        """Multiply-accumulates of an example's forward pass."""
        return self.count * self.rows * self.contraction * self.columns


@dataclass(frozen=True, slots=True, kw_only=True)
class PointwiseWork:
    """What is done to every number, or along rows of them.

    Attributes:
        name: Of the module that does it; ``model`` is the whole.
        kind: What is done.
        elements: Numbers of an example that go in; of one of two that are added, and those that
            come out of a lookup.
    """

    name: str
    kind: PointwiseKind
    elements: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProducts:
    """What a model computes for one example.

    Attributes:
        kind: The ``model_type``.
        example: What the model is shown, in the singular.
        unit: What the rows of its products are, in the plural.
        places: Rows of an example where it is longest: tokens and nodes, patches or pixels.
        products: Those with weights, in the order in which they run.
        attention: Those without, in the order in which they run.
        between: The work between products, in the order in which it is done.
    """

    kind: str
    example: Literal["text", "image"] = "text"
    unit: Literal["tokens", "patches", "pixels"] = "tokens"
    places: int
    products: tuple[WeightProduct, ...]
    attention: tuple[BatchedProduct, ...] = ()
    between: tuple[PointwiseWork, ...] = ()

    @property
    def attention_macs(self) -> int:
        """Multiply-accumulates of an example's attention, which has no weights."""
        return sum(product.macs for product in self.attention)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of an example's forward pass."""
        return sum(product.macs for product in self.products) + self.attention_macs
