"""A trained sparse model becomes a packed one: its dense weights are gone."""

import torch
from torch import Tensor, nn

from tidemill.sparsity.convolution import SparseConv2d, as_weight
from tidemill.sparsity.formcache import FormCache
from tidemill.sparsity.masks import Mask
from tidemill.sparsity.packed import PackedWeight, packed
from tidemill.sparsity.packed_layers import packed_layer
from tidemill.sparsity.selection import chosen_mask
from tidemill.sparsity.sparsifier import SparseLayer, sparse_layers

__all__ = ["finished_weight", "pack_model"]


def finished_weight(layer: SparseLayer) -> Tensor:
    """Return a layer's weight, in its own shape, without what its forward mask drops.

    Methods that are dense forwards have no such mask: theirs is the one by magnitude.

    Args:
        layer: After its last update.
    """
    kept = torch.where(_kept(layer), layer.matrix().detach(), 0.0)
    return as_weight(kept, layer.weight) if isinstance(layer, SparseConv2d) else kept


def pack_model(
    model: nn.Module, *, dtype: torch.dtype = torch.bfloat16, forms: FormCache | None = None
) -> dict[str, PackedWeight]:
    """Replace every sparse layer of a model by one over its packed weight, in place.

    Args:
        model: Trained; see `sparsify`.
        dtype: Of the values that are kept: float32, float16 or bfloat16.
        forms: Where kernels' forms are kept; by default a cache of this model's own.

    Returns:
        The packed weights, by the names of their layers.
    """
    cache = forms if forms is not None else FormCache()
    found = {}
    for name, layer in list(sparse_layers(model)):
        matrix = layer.matrix().detach()
        weight = packed(matrix.to(dtype), _kept(layer), layer.operands.spec.pattern)
        model.set_submodule(name, packed_layer(layer, weight, cache))
        found[name] = weight
    return found


def _kept(layer: SparseLayer) -> Mask:
    mask = layer.operands.mask
    return (
        mask
        if mask is not None
        else chosen_mask(layer.matrix().detach(), layer.operands.spec.pattern)
    )
