"""Token ids of several texts side by side, and what the encoder says of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from tidemill.core.errors import InputError
from tidemill.models.seq2seq.config import Seq2SeqConfig

__all__ = ["Encoded", "SourceBatch", "source_batch"]


class SourceBatch(NamedTuple):
    """Texts of one batch, padded on the right."""

    ids: Int[Tensor, "batch source"]
    there: Bool[Tensor, "batch source"] | None
    """What is no padding; None where nothing is."""


class Encoded(NamedTuple):
    """What a decoder reads of a batch."""

    states: Float[Tensor, "batch source width"]
    added: Float[Tensor, "batch 1 1 source"] | None
    """Added to scores, so that padding is not seen; None where there is none."""


def source_batch(texts: Sequence[Sequence[int]], config: Seq2SeqConfig) -> SourceBatch:
    """Put texts side by side, no wider than the longest of them.

    Args:
        texts: Token ids with their specials; at least one text.
        config: Says what pads, and what may be.

    Raises:
        InputError: A text is empty, longer than the model reads, or has an unknown token;
            or there is no text.
    """
    lengths = np.array([len(text) for text in texts], dtype=np.int64)[:, None]
    if not len(lengths) or lengths.min() < 1 or lengths.max() > config.max_tokens:
        raise InputError(
            f"texts of {sorted({int(length) for length in lengths[:, 0]})} tokens;"
            f" this model reads 1 to {config.max_tokens:,} of each"
        )
    ids = np.full((len(texts), lengths.max()), config.pad_token_id, dtype=np.int64)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
    if ids.min() < 0 or ids.max() >= config.vocab_size:
        raise InputError(
            f"token ids from {ids.min():,} to {ids.max():,}; this model has"
            f" {config.vocab_size:,} tokens from 0 on"
        )
    there = np.arange(ids.shape[1]) < lengths
    is_full = bool(there.all())
    return SourceBatch(torch.from_numpy(ids), None if is_full else torch.from_numpy(there))
