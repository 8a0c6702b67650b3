"""The part of an encoder that learns, over states that the part below it made once."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call
from typing_extensions import override

from tidemill.experts.parts import EncodedTensor
from tidemill.models.batch import GraphBatch
from tidemill.models.config import EncoderConfig
from tidemill.models.encoder import Encoder
from tidemill.models.loading import load_weights
from tidemill.training.sprouting.origin import LAYER
from tidemill.training.sprouting.weights import weight_of

__all__ = ["LearningUpper", "PackedUpper"]

States = Float[Tensor, "batch places width"]


class _GivenStates(nn.Module):
    """Stands where the embeddings stood, and hands out states that are known."""

    states: Tensor

    @override
    def forward(self, batch: GraphBatch) -> Tensor:
        """Return the states of the batch."""
        return self.states


class _Upper(nn.Module):
    """Layers above some, with what makes a vector of their states.

    Args:
        config: The whole encoder's.
        still: Layers below.
    """

    def __init__(self, config: EncoderConfig, still: int) -> None:
        super().__init__()
        layers = config.num_hidden_layers - still
        self.encoder: Encoder = Encoder(replace(config, num_hidden_layers=layers))
        self.encoder.set_submodule("embeddings", _GivenStates())

    @override
    def forward(self, batch: GraphBatch, states: Tensor) -> Tensor:
        """Return one vector of length 1 for each input."""
        given = self.encoder.get_submodule("embeddings")
        given.states = states
        return self.encoder.embed(batch)


class PackedUpper:
    """The upper part as it is stored, to be asked: N:M layers multiply with kept weights.

    Args:
        config: The whole encoder's.
        still: Layers below.
        tensors: The stored tensors, by the whole encoder's names.
    """

    def __init__(
        self, config: EncoderConfig, still: int, tensors: Mapping[str, EncodedTensor]
    ) -> None:
        weights = {_own_name(name, still): weight_of(part) for name, part in tensors.items()}
        self._network = load_weights(lambda: _Upper(config, still), weights)
        self._network.encoder.join_products()

    def __call__(self, batch: GraphBatch, states: States) -> Float[Tensor, "batch vector"]:
        """Return one vector of length 1 for each input."""
        vectors: Tensor = self._network(batch, states)
        return vectors


class LearningUpper:
    """The upper part over weights that are handed in, so that gradients reach them.

    Args:
        config: The whole encoder's.
        still: Layers below.
    """

    def __init__(self, config: EncoderConfig, still: int) -> None:
        self._still = still
        with torch.device("meta"):
            self._network = _Upper(config, still)

    def __call__(
        self, tensors: Mapping[str, Tensor], batch: GraphBatch, states: States
    ) -> Float[Tensor, "batch vector"]:
        """Return one vector of length 1 for each input.

        Args:
            tensors: The weights, by the whole encoder's names.
            batch: What is asked.
            states: Of the layers below.
        """
        named = {_own_name(name, self._still): part for name, part in tensors.items()}
        vectors: Tensor = functional_call(self._network, named, (batch, states), strict=True)
        return vectors


def _own_name(name: str, still: int) -> str:
    """Return what the upper part calls a tensor of the whole encoder."""
    if name.startswith(LAYER):
        number, _, rest = name.removeprefix(LAYER).partition(".")
        name = f"{LAYER}{int(number) - still}.{rest}"
    return f"encoder.{name}"
