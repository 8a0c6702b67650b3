"""The blocks of encoder and decoder, whose parts are named as Hugging Face names T5's."""

from typing import cast

from jaxtyping import Float
from torch import Tensor, nn
from typing_extensions import override

from tidemill.models.seq2seq.attention import (
    CrossAttention,
    KeysValues,
    SelfAttention,
    attended,
)
from tidemill.models.seq2seq.batch import Encoded
from tidemill.models.seq2seq.config import Seq2SeqConfig
from tidemill.models.seq2seq.dropout import Dropout
from tidemill.models.seq2seq.feed_forward import FeedForward
from tidemill.models.seq2seq.norm import RootMeanSquareNorm
from tidemill.models.seq2seq.state import DecoderState

__all__ = ["DecoderBlock", "EncoderBlock"]

NO_DROPOUT = Dropout(0.0, None)


class SelfAttentionLayer(nn.Module):
    """Self-attention, normed before and added after."""

    def __init__(self, config: Seq2SeqConfig, *, has_bias: bool) -> None:
        super().__init__()
        self.SelfAttention: SelfAttention = SelfAttention(config, has_bias=has_bias)
        self.layer_norm: RootMeanSquareNorm = _norm(config)

    @override
    def forward(self, hidden: Tensor, added: Tensor, dropout: Dropout) -> Tensor:
        """Return the places with what they have seen."""
        return hidden + dropout(self.SelfAttention(self.layer_norm(hidden), added))

    def step(self, hidden: Tensor, state: DecoderState, number: int) -> Tensor:
        """Return one more place of every hypothesis with what it has seen."""
        query, key, value = self.SelfAttention.queries_keys_values(self.layer_norm(hidden))
        seen = attended(query, state.keep(number, key, value), state.bias)
        return hidden + self.SelfAttention.answer(seen)


class CrossAttentionLayer(nn.Module):
    """Attention to the encoder, normed before and added after."""

    def __init__(self, config: Seq2SeqConfig) -> None:
        super().__init__()
        self.EncDecAttention: CrossAttention = CrossAttention(config)
        self.layer_norm: RootMeanSquareNorm = _norm(config)

    @override
    def forward(
        self, hidden: Tensor, source: KeysValues, added: Tensor | None, dropout: Dropout
    ) -> Tensor:
        """Return the places with what they have seen."""
        return hidden + dropout(self.EncDecAttention(self.layer_norm(hidden), source, added))


class FeedForwardLayer(nn.Module):
    """The feed-forward part, normed before and added after; its name is Hugging Face's."""

    def __init__(self, config: Seq2SeqConfig) -> None:
        super().__init__()
        self.DenseReluDense: FeedForward = FeedForward(config)
        self.layer_norm: RootMeanSquareNorm = _norm(config)

    @override
    def forward(self, hidden: Tensor, dropout: Dropout) -> Tensor:
        """Return the places, changed a little."""
        return hidden + dropout(self.DenseReluDense(self.layer_norm(hidden), dropout))


class EncoderBlock(nn.Module):
    """One layer of the encoder.

    Args:
        config: The model's.
        has_bias: Whether it owns the table of distances.
    """

    def __init__(self, config: Seq2SeqConfig, *, has_bias: bool) -> None:
        super().__init__()
        parts = (SelfAttentionLayer(config, has_bias=has_bias), FeedForwardLayer(config))
        self.layer: nn.ModuleList = nn.ModuleList(parts)

    @override
    def forward(
        self,
        hidden: Float[Tensor, "batch places width"],
        added: Float[Tensor, "#batch heads places places"],
        dropout: Dropout,
    ) -> Float[Tensor, "batch places width"]:
        """Return the next states."""
        own, last = self.layer
        return last(own(hidden, added, dropout), dropout)  # type: ignore[no-any-return]

    @property
    def attention(self) -> SelfAttention:
        """Its self-attention."""
        return cast("SelfAttentionLayer", self.layer[0]).SelfAttention


class DecoderBlock(nn.Module):
    """One layer of the decoder.

    Args:
        config: The model's.
        has_bias: Whether it owns the table of distances.
    """

    def __init__(self, config: Seq2SeqConfig, *, has_bias: bool) -> None:
        super().__init__()
        self.layer: nn.ModuleList = nn.ModuleList(
            (
                SelfAttentionLayer(config, has_bias=has_bias),
                CrossAttentionLayer(config),
                FeedForwardLayer(config),
            )
        )

    @override
    def forward(
        self,
        hidden: Float[Tensor, "batch places width"],
        added: Float[Tensor, "#batch heads places places"],
        encoded: Encoded,
        dropout: Dropout,
    ) -> Float[Tensor, "batch places width"]:
        """Return the next states of all places of the targets."""
        own, across, last = self.layer
        hidden = own(hidden, added, dropout)
        source = self.across.keys_values(encoded.states)
        hidden = across(hidden, source, encoded.added, dropout)
        return last(hidden, dropout)  # type: ignore[no-any-return]

    def step(
        self, hidden: Float[Tensor, "rows 1 width"], state: DecoderState, number: int
    ) -> Float[Tensor, "rows 1 width"]:
        """Return the next states of one more token of every hypothesis.

        Args:
            hidden: Its states.
            state: Remembers it.
            number: Of this layer.
        """
        own, across, last = self.layer
        hidden = cast("SelfAttentionLayer", own).step(hidden, state, number)
        # Hypotheses of one input are to its places what places of one target are.
        grouped = hidden.view(state.inputs, state.width, -1)
        grouped = across(grouped, state.source(number), state.added, NO_DROPOUT)
        return last(grouped.view(hidden.shape), NO_DROPOUT)  # type: ignore[no-any-return]

    @property
    def attention(self) -> SelfAttention:
        """Its self-attention."""
        return cast("SelfAttentionLayer", self.layer[0]).SelfAttention

    @property
    def across(self) -> CrossAttention:
        """Its attention to the encoder."""
        return cast("CrossAttentionLayer", self.layer[1]).EncDecAttention


def _norm(config: Seq2SeqConfig) -> RootMeanSquareNorm:
    return RootMeanSquareNorm(config.d_model, config.layer_norm_epsilon)
