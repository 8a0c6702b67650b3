"""A linear layer that trains with N:M sparsity."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from tidemill.sparsity.hooks import copy_hooks
from tidemill.sparsity.masks import Matrix
from tidemill.sparsity.operands import Operands
from tidemill.sparsity.products import trained_linear

__all__ = ["SparseLinear", "in_dtype_of"]


class SparseLinear(nn.Linear):
    """A linear layer over the parameters of another, its products made of sparse operands.

    Weight and bias stay what they were, under their names: optimizers, checkpoints and
    `state_dict` see the dense layer.

    Args:
        linear: The layer whose parameters are shared.
        operands: What the products are made of.
    """

    def __init__(self, linear: nn.Linear, operands: Operands) -> None:
        nn.Module.__init__(self)
        self.in_features: int = linear.in_features
        self.out_features: int = linear.out_features
        self.weight: Tensor = linear.weight
        self.bias: nn.Parameter = linear.bias
        self.operands: Operands = operands
        copy_hooks(linear, self)
        self.train(linear.training)

    def matrix(self) -> Matrix:
        """Return the weight with the contraction along its columns."""
        return self.weight

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Return X W^T + b."""
        own = self.operands
        if not own.is_sparse:
            return functional.linear(input, self.weight, self.bias)
        if not torch.compiler.is_compiling() and own.is_stale(self.weight):
            own.make(self.weight, self.matrix(), choose=True)
        # The operands have the numbers that products are made in; casting anew would part them.
        with torch.autocast(input.device.type, enabled=False):
            found = trained_linear(input, self.weight, self.bias, own)
        return in_dtype_of(found, input)

    def dense(self) -> nn.Linear:
        """Return the dense layer over the same parameters; this one is done with."""
        self.operands.active = False
        made = nn.Linear(self.in_features, self.out_features, self.bias is not None, device="meta")
        made.weight, made.bias = self.weight, self.bias
        copy_hooks(self, made)
        return made.train(self.training)


def in_dtype_of(found: Tensor, given: Tensor) -> Tensor:
    """Return a product in its input's kind of number, except where torch casts by itself."""
    is_cast = torch.is_autocast_enabled(given.device.type)
    return found if is_cast else found.to(given.dtype)
