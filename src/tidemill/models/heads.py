"""What pre-training puts on top of an encoder, and takes away again."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from tidemill.models.config import EncoderConfig

__all__ = ["LanguageHead"]


class LanguageHead(nn.Module):
    """Says which token stands behind a hidden state (RoBERTa's head, tied to the words).

    Args:
        config: The encoder's.
        generator: Where first weights come from.
    """

    def __init__(self, config: EncoderConfig, generator: torch.Generator) -> None:
        super().__init__()
        width = config.hidden_size
        self.dense = nn.Linear(width, width)
        self.layer_norm = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))
        with torch.no_grad():
            self.dense.weight.normal_(0.0, 0.02, generator=generator)
            self.dense.bias.zero_()

    @override
    def forward(
        self, hidden: Float[Tensor, "places width"], words: Float[Tensor, "vocab width"]
    ) -> Float[Tensor, "places vocab"]:
        """Return a score for each token of the vocabulary.

        Args:
            hidden: States at the places that are asked for.
            words: The encoder's table of word embeddings.
        """
        states = self.layer_norm(functional.gelu(self.dense(hidden)))
        return functional.linear(states, words, self.bias)
