"""Asking a convolutional encoder, some dozen functions of about one length at a time."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from numpy.typing import NDArray

from tidemill.core.errors import ExpertError
from tidemill.experts.package import ExpertPackage
from tidemill.models.batch import batches
from tidemill.models.convolution import Convolution, convolution_config
from tidemill.models.lexemes import FIRST_ID, code_lexemes, lexeme_ids, padded
from tidemill.serving.embedder import CodeText, own_names
from tidemill.serving.lexicons import ngram_space
from tidemill.serving.skeletons import skeleton_for
from tidemill.serving.weights import weights_of

__all__ = ["ConvolutionEmbedder"]


class ConvolutionEmbedder:
    """A convolutional encoder, loaded.

    Args:
        package: Its package.

    Raises:
        ExpertError: Its config, tokens and tensors do not fit.
    """

    def __init__(self, package: ExpertPackage) -> None:
        self._space = ngram_space(package)
        self._config = config = convolution_config(package.config)
        if config.vocab_size != len(self._space) + FIRST_ID:
            raise ExpertError(
                f"{package.folder}: {len(self._space):,} tokens and a table of"
                f" {config.vocab_size:,} rows"
            )
        weights = weights_of(package)
        self._skeleton = skeleton_for(package, weights, partial(Convolution, config))
        self._filling = self._skeleton.filling(weights)
        self._hash = package.expert_hash

    @property
    def expert_hash(self) -> str:
        """Names what it computes."""
        return self._hash

    @property
    def size(self) -> int:
        """Width of its vectors."""
        return self._config.vector_size

    @property
    def bytes_held(self) -> int:
        """Bytes of memory that are this expert's own."""
        return self._filling.bytes_held

    def close(self) -> None:
        """Let go of the weights."""
        self._skeleton.forget(self._filling)

    def code(self, texts: Sequence[CodeText]) -> Float[ndarray, "texts vector"]:
        """Return the vectors of functions; those without a token get zeros."""
        rows = [self._ids(text) for text in texts]
        vectors = np.zeros((len(rows), self.size), dtype=np.float32)
        with torch.inference_mode(), self._skeleton.holding(self._filling) as network:
            for places in batches([len(row) for row in rows]):
                chosen = [place for place in places if len(rows[place])]
                if chosen:
                    ids = torch.from_numpy(padded([rows[place] for place in chosen]))
                    vectors[chosen] = network(ids).numpy()
        return vectors

    def queries(self, texts: Sequence[str]) -> Float[ndarray, "texts vector"]:  # noqa: ARG002
        """Refuse: it reads code alone.

        Raises:
            ExpertError: Always.
        """
        raise ExpertError("this expert reads code alone, no queries")

    def _ids(self, text: CodeText) -> NDArray[np.int64]:
        lexemes = code_lexemes(text.text, text.language, own_names(text))
        return lexeme_ids(lexemes, self._space)[: self._config.max_tokens]
