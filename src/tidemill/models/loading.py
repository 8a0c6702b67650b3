"""A model from its ``config.json`` and its tensors."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from tidemill.core.errors import ExpertError
from tidemill.models.config import encoder_config
from tidemill.models.encoder import Encoder

__all__ = ["load_encoder"]

Arrays = Mapping[str, NDArray[np.float32]]


def load_encoder(facts: Mapping[str, object], tensors: Arrays) -> Encoder:
    """Return an encoder, ready to be asked.

    Args:
        facts: The parsed ``config.json``.
        tensors: Under Hugging Face's names.

    Raises:
        ExpertError: Config and tensors do not belong together.
    """
    encoder = Encoder(encoder_config(facts))
    weights = {name: torch.from_numpy(np.array(part)) for name, part in tensors.items()}
    try:
        encoder.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        raise ExpertError(f"config.json and the tensors do not fit: {error}") from error
    return encoder.eval().requires_grad_(False)
