"""Asking a static expert: numpy alone."""

from collections.abc import Sequence

from jaxtyping import Float
from numpy import ndarray

from tidemill.core.errors import ExpertError
from tidemill.experts.package import ExpertPackage
from tidemill.models.lexemes import code_lexemes, code_words, query_words
from tidemill.models.ngrams import Bag
from tidemill.models.static import NgramMap
from tidemill.serving.embedder import CodeText, own_names
from tidemill.serving.lexicons import ngram_space

__all__ = ["StaticEmbedder"]


class StaticEmbedder:
    """A static expert, loaded.

    Args:
        package: Its package.

    Raises:
        ExpertError: Its features and its table do not fit.
    """

    def __init__(self, package: ExpertPackage) -> None:
        space = ngram_space(package)
        rows = package.tensors["table.weight"].table
        if len(rows.shape) != 2 or rows.shape[0] != len(space):
            raise ExpertError(f"{package.folder}: {len(space):,} features, {rows.shape[0]:,} rows")
        turn = package.tensors["query_map.weight"]
        query_map = turn.to_float32()
        self._held = 0 if turn.is_plain else query_map.nbytes
        self._map = NgramMap(space=space, rows=rows, query_map=query_map)
        self._reads = package.config.get("reads")
        self._hash = package.expert_hash

    @property
    def expert_hash(self) -> str:
        """Names what it computes."""
        return self._hash

    @property
    def size(self) -> int:
        """Width of its vectors."""
        return int(self._map.rows.shape[1])

    @property
    def bytes_held(self) -> int:
        """Bytes of memory that are this expert's own."""
        return self._held

    def close(self) -> None:
        """Do nothing: the table is only looked at, where it is."""

    def code(self, texts: Sequence[CodeText]) -> Float[ndarray, "texts vector"]:
        """Return the vectors of functions."""
        return self._map.vectors([self._bag(text) for text in texts])

    def queries(self, texts: Sequence[str]) -> Float[ndarray, "texts vector"]:
        """Return the vectors of queries."""
        space = self._map.space
        return self._map.vectors([space.bag(query_words(text)) for text in texts], queries=True)

    def _bag(self, text: CodeText) -> Bag:
        space = self._map.space
        if self._reads == "words":
            return space.bag(code_words(text.text.decode("utf-8", "replace")))
        return space.bag(code_lexemes(text.text, text.language, own_names(text)))
