"""A linear map of n-grams: the fast expert of the first pass.

A text's vector is the weighted sum of its features' rows, made to length 1. The map needs
numpy alone, so that asking it costs no start-up of torch.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Float

from tidemill.models.ngrams import Bag, NgramSpace
from tidemill.models.rows import Rows

__all__ = ["NgramMap", "StaticConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticConfig:
    """The shape of a static expert.

    Attributes:
        features: Rows of the table.
        known_tokens: Tokens that are known by themselves.
        vector_size: Width of a row.
        longest: Tokens in the longest n-gram.
        reads: ``words`` (parts of names, in code and queries alike) or ``lexemes`` (tokens of
            code, variables made equal).
    """

    features: int
    known_tokens: int
    vector_size: int
    longest: int
    reads: str

    def to_dict(self) -> dict[str, object]:
        """Return the facts as ``config.json`` holds them."""
        return {"model_type": "tidemill-static", **asdict(self)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NgramMap:
    """A trained map.

    Attributes:
        space: Its features.
        rows: A vector for each feature, its weight included.
        query_map: What a query's sum goes through besides; None for texts of one kind.
    """

    space: NgramSpace
    rows: Rows
    query_map: Float[np.ndarray, "vector vector"] | None = None

    def vectors(
        self, bags: Sequence[Bag], *, queries: bool = False
    ) -> Float[np.ndarray, "texts vector"]:
        """Return a vector of length 1 for each text; zero where it has no known feature.

        Args:
            bags: From the map's space.
            queries: Whether these are queries.
        """
        sums = np.zeros((len(bags), self.rows.shape[1]), dtype=np.float32)
        for place, bag in enumerate(bags):
            sums[place] = bag.weights @ self.rows.rows(bag.features)
        if queries and self.query_map is not None:
            np.matmul(sums, self.query_map.T, out=sums)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        return np.divide(sums, np.where(lengths > 0, lengths, 1.0), dtype=np.float32)
