"""Several linear layers over the same inputs."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from tidemill.sparsity.linear import SparseLinear

__all__ = ["joint_linear"]


def joint_linear(
    hidden: Float[Tensor, "*tokens inputs"], layers: Sequence[nn.Module]
) -> Float[Tensor, "*tokens outputs"]:
    """Return the outputs of several layers, one after the other.

    Dense layers are one product; others, such as sparse ones, make their own.

    Args:
        hidden: What all of them read.
        layers: With a bias each.
    """
    dense = [layer for layer in layers if isinstance(layer, nn.Linear) and not _is_sparse(layer)]
    if len(dense) < len(layers):
        return torch.cat([layer(hidden) for layer in layers], dim=-1)
    weight = torch.cat([layer.weight for layer in dense])
    bias = torch.cat([layer.bias for layer in dense])
    return functional.linear(hidden, weight, bias)


def _is_sparse(layer: nn.Linear) -> bool:
    return isinstance(layer, SparseLinear) and layer.operands.is_sparse
