"""Small encoder-decoders with random weights, and texts for them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from tidemill.models.seq2seq.batch import SourceBatch, source_batch
from tidemill.models.seq2seq.config import Seq2SeqConfig
from tidemill.models.seq2seq.model import Seq2Seq

SMALL = Seq2SeqConfig(
    vocab_size=40,
    d_model=32,
    d_kv=8,
    d_ff=64,
    num_layers=2,
    num_decoder_layers=2,
    num_heads=3,
    eos_token_id=2,
    bos_token_id=1,
    max_tokens=300,
    max_target_tokens=48,
)

# Ends that these weights come to: some texts early, others late or never.
LIVELY = replace(
    SMALL,
    num_layers=3,
    num_decoder_layers=1,
    eos_token_id=38,
    feed_forward_proj="gated-gelu",
    tie_word_embeddings=False,
    relative_attention_num_buckets=8,
    relative_attention_max_distance=20,
)
LIVELY_SEED = 2


def a_model(config: Seq2SeqConfig = SMALL, seed: int = 1) -> Seq2Seq:
    """Norms random too, and words small, so that what is written is not the last word again."""
    network = Seq2Seq(config, torch.Generator().manual_seed(seed))
    chance = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=chance) * 0.1)
        for name, parameter in network.named_parameters():
            if "relative_attention_bias" in name:
                parameter.mul_(4)
        network.shared.get_parameter("weight").mul_(0.2)
        network.decoder.final_layer_norm.weight.mul_(10 if config.tie_word_embeddings else 3)
    return network.eval().requires_grad_(requires_grad=False)


def weights_of(network: Seq2Seq) -> dict[str, NDArray[np.float32]]:
    return {name: part.numpy().copy() for name, part in network.state_dict().items()}


def texts(lengths: Sequence[int], seed: int = 3, config: Seq2SeqConfig = SMALL) -> list[list[int]]:
    """Random tokens, each text ending as texts do."""
    rng = np.random.default_rng(seed)
    drawn = [rng.integers(3, config.vocab_size, length - 1).tolist() for length in lengths]
    return [[*tokens, config.eos_token_id] for tokens in drawn]


def a_batch(lengths: Sequence[int] = (41, 7, 19, 1), config: Seq2SeqConfig = SMALL) -> SourceBatch:
    return source_batch(texts(lengths, config=config), config)


@dataclass(frozen=True)
class Listed:
    """Allows a few sequences: a state is what was written so far."""

    sequences: tuple[tuple[int, ...], ...]

    def start(self) -> tuple[int, ...]:
        return ()

    def allowed(self, state: tuple[int, ...]) -> list[int]:
        at = len(state)
        return sorted({one[at] for one in self.sequences if one[:at] == state and len(one) > at})

    def advance(self, state: tuple[int, ...], token: int) -> tuple[int, ...]:
        return (*state, token)

    def is_done(self, state: tuple[int, ...]) -> bool:
        return not self.allowed(state)
