"""An encoder without layers in numpy: what `Encoder` computes for one, and no start-up of torch."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from tidemill.core.errors import ExpertError
from tidemill.models.config import FIRST_POSITION, EncoderConfig, is_bag
from tidemill.models.rows import Rows
from tidemill.models.shapes import tensor_shapes

__all__ = ["TokenBag"]

Array = Float[np.ndarray, "..."]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TokenBag:
    """Embeddings, what each place matters, and a last map.

    Attributes:
        config: The encoder's; it has no layers and weighted pooling.
        words: A row for each token.
        kind: The row of the one type that all tokens have.
        positions: A row for each place.
        scale: Of the norm.
        shift: Of the norm.
        importance: What a place's state is multiplied with to say how much it matters.
        projection: The last map.
    """

    config: EncoderConfig
    words: Rows
    kind: Float[np.ndarray, " width"]
    positions: Rows
    scale: Float[np.ndarray, " width"]
    shift: Float[np.ndarray, " width"]
    importance: Float[np.ndarray, " width"]
    projection: Float[np.ndarray, "vector width"]

    @classmethod
    def of(
        cls, config: EncoderConfig, tables: Mapping[str, Rows], tensors: Mapping[str, Array]
    ) -> "TokenBag":
        """Return the bag of an encoder's tensors.

        Args:
            config: The encoder's.
            tables: Its embeddings by name.
            tensors: All its other tensors by name.

        Raises:
            ExpertError: The encoder is no such bag, or the tensors do not fit its config.
        """
        if not is_bag(config):
            raise ExpertError("a bag of tokens has no layers, weighted pooling and a projection")
        shapes = {name: part.shape for name, part in tables.items()}
        shapes |= {name: part.shape for name, part in tensors.items()}
        if shapes != tensor_shapes(config.to_dict()):
            raise ExpertError("config.json and the tensors do not fit")
        return cls(
            config=config,
            words=tables["embeddings.word_embeddings.weight"],
            kind=tables["embeddings.token_type_embeddings.weight"].rows(np.array([0]))[0],
            positions=tables["embeddings.position_embeddings.weight"],
            scale=tensors["embeddings.LayerNorm.weight"],
            shift=tensors["embeddings.LayerNorm.bias"],
            importance=tensors["importance.weight"][0],
            projection=tensors["projection.weight"],
        )

    def vector(self, ids: Int[np.ndarray, " tokens"]) -> Float[np.ndarray, " vector"]:
        """Return a vector of length 1 for one text.

        Args:
            ids: Its tokens as `assembled` puts them together.
        """
        places = np.arange(FIRST_POSITION, FIRST_POSITION + len(ids))
        states = self.words.rows(ids) + self.kind + self.positions.rows(places)
        states = states - states.mean(axis=1, keepdims=True)
        deviation = np.sqrt((states**2).mean(axis=1, keepdims=True) + self.config.layer_norm_eps)
        states = states / deviation * self.scale + self.shift
        scores = states @ self.importance
        weights = np.exp(scores - scores.max())
        pooled = (weights / weights.sum()) @ states
        vector = self.projection @ pooled
        length = np.linalg.norm(vector)
        return np.asarray(vector / length if length else vector, dtype=np.float32)
