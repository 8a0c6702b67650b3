"""Training a graph-guided encoder."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from typing_extensions import override

from tidemill.models.batch import GraphBatch, batches, collate
from tidemill.models.config import EncoderConfig, is_bag
from tidemill.models.encoder import Encoder
from tidemill.models.heads import LanguageHead, PairHead
from tidemill.models.inputs import NO_FLOW, GraphInput, assembled
from tidemill.training.chance import Chance
from tidemill.training.encoded import EncodedSet
from tidemill.training.trainees.trainee import ModelFacts, Rows

__all__ = ["EncoderTrainee", "Heads"]


class Heads(nn.Module):
    """What pre-training puts on top of an encoder.

    Args:
        config: The encoder's.
        generator: Where first weights come from.
    """

    dense_layers: ClassVar[frozenset[str]] = frozenset({"*"})

    def __init__(self, config: EncoderConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.language: LanguageHead = LanguageHead(config, generator)
        self.edges: PairHead = PairHead(config, generator)
        self.alignment: PairHead = PairHead(config, generator)


class _Network(nn.Module):
    """The encoder with its heads."""

    def __init__(self, encoder: Encoder, heads: Heads) -> None:
        super().__init__()
        self.encoder = encoder
        self.heads = heads

    @override
    def forward(self, batch: GraphBatch, depth: int | None) -> Tensor:
        """Return the vectors of a batch."""
        return self.encoder.embed(batch, depth)


class EncoderTrainee:
    """An encoder with a corpus as it reads it.

    Args:
        encoder: What becomes the expert.
        heads: For pre-training.
        examples: The corpus.
        tokenizer: What ``tokenizer.json`` holds.
        dropout: Share of tokens that contrastive objectives make unknown.
        device: Where the products are made.

    Attributes:
        depth: Layers that are trained; None for all.
    """

    def __init__(
        self,
        encoder: Encoder,
        heads: Heads,
        examples: EncodedSet,
        *,
        tokenizer: str,
        dropout: float,
        device: torch.device,
    ) -> None:
        self._dropout = dropout
        self._tokenizer = tokenizer
        self.encoder = encoder
        self.heads = heads
        self.examples = examples
        self.device = device
        self.depth: int | None = None
        self.unit: str = "tokens"
        self._network = _Network(encoder, heads).to(device)

    @property
    def network(self) -> nn.Module:
        """Encoder and heads."""
        return self._network

    def code(self, rows: Rows, chance: Chance | None) -> Float[Tensor, "rows vector"]:
        """Return the vectors of code with its data flow."""
        return self._vectors([self._code_input(row) for row in rows], chance, "code")

    def queries(self, rows: Rows, chance: Chance | None) -> Float[Tensor, "rows vector"]:
        """Return the vectors of queries."""
        config, query = self.encoder.config, self.examples.query
        inputs = [assembled(query[row], NO_FLOW, config=config) for row in rows]
        return self._vectors(inputs, chance, "query")

    def batch(self, rows: Rows) -> tuple[GraphBatch, list[GraphInput]]:
        """Return comment, code and data flow of examples, as pre-training reads them."""
        inputs = [
            assembled(
                self.examples.code[row],
                self.examples.flow(row),
                config=self.encoder.config,
                comment=self.examples.query[row],
            )
            for row in rows
        ]
        return collate(inputs, self.encoder.config).to(self.device), inputs

    def places(self, rows: Rows) -> int:
        """Return the tokens and nodes of these examples and the tokens of their queries."""
        found = self.examples
        columns = (found.code.offsets, found.spans.offsets, found.query.offsets)
        return int(sum((column[rows + 1] - column[rows]).sum() for column in columns))

    def lengths(self, rows: Rows) -> Rows:
        """Return how long comment and code of these examples are together."""
        found = self.examples
        columns = (found.code.offsets, found.query.offsets)
        return sum((column[rows + 1] - column[rows] for column in columns), start=np.zeros(1, int))

    def facts(self) -> ModelFacts:
        """Return the encoder, its weights under Hugging Face's names, and its tokenizer."""
        return ModelFacts(
            architecture="bag" if is_bag(self.encoder.config) else "encoder",
            config=self.encoder.config.to_dict(),
            tensors=self.encoder.state_dict(),
            texts={"tokenizer.json": self._tokenizer},
        )

    def _code_input(self, row: int) -> GraphInput:
        found = self.examples
        return assembled(found.code[row], found.flow(row), config=self.encoder.config)

    def _vectors(self, inputs: list[GraphInput], chance: Chance | None, side: str) -> Tensor:
        if not torch.is_grad_enabled():
            return self._by_length(inputs, None)
        generator = chance.torch("dropout", side) if chance and self._dropout else None
        return self._by_length(inputs, generator)

    def _thinned(self, batch: GraphBatch, generator: torch.Generator) -> Tensor:
        """Return ids with some tokens made unknown, so that nothing hangs on a single word."""
        draw = torch.rand(tuple(batch.ids.shape), generator=generator).to(batch.ids.device)
        gone = (draw < self._dropout) & batch.is_token & ~batch.is_special
        return torch.where(gone, self.encoder.config.unk_token_id, batch.ids)

    def _by_length(self, inputs: list[GraphInput], generator: torch.Generator | None) -> Tensor:
        """Go through inputs by length, so that little is padding."""
        groups = batches([len(entry) for entry in inputs])
        parts = []
        for places in groups:
            chosen = [inputs[place] for place in places]
            batch = collate(chosen, self.encoder.config).to(self.device)
            if generator is not None:
                batch = replace(batch, ids=self._thinned(batch, generator))
            parts.append(self._network(batch, self.depth))
        order = torch.tensor([place for places in groups for place in places])
        back = torch.empty_like(order)
        back[order] = torch.arange(len(order))
        vectors = torch.cat(parts)
        return vectors[back.to(vectors.device)]
