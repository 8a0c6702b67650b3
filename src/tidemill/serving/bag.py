"""Asking an encoder without layers, a bag of tokens: numpy alone."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from tidemill.experts.package import ExpertPackage
from tidemill.models.bag import TokenBag
from tidemill.models.config import encoder_config
from tidemill.models.inputs import assembled
from tidemill.serving.embedder import CodeText
from tidemill.serving.lexicons import tokenizer_of

__all__ = ["BagEmbedder"]

TABLE = "_embeddings.weight"
"""How the names of tables end that are looked up."""


class BagEmbedder:
    """An encoder without layers, loaded.

    Args:
        package: Its package.

    Raises:
        ExpertError: It has layers, no tokenizer, or its config and tensors do not fit.
    """

    def __init__(self, package: ExpertPackage) -> None:
        parts = package.tensors
        tables = {name: parts[name].table for name in parts if name.endswith(TABLE)}
        others = {name: parts[name].to_float32() for name in parts if name not in tables}
        self._bag = TokenBag.of(encoder_config(package.config), tables, others)
        self._held = sum(part.nbytes for name, part in others.items() if not parts[name].is_plain)
        self._tokenizer = tokenizer_of(package)
        self._hash = package.expert_hash

    @property
    def expert_hash(self) -> str:
        """Names what it computes."""
        return self._hash

    @property
    def size(self) -> int:
        """Width of its vectors."""
        return self._bag.config.vector_size

    @property
    def bytes_held(self) -> int:
        """Bytes of memory that are this expert's own."""
        return self._held

    def close(self) -> None:
        """Do nothing: the tables are only looked at, where they are."""

    def code(self, texts: Sequence[CodeText]) -> Float[ndarray, "texts vector"]:
        """Return the vectors of functions."""
        return self.queries([text.text.decode("utf-8", "replace") for text in texts])

    def queries(self, texts: Sequence[str]) -> Float[ndarray, "texts vector"]:
        """Return the vectors of queries: they are read as functions are."""
        rows = np.zeros((len(texts), self.size), dtype=np.float32)
        for place, tokens in enumerate(self._tokenizer.encode(texts)):
            if len(tokens.ids):
                known = assembled(tokens.ids, config=self._bag.config)
                rows[place] = self._bag.vector(known.ids)
        return rows
