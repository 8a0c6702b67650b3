"""From the tensors of published T5 weights to those of this model.

What files call them differs in two places: the table of words has up to four names, and whether
it also says what is written is told by ``tie_word_embeddings``, or in files of transformers 5
by ``scale_decoder_outputs`` (modeling_t5.py and configuration_t5.py of transformers 5.24).
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tidemill.core.errors import ExpertError
from tidemill.models.seq2seq.config import Seq2SeqConfig, seq2seq_config
from tidemill.models.seq2seq.shapes import check_shapes

__all__ = ["published_weights"]

Arrays = Mapping[str, NDArray[np.float32]]

WORDS = "shared.weight"
HEAD = "lm_head.weight"
COPIES = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")

UNUSED = frozenset({"decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"})
"""Some files have it, and T5 never reads it."""


def published_weights(
    facts: Mapping[str, object], tensors: Arrays
) -> tuple[Seq2SeqConfig, dict[str, NDArray[np.float32]]]:
    """Return the config and the tensors of published weights under this model's names.

    Args:
        facts: The parsed ``config.json``.
        tensors: As the file calls them.

    Raises:
        ExpertError: Another architecture, a tensor that is missing, unknown or of another
            shape, or copies of the table of words that differ.
    """
    is_scaled = facts.get("scale_decoder_outputs")
    if is_scaled is None:
        is_scaled = facts.get("tie_word_embeddings", True)
    # Two flags of transformers say one thing here: what is tied is scaled.
    own = {name: value for name, value in facts.items() if name != "scale_decoder_outputs"}
    config = seq2seq_config(own | {"tie_word_embeddings": is_scaled})
    weights = {name: array for name, array in tensors.items() if name not in UNUSED}
    _take_one_table(weights)
    _take_head(weights, is_tied=config.tie_word_embeddings)
    check_shapes(config, {name: array.shape for name, array in weights.items()})
    return config, weights


def _take_one_table(weights: dict[str, NDArray[np.float32]]) -> None:
    """Keep the table of words under one name."""
    for name in COPIES:
        copy = weights.pop(name, None)
        if copy is not None and not np.array_equal(weights.setdefault(WORDS, copy), copy):
            raise ExpertError(
                f"{name} is another table than {WORDS}, and T5 has one for both sides"
            )


def _take_head(weights: dict[str, NDArray[np.float32]], *, is_tied: bool) -> None:
    """Keep a head where it is not the table of words."""
    words = weights.get(WORDS, weights.get(HEAD))
    if words is None:
        return
    weights.setdefault(WORDS, words)
    if not is_tied:
        weights.setdefault(HEAD, words)
    elif not np.array_equal(weights.pop(HEAD, words), words):
        raise ExpertError(
            f"{HEAD} is another table than {WORDS}, and config.json says that they are one",
            hint="If they are two, set tie_word_embeddings to false there.",
        )
