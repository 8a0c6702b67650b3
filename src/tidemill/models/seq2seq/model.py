"""T5: an encoder reads a text, a decoder writes another (Raffel et al. 2020).

Modules and tensors are named as in Hugging Face's T5ForConditionalGeneration, so that weights
go from one to the other without a table.
"""

from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from typing_extensions import override

from tidemill.core.errors import InputError
from tidemill.models.seq2seq.attention import CrossAttention, SelfAttention, added_mask
from tidemill.models.seq2seq.batch import Encoded, SourceBatch
from tidemill.models.seq2seq.config import MOST_TOKENS, Seq2SeqConfig
from tidemill.models.seq2seq.dropout import Dropout
from tidemill.models.seq2seq.feed_forward import FeedForward
from tidemill.models.seq2seq.head import Head
from tidemill.models.seq2seq.neighbours import Neighbours
from tidemill.models.seq2seq.stacks import DecoderStack, EncoderStack
from tidemill.models.seq2seq.state import DecoderState
from tidemill.models.tables import new_embedding

__all__ = ["Seq2Seq", "mirrored"]

QUIET = 0.1
"""First share of what layers say in a model with neighbours, so that these are heard."""


class Seq2Seq(nn.Module):
    """Token ids of a text become scores for the tokens of another.

    Training drops numbers where T5 does, but for the weights of attention, which a fused kernel
    never shows; the chance is passed in, and without one nothing is dropped.

    Args:
        config: Its shape.
        generator: Where first weights come from, with T5's deviations; a head of its own has
            those of a tied one. Without one they are zero, to be loaded over.
    """

    dense_layers: ClassVar[frozenset[str]] = frozenset({"lm_head"})
    """Never made sparse: it says the answer."""

    def __init__(self, config: Seq2SeqConfig, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config = config
        self.shared: nn.Module = new_embedding(config.vocab_size, config.d_model)
        self.encoder: EncoderStack = EncoderStack(config)
        self.decoder: DecoderStack = DecoderStack(config)
        self.neighbours: Neighbours | None = None
        if config.neighbours:
            self.neighbours = Neighbours(config.d_model, config.neighbours)
        self.lm_head: nn.Module | None = None
        if not config.tie_word_embeddings:
            self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        _initialise(self, generator)

    @override
    def forward(
        self,
        inputs: Int[Tensor, "batch source"],
        there: Bool[Tensor, "batch source"] | None,
        targets: Int[Tensor, "batch target"],
        chance: torch.Generator | None = None,
        *,
        lines: Int[Tensor, "batch target"] | None = None,
    ) -> Float[Tensor, "batch target width"]:
        """Return the states that stand for the targets, each seeing only targets before it.

        A loss asks `scores` for those of real targets alone, which is most of the time that
        scores of all would take.

        Args:
            inputs: Token ids.
            there: What of them is no padding; None where all are tokens.
            targets: Token ids that are to be written, the last included; padding after it.
            chance: For dropout.
            lines: Number of the text that each target belongs to, where one sequence holds
                several that do not see each other; each begins anew. None where it is one text.
        """
        encoded = self.encode(SourceBatch(inputs, there), chance)
        embedded = self.shared(self._read_before(targets, lines))
        if self.config.mirrors_prompts:
            embedded = embedded + self._mirrored(encoded, inputs, targets, lines)
        dropout = Dropout(self.config.dropout_rate, chance, targets.device)
        apart = None if lines is None else lines[:, :, None] != lines[:, None]
        return self.decoder(embedded, encoded, dropout, apart)  # type: ignore[no-any-return]

    def _read_before(self, targets: Tensor, lines: Tensor | None) -> Tensor:
        """Return what is read where each target is to be written: the one before it."""
        start = self.config.decoder_start_token_id
        before = torch.cat([torch.full_like(targets[:, :1], start), targets[:, :-1]], dim=1)
        if lines is not None:
            before[:, 1:].masked_fill_(lines[:, 1:] != lines[:, :-1], start)
        return before

    def _mirrored(
        self, encoded: Encoded, inputs: Tensor, targets: Tensor, lines: Tensor | None
    ) -> Tensor:
        """Return what the encoder says of each text's first token, where that is read."""
        is_first = torch.zeros_like(targets, dtype=torch.bool)
        is_first[:, 0] = True
        if lines is not None:
            is_first[:, 1:] = lines[:, 1:] != lines[:, :-1]
            # What ends with its first token is read by nobody.
            is_first[:, :-1] &= lines[:, 1:] == lines[:, :-1]
        rows, places = is_first[:, :-1].nonzero(as_tuple=True)
        seen = mirrored(encoded.states, inputs, rows, targets[rows, places])
        added = seen.new_zeros((*targets.shape, seen.shape[1]))
        added[rows, places + 1] = seen
        return added

    def encode(self, batch: SourceBatch, chance: torch.Generator | None = None) -> Encoded:
        """Return what the decoder reads of some texts.

        Args:
            batch: The texts.
            chance: For dropout.
        """
        added = None if batch.there is None else added_mask(batch.there)
        dropout = Dropout(self.config.dropout_rate, chance, batch.ids.device)
        words = self.shared(batch.ids)
        if self.neighbours is not None:
            words = words + self.neighbours(words, batch.there)
        return Encoded(self.encoder(words, added, dropout), added)

    def scores(self, hidden: Float[Tensor, "*places width"]) -> Float[Tensor, "*places vocab"]:
        """Return a score for each token of the vocabulary, in fp32.

        Args:
            hidden: The decoder's last states.
        """
        return self.head().scores(hidden)

    def head(self) -> Head:
        """Return what says which token a state stands for."""
        if self.lm_head is not None:
            return Head(self.lm_head, 1.0)
        return Head(self.shared, self.config.d_model**-0.5)

    def start(self, encoded: Encoded, most_tokens: int | None = None) -> DecoderState:
        """Return the decoder's state before the first token.

        Args:
            encoded: The inputs, one hypothesis for each.
            most_tokens: That will be read; by default the config's ``max_target_tokens``.

        Raises:
            InputError: That is below 1, or beyond reason.
        """
        most = self.config.max_target_tokens if most_tokens is None else most_tokens
        if not 1 <= most <= MOST_TOKENS:
            raise InputError(f"most_tokens is {most:,}; it is 1 to {MOST_TOKENS:,}")
        with torch.inference_mode():
            return self.decoder.start(encoded, most)

    def read(
        self,
        state: DecoderState,
        tokens: Int[Tensor, " rows"],
        seen: Float[Tensor, "rows width"] | None = None,
    ) -> Float[Tensor, "rows width"]:
        """Read one token of every hypothesis, and return the states that stand for the next.

        Args:
            state: Changed: it remembers the tokens.
            tokens: One a hypothesis; the first is the config's ``decoder_start_token_id``.
            seen: What the encoder says of them, where prompts are mirrored.

        Raises:
            CapacityError: The state was started for no more tokens.
        """
        with torch.inference_mode():
            embedded = self.shared(tokens)
            return self.decoder.step(embedded if seen is None else embedded + seen, state)

    def step(
        self, state: DecoderState, tokens: Int[Tensor, " rows"]
    ) -> Float[Tensor, "rows vocab"]:
        """Read one token of every hypothesis, and return scores for the next.

        Args:
            state: Changed: it remembers the tokens.
            tokens: As in `read`.

        Raises:
            CapacityError: The state was started for no more tokens.
        """
        with torch.inference_mode():
            return self.scores(self.read(state, tokens))

    def join_products(self) -> None:
        """Let packed layers that read the same inputs make one product; to be asked alone."""
        for part in self.modules():
            if isinstance(part, SelfAttention | CrossAttention | FeedForward):
                part.join()


def mirrored(
    states: Float[Tensor, "batch source width"],
    inputs: Int[Tensor, "batch source"],
    owners: Int[Tensor, " texts"],
    tokens: Int[Tensor, " texts"],
) -> Float[Tensor, "texts width"]:
    """Return the sum of the states at all places of tokens; zeros where an input lacks its token.

    Args:
        states: What the encoder says of each input.
        inputs: The inputs.
        owners: For each text the number of its input.
        tokens: One a text.
    """
    texts, places = (inputs[owners] == tokens[:, None]).nonzero(as_tuple=True)
    found = states.new_zeros((len(tokens), states.shape[2]))
    return found.index_add(0, texts, states[owners[texts], places])


def _initialise(network: Seq2Seq, generator: torch.Generator | None) -> None:
    with torch.no_grad():
        for name, part in network.named_modules():
            if not isinstance(part, nn.Linear | nn.Embedding):
                continue
            if generator is None:
                part.weight.zero_()
            else:
                scale = _scale(name, network.config)
                part.weight.normal_(0.0, scale, generator=generator)


def _scale(name: str, config: Seq2SeqConfig) -> float:
    """Return the deviation of a layer's first weights: unscaled scores want small queries."""
    match name.rpartition(".")[2]:
        case "shared":
            return 1.0
        case "q":
            return float((config.d_model * config.d_kv) ** -0.5)
        case "o":
            return float(config.inner_size**-0.5) * _loudness(config)
        case "wo":
            return float(config.d_ff**-0.5) * _loudness(config)
        case _:
            return float(config.d_model**-0.5)


def _loudness(config: Seq2SeqConfig) -> float:
    """Return how loud what layers add is at first."""
    return QUIET if config.neighbours else 1.0
