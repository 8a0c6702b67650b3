"""Training a linear map of n-grams."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from tidemill.models.ngrams import FEATURES, NgramSpace
from tidemill.models.static import StaticConfig
from tidemill.training.bags import BagColumns
from tidemill.training.chance import Chance
from tidemill.training.recipe import ModelSpec
from tidemill.training.trainees.trainee import ModelFacts, Rows

__all__ = ["StaticNetwork", "StaticTrainee"]

MEASURED_AT_ONCE = 1_024


class StaticNetwork(nn.Module):
    """The table, and the map that queries go through.

    Args:
        shape: Rows of the table, and their width.
        importance: What each feature counts at first: its inverse document frequency.
        chance: Where first weights come from. Random rows keep the cosines of the counts
            about as they are (Johnson and Lindenstrauss), so training begins at the quality of
            unlearned n-grams, not at chance.
    """

    def __init__(
        self, shape: tuple[int, int], importance: Float[np.ndarray, " features"], chance: Chance
    ) -> None:
        super().__init__()
        features, width = shape
        self.table: nn.EmbeddingBag = nn.EmbeddingBag(features, width, mode="sum")
        self.query_map: nn.Linear = nn.Linear(width, width, bias=False)
        with torch.no_grad():
            self.table.weight.normal_(0.0, width**-0.5, generator=chance.torch("table"))
            self.table.weight *= torch.from_numpy(importance)[:, None]
            self.query_map.weight.copy_(torch.eye(width))

    @override
    def forward(self, bags: tuple[Tensor, Tensor, Tensor], queries: bool) -> Tensor:
        """Return vectors of length 1.

        Args:
            bags: Features, where each text begins, and weights.
            queries: Whether these are queries.
        """
        features, starts, weights = bags
        sums = self.table(features, starts, per_sample_weights=weights)
        return functional.normalize(self.query_map(sums) if queries else sums, dim=1)


class StaticTrainee:
    """A static expert with a corpus as it reads it.

    Args:
        space: Its features.
        columns: The features of the corpus's code, and of its queries.
        network: What is trained.
        spec: How it reads, and what share of features is left out of each text.
        device: Where the products are made.
    """

    def __init__(
        self,
        space: NgramSpace,
        columns: tuple[BagColumns, BagColumns],
        network: StaticNetwork,
        *,
        spec: ModelSpec,
        device: torch.device,
    ) -> None:
        self._reads = spec.reads
        self.space = space
        self._code, self._query = columns
        self._network = network.to(device)
        self._dropout = spec.feature_dropout
        self._device = device
        self.depth: int | None = None
        self.unit: str = "tokens"

    @property
    def network(self) -> nn.Module:
        """Table and map."""
        return self._network

    def code(self, rows: Rows, chance: Chance | None) -> Float[Tensor, "rows vector"]:
        """Return the vectors of code."""
        return self._vectors(self._code, rows, chance.numpy("code") if chance else None)

    def queries(self, rows: Rows, chance: Chance | None) -> Float[Tensor, "rows vector"]:
        """Return the vectors of queries."""
        drawn = chance.numpy("query") if chance else None
        return self._vectors(self._query, rows, drawn, queries=True)

    def places(self, rows: Rows) -> int:
        """Return the number of features of these examples and their queries."""
        columns = (self._code.features.offsets, self._query.features.offsets)
        return int(sum((column[rows + 1] - column[rows]).sum() for column in columns))

    def facts(self) -> ModelFacts:
        """Return the table, the map of queries, and the hashes of the features."""
        table = self._network.table.weight
        config = StaticConfig(
            features=len(self.space),
            known_tokens=len(self.space.tokens),
            vector_size=table.shape[1],
            longest=self.space.longest,
            reads=self._reads,
        )
        query_map = self._network.query_map.weight
        return ModelFacts(
            architecture="static",
            config=config.to_dict(),
            tensors={"table.weight": table, "query_map.weight": query_map},
            texts={FEATURES: self.space.to_json()},
        )

    def _vectors(
        self,
        columns: BagColumns,
        rows: Rows,
        chance: np.random.Generator | None,
        *,
        queries: bool = False,
    ) -> Tensor:
        if torch.is_grad_enabled():
            bags = self._bags(columns, rows, chance)
            return self._network(bags, queries)  # type: ignore[no-any-return]
        parts = [
            self._network(
                self._bags(columns, rows[start : start + MEASURED_AT_ONCE], None), queries
            )
            for start in range(0, len(rows), MEASURED_AT_ONCE)
        ]
        return torch.cat(parts)

    def _bags(
        self, columns: BagColumns, rows: Rows, chance: np.random.Generator | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the features of some texts, with some of them left out by chance."""
        features = [columns.features[row] for row in rows]
        weights = [columns.weights[row] for row in rows]
        if chance is not None and self._dropout:
            kept = [chance.random(len(part)) >= self._dropout for part in features]
            features = [part[some] for part, some in zip(features, kept, strict=True)]
            weights = [part[some] for part, some in zip(weights, kept, strict=True)]
        starts = np.concatenate(([0], np.cumsum([len(part) for part in features])[:-1]))
        flat = np.concatenate(features).astype(np.int64)
        return (
            torch.from_numpy(flat).to(self._device),
            torch.from_numpy(starts.astype(np.int64)).to(self._device),
            torch.from_numpy(np.concatenate(weights)).to(self._device),
        )
