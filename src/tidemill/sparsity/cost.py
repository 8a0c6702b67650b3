"""What sparse training saves, counted exactly and without tensors.

Multiply-accumulates (MACs) and bytes of the three products of a layer, by method and pattern.
Only N:M along the contraction of a product saves work; see `Method.saves`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from tidemill.sparsity.bits import packed_bytes
from tidemill.sparsity.methods import Method
from tidemill.sparsity.pattern import NMPattern

__all__ = ["LayerCost", "Product", "layer_cost", "packed_weight_bytes", "training_share"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A layer's forward product Y = X W^T.

    Attributes:
        tokens: Rows of X: places, or output pixels of a convolution, of the whole batch.
        inputs: The contraction; of a convolution height x width x channels of the kernel.
        outputs: Columns of Y.
        needs_gradient: Whether the gradient of X is wanted; a first layer's is not.
        is_sparse: Whether the layer is sparse at all.
    """

    tokens: int
    inputs: int
    outputs: int
    needs_gradient: bool = True
    is_sparse: bool = True

    @property
    def macs(self) -> int:
        """Of one dense product."""
        return self.tokens * self.inputs * self.outputs


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCost:
    """MACs of a training step, and bytes of the weight that the products read.

    Attributes:
        forward: MACs of Y = X W^T.
        backward: MACs of dX = dY W.
        update: MACs of dW = dY^T X.
        forward_bytes: Of the forward operand, packed where it is sparse.
        backward_bytes: Of the operand of the input's gradient.
    """

    forward: int
    backward: int
    update: int
    forward_bytes: int
    backward_bytes: int

    @property
    def total(self) -> int:
        """MACs of the step."""
        return self.forward + self.backward + self.update


def layer_cost(
    product: Product, pattern: NMPattern, method: Method, *, value_bytes: int = 4
) -> LayerCost:
    """Count a layer's training step.

    Args:
        product: Its shape.
        pattern: N:M.
        method: Which operands are sparse.
        value_bytes: Of a number: 4 in float32, 2 in bfloat16.

    Raises:
        SettingError: M does not divide a contraction that is sparse.
    """
    saves = method.saves() if product.is_sparse else (False, False)
    # A pruned gradient leaves the weight of the backward product as it is.
    is_packed = (saves[0], saves[1] and not method.prunes_gradient)
    shapes = ((product.inputs, product.outputs), (product.outputs, product.inputs))
    macs, held = [], []
    for (contraction, rows), is_saved, packs in zip(shapes, saves, is_packed, strict=True):
        kept = pattern.kept(contraction) if is_saved else contraction
        macs.append(product.tokens * rows * kept)
        held.append(
            packed_weight_bytes((rows, contraction), pattern, value_bytes)
            if packs
            else rows * contraction * value_bytes
        )
    if not product.needs_gradient:
        macs[1] = held[1] = 0
    return LayerCost(
        forward=macs[0],
        backward=macs[1],
        update=product.macs,
        forward_bytes=held[0],
        backward_bytes=held[1],
    )


def packed_weight_bytes(shape: tuple[int, int], pattern: NMPattern, value_bytes: int = 2) -> int:
    """Return the bytes of a packed matrix: values and bit-packed indices.

    Args:
        shape: Rows and columns; groups run along the columns.
        pattern: N:M.
        value_bytes: Of a value.
    """
    kept = shape[0] * pattern.kept(shape[1])
    return kept * value_bytes + packed_bytes(kept, pattern.index_bits)


def training_share(products: Iterable[Product], pattern: NMPattern, method: Method) -> Fraction:
    """Return what is left of the MACs of a dense training step, exactly.

    Args:
        products: The layers of a model.
        pattern: N:M.
        method: How it trains.
    """
    layers = list(products)
    sparse = sum(layer_cost(layer, pattern, method).total for layer in layers)
    dense = sum((3 if layer.needs_gradient else 2) * layer.macs for layer in layers)
    return Fraction(sparse, dense) if dense else Fraction(1)
