"""A sprout with the texts of its package: what the training loop knows of it."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from tidemill.models.batch import GraphBatch
from tidemill.training.chance import Chance
from tidemill.training.sprouting.changes import Changes
from tidemill.training.sprouting.origin import Origin
from tidemill.training.sprouting.texts import Ask, KnownTexts
from tidemill.training.sprouting.upper import LearningUpper
from tidemill.training.trainees.trainee import ModelFacts, Rows

__all__ = ["SproutTrainee"]


class SproutTrainee:
    """The changes of a base, learnt from the pairs of one package.

    Args:
        origin: The base.
        texts: Of the package; they say which layers stay.
        values: What was learnt already, by the names of tensors.
        dropout: Share of tokens that training leaves out of each text.

    Attributes:
        changes: What is learnt.
        depth: Not used: which layers learn is the base's to say.
        unit: What `places` counts.
    """

    def __init__(
        self, origin: Origin, texts: KnownTexts, values: Mapping[str, Tensor], *, dropout: float
    ) -> None:
        self._dropout = dropout
        self._origin = origin
        self._texts = texts
        self._upper = LearningUpper(origin.config, texts.still)
        self.changes: Changes = Changes(origin.learning(texts.still), values)
        self.depth: int | None = None
        self.unit: str = "tokens"

    @property
    def network(self) -> nn.Module:
        """The changes."""
        return self.changes

    def code(self, rows: Rows, chance: Chance | None = None) -> Float[Tensor, "rows vector"]:
        """Return the vectors of pairs' code."""
        return self._texts.code(rows.tolist(), self._ask(chance, "code"))

    def queries(self, rows: Rows, chance: Chance | None = None) -> Float[Tensor, "rows vector"]:
        """Return the vectors of pairs' queries."""
        return self._texts.queries(rows.tolist(), self._ask(chance, "query"))

    def places(self, rows: Rows) -> int:
        """Return the tokens and nodes of these pairs."""
        return self._texts.places(rows.tolist())

    def facts(self) -> ModelFacts:
        """Return the base with the changes that were learnt."""
        package, still = self._origin.package, self._texts.still
        shared = {
            name: torch.tensor(package.tensors[name].to_float32())
            for name in self._origin.shared(still)
        }
        return ModelFacts(
            architecture=package.manifest.architecture,
            config=package.config,
            tensors=shared | self.changes.tensors(),
            texts={"tokenizer.json": self._origin.tokenizer.read_text(encoding="utf-8")},
        )

    def _ask(self, chance: Chance | None, side: str) -> Ask:
        """Return what makes vectors with the weights as they now are, put together once."""
        tensors = self.changes.tensors()
        generator = chance.torch("dropout", side) if chance and self._dropout else None

        def ask(batch: GraphBatch, states: Tensor) -> Tensor:
            seen = batch if generator is None else _thinned(batch, self._dropout, generator)
            return self._upper(tensors, seen, states)

        return ask


def _thinned(batch: GraphBatch, share: float, generator: torch.Generator) -> GraphBatch:
    """Return a batch without some of its tokens, so that nothing hangs on a single word."""
    draw = torch.rand(tuple(batch.ids.shape), generator=generator)
    stays = (draw >= share) | batch.is_special
    return replace(batch, is_token=batch.is_token & stays, covers=batch.covers & stays[:, None, :])
