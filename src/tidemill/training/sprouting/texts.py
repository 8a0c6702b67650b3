"""The texts of a package as its base reads them, with the states that no sprout changes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from tidemill.models.batch import GraphBatch, batches, collate
from tidemill.models.config import EncoderConfig
from tidemill.models.inputs import NO_FLOW, GraphInput, assembled
from tidemill.training.encoded import EncodedSet
from tidemill.training.sprouting.origin import Origin

__all__ = ["Ask", "KnownTexts", "known_texts"]

PLACES_AT_ONCE = 4_096

Ask = Callable[[GraphBatch, Tensor], Tensor]
"""From a batch and its states to its vectors."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownTexts:
    """The code of every pair, and behind it the queries in the same order.

    Attributes:
        inputs: As the encoder reads them.
        states: [tokens and nodes, width] of each, from the still layers.
        still: How many these are.
        config: The encoder's.
    """

    inputs: Sequence[GraphInput]
    states: Sequence[Tensor]
    still: int
    config: EncoderConfig

    def __len__(self) -> int:
        return len(self.inputs) // 2

    def places(self, pairs: Sequence[int]) -> int:
        """Return the tokens and nodes of some pairs."""
        both = (*pairs, *(pair + len(self) for pair in pairs))
        return sum(len(self.inputs[place]) for place in both)

    def code(self, pairs: Sequence[int], ask: Ask) -> Float[Tensor, "pairs vector"]:
        """Return the vectors of the code of some pairs."""
        return self._vectors(pairs, ask)

    def queries(self, pairs: Sequence[int], ask: Ask) -> Float[Tensor, "pairs vector"]:
        """Return the vectors of the queries of some pairs."""
        return self._vectors([pair + len(self) for pair in pairs], ask)

    def _vectors(self, texts: Sequence[int], ask: Ask) -> Tensor:
        """Go through texts by length, so that little is padding."""
        groups = batches([len(self.inputs[text]) for text in texts], PLACES_AT_ONCE)
        found = torch.cat([ask(*self._batch([texts[place] for place in own])) for own in groups])
        order = torch.tensor([place for own in groups for place in own])
        return found[order.argsort()]

    def _batch(self, texts: Sequence[int]) -> tuple[GraphBatch, Tensor]:
        batch = collate([self.inputs[text] for text in texts], self.config)
        tokens, nodes = batch.ids.shape[1], batch.is_node.shape[1]
        states = torch.zeros(len(texts), tokens + nodes, self.config.hidden_size)
        for row, text in enumerate(texts):
            own, length = self.states[text], len(self.inputs[text].ids)
            states[row, :length] = own[:length]
            states[row, tokens : tokens + len(own) - length] = own[length:]
        return batch, states


def known_texts(examples: EncodedSet, origin: Origin, still: int) -> KnownTexts:
    """Return the texts of a package, with the states of the layers that stay.

    Args:
        examples: Tokens and data flow of every pair.
        origin: What the sprout grows from.
        still: How many of its layers, from the lowest, stay as they are.
    """
    config, pairs = origin.config, range(len(examples))
    code = [assembled(examples.code[row], examples.flow(row), config=config) for row in pairs]
    queries = [assembled(examples.query[row], NO_FLOW, config=config) for row in pairs]
    inputs = [*code, *queries]
    states: list[Tensor] = [torch.empty(0)] * len(inputs)
    # Not in inference mode: gradients are computed with these states afterwards.
    with torch.no_grad():
        for own in batches([len(entry) for entry in inputs], PLACES_AT_ONCE):
            batch = collate([inputs[place] for place in own], config)
            hidden = origin.encoder(batch, still)
            for row, place in enumerate(own):
                tokens, nodes = len(inputs[place].ids), len(inputs[place].flow.spans)
                parts = (hidden.tokens[row, :tokens], hidden.nodes[row, :nodes])
                states[place] = torch.cat(parts)
    return KnownTexts(inputs=inputs, states=states, still=still, config=config)
