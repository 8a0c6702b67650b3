"""A model from its ``config.json`` and its tensors."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tidemill.core.errors import ExpertError
from tidemill.models.config import encoder_config
from tidemill.models.encoder import Encoder

__all__ = ["load_encoder", "load_weights"]

Arrays = Mapping[str, NDArray[np.float32]]
Network = TypeVar("Network", bound=nn.Module)


def load_encoder(facts: Mapping[str, object], tensors: Arrays) -> Encoder:
    """Return an encoder, ready to be asked.

    Args:
        facts: The parsed ``config.json``.
        tensors: Under Hugging Face's names.

    Raises:
        ExpertError: Config and tensors do not belong together.
    """
    return load_weights(Encoder(encoder_config(facts)), tensors)


def load_weights(network: Network, tensors: Arrays) -> Network:
    """Return a network with the weights of an expert, ready to be asked.

    Raises:
        ExpertError: They are not its own.
    """
    weights = {name: torch.from_numpy(np.array(part)) for name, part in tensors.items()}
    try:
        network.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        raise ExpertError(f"config.json and the tensors do not fit: {error}") from error
    return network.eval().requires_grad_(False)
