"""What pre-training puts on top of an encoder, and takes away again."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from tidemill.models.config import EncoderConfig

__all__ = ["LanguageHead", "PairHead"]


class LanguageHead(nn.Module):
    """Says which token stands behind a hidden state (RoBERTa's head, tied to the words).

    Args:
        config: The encoder's.
        generator: Where first weights come from.
    """

    def __init__(self, config: EncoderConfig, generator: torch.Generator) -> None:
        super().__init__()
        width = config.hidden_size
        self.dense: nn.Linear = nn.Linear(width, width)
        self.layer_norm: nn.LayerNorm = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.bias: nn.Parameter = nn.Parameter(torch.zeros(config.vocab_size))
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


class PairHead(nn.Module):
    """Says whether one state belongs to another: (A first) . (B second) / sqrt(width).

    GraphCodeBERT (equations 7 and 8) takes the product of the states themselves, which is
    the same in both directions although an edge is not, and which begins far out on the
    sigmoid when training starts from random weights. The two maps are ours.

    Args:
        config: The encoder's.
        generator: Where first weights come from.
    """

    def __init__(self, config: EncoderConfig, generator: torch.Generator) -> None:
        super().__init__()
        width = config.hidden_size
        self.first: nn.Linear = nn.Linear(width, width, bias=False)
        self.second: nn.Linear = nn.Linear(width, width, bias=False)
        with torch.no_grad():
            for part in (self.first, self.second):
                part.weight.normal_(0.0, 0.02, generator=generator)

    @override
    def forward(
        self, first: Float[Tensor, "pairs width"], second: Float[Tensor, "pairs width"]
    ) -> Float[Tensor, " pairs"]:
        """Return a score for each pair; above 0 means yes."""
        product = self.first(first) * self.second(second)
        scores: Tensor = product.float().sum(dim=1) / first.shape[1] ** 0.5
        return scores
