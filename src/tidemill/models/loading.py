"""A model from its ``config.json`` and its tensors."""

from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tidemill.core.errors import ExpertError
from tidemill.models.config import encoder_config
from tidemill.models.encoder import Encoder
from tidemill.models.tables import StoredTable, TableEmbedding
from tidemill.sparsity.formcache import FormCache
from tidemill.sparsity.packed import PackedWeight
from tidemill.sparsity.packed_layers import packed_layer, packed_state
from tidemill.sparsity.views import as_tensor

__all__ = ["Weight", "Weights", "load_encoder", "load_weights"]

Weight: TypeAlias = NDArray[np.float32] | PackedWeight | StoredTable
"""A dense tensor as an array, an N:M sparse matrix packed, a table as it is stored."""

Weights: TypeAlias = Mapping[str, Weight]

Network = TypeVar("Network", bound=nn.Module)


def load_encoder(facts: Mapping[str, object], tensors: Weights) -> Encoder:
    """Return an encoder, ready to be asked.

    Args:
        facts: The parsed ``config.json``.
        tensors: Under Hugging Face's names.

    Raises:
        ExpertError: Config and tensors do not belong together.
    """
    config = encoder_config(facts)
    network = load_weights(lambda: Encoder(config), tensors)
    network.join_products()
    return network


def load_weights(make: Callable[[], Network], tensors: Weights, *, copied: bool = True) -> Network:
    """Return a network with the weights of an expert, ready to be asked.

    Nothing is made for weights that are about to be replaced, and sparse layers never have
    a dense matrix.

    Args:
        make: Makes the network.
        tensors: Its weights.
        copied: Whether the network has dense weights of its own. Otherwise they are where they
            were given, perhaps in memory that nobody may write to.

    Raises:
        ExpertError: They are not its own.
    """
    with torch.device("meta"):
        network = make()
    weights: dict[str, Tensor] = {}
    forms = FormCache()
    for name, weight in tensors.items():
        place = name.removesuffix(".weight")
        match weight:
            case PackedWeight():
                _put_packed(network, place, weight, forms)
                weights |= packed_state(f"{place}.", weight)
            case StoredTable():
                if not _put_table(network, place, weight):
                    weights[name] = weight.whole()
            case _:
                weights[name] = torch.from_numpy(np.array(weight)) if copied else as_tensor(weight)
    try:
        network.load_state_dict(weights, strict=True, assign=True)
    except RuntimeError as error:
        raise ExpertError(f"config.json and the tensors do not fit: {error}") from error
    return network.eval().requires_grad_(requires_grad=False)


def _put_table(network: nn.Module, place: str, table: StoredTable) -> bool:
    """Replace an embedding by one over a stored table; say whether there is such an embedding."""
    layer = dict(network.named_modules()).get(place)
    if not isinstance(layer, nn.Embedding) or tuple(layer.weight.shape) != table.shape:
        return False
    network.set_submodule(place, TableEmbedding(table))
    return True


def _put_packed(network: nn.Module, place: str, weight: PackedWeight, forms: FormCache) -> None:
    """Replace a dense layer by one over a packed weight.

    Raises:
        ExpertError: There is no layer of that name and shape.
    """
    layer = dict(network.named_modules()).get(place)
    if not isinstance(layer, nn.Linear | nn.Conv2d) or (
        len(layer.weight),
        layer.weight[0].numel(),
    ) != (weight.rows, weight.columns):
        raise ExpertError(
            f"{place}: a packed matrix of {weight.rows:,} x {weight.columns:,}, and the model has"
            " no such layer"
        )
    made = packed_layer(layer, weight, forms)
    made.sources = (place,)
    network.set_submodule(place, made)
