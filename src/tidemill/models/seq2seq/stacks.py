"""The blocks of either side, one after the other."""

from collections.abc import Iterator
from typing import cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from typing_extensions import override

from tidemill.models.seq2seq.attention import REFUSAL
from tidemill.models.seq2seq.batch import Encoded
from tidemill.models.seq2seq.blocks import DecoderBlock, EncoderBlock
from tidemill.models.seq2seq.config import Seq2SeqConfig
from tidemill.models.seq2seq.dropout import Dropout
from tidemill.models.seq2seq.norm import RootMeanSquareNorm
from tidemill.models.seq2seq.positions import bias_backwards, bias_between
from tidemill.models.seq2seq.state import DecoderState

__all__ = ["DecoderStack", "EncoderStack"]


class EncoderStack(nn.Module):
    """Reads a text; every place sees all of it.

    Args:
        config: The model's.
    """

    def __init__(self, config: Seq2SeqConfig) -> None:
        super().__init__()
        self.config = config
        self.block: nn.ModuleList = nn.ModuleList(
            EncoderBlock(config, has_bias=number == 0) for number in range(config.num_layers)
        )
        self.final_layer_norm: RootMeanSquareNorm = RootMeanSquareNorm(
            config.d_model, config.layer_norm_epsilon
        )

    @override
    def forward(
        self,
        embedded: Float[Tensor, "batch source width"],
        added: Float[Tensor, "batch 1 1 source"] | None,
        dropout: Dropout,
    ) -> Float[Tensor, "batch source width"]:
        """Return the last states.

        Args:
            embedded: The tokens' vectors.
            added: What is added to scores so that padding is not seen.
            dropout: Of this pass.
        """
        table = cast("EncoderBlock", self.block[0]).attention.relative_attention_bias
        bias = bias_between(table, self.config, embedded.shape[1], both_ways=True)
        total = bias if added is None else bias + added
        hidden = dropout(embedded)
        for block in self.block:
            hidden = block(hidden, total, dropout)
        return dropout(self.final_layer_norm(hidden))


class DecoderStack(nn.Module):
    """Writes a text; every place sees those before it, and what the encoder says.

    Args:
        config: The model's.
    """

    def __init__(self, config: Seq2SeqConfig) -> None:
        super().__init__()
        self.config = config
        self.block: nn.ModuleList = nn.ModuleList(
            DecoderBlock(config, has_bias=number == 0)
            for number in range(config.num_decoder_layers)
        )
        self.final_layer_norm: RootMeanSquareNorm = RootMeanSquareNorm(
            config.d_model, config.layer_norm_epsilon
        )

    @override
    def forward(
        self,
        embedded: Float[Tensor, "batch target width"],
        encoded: Encoded,
        dropout: Dropout,
        apart: Bool[Tensor, "batch target target"] | None = None,
    ) -> Float[Tensor, "batch target width"]:
        """Return the last states of all places at once.

        Args:
            embedded: The vectors of the tokens that are read.
            encoded: The inputs.
            dropout: Of this pass.
            apart: Which places must not see each other.
        """
        places = embedded.shape[1]
        bias = bias_between(self._table, self.config, places, both_ways=False)
        added = bias + torch.full((places, places), REFUSAL, device=bias.device).triu(1)
        if apart is not None:
            added = added + apart[:, None].float() * REFUSAL
        hidden = dropout(embedded)
        for block in self._blocks():
            hidden = block(hidden, added, encoded, dropout)
        return dropout(self.final_layer_norm(hidden))

    def start(self, encoded: Encoded, most_tokens: int) -> DecoderState:
        """Return the state before the first token, of one hypothesis for each input.

        Args:
            encoded: The inputs.
            most_tokens: That will be read.
        """
        pairs = [block.across.keys_values(encoded.states) for block in self._blocks()]
        source = torch.stack([torch.stack(pair) for pair in pairs])
        bias = bias_backwards(self._table, self.config, most_tokens)
        return DecoderState(source, encoded.added, bias)

    def step(
        self, embedded: Float[Tensor, "rows width"], state: DecoderState
    ) -> Float[Tensor, "rows width"]:
        """Read one more token of every hypothesis, and return its last state.

        Args:
            embedded: The tokens' vectors.
            state: Remembers them.

        Raises:
            CapacityError: The state was started for no more tokens.
        """
        state.make_room()
        hidden = embedded[:, None]
        for number, block in enumerate(self._blocks()):
            hidden = block.step(hidden, state, number)
        state.length += 1
        return self.final_layer_norm(hidden[:, 0])  # type: ignore[no-any-return]

    @property
    def _table(self) -> nn.Module:
        return next(self._blocks()).attention.relative_attention_bias

    def _blocks(self) -> Iterator[DecoderBlock]:
        return (cast("DecoderBlock", block) for block in self.block)
