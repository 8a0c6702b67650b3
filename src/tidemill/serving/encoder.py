"""Asking a graph-guided encoder, a few dozen texts of about one length at a time."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray

from tidemill.experts.package import ExpertPackage
from tidemill.models.batch import batches, collate
from tidemill.models.config import encoder_config
from tidemill.models.encoder import Encoder
from tidemill.models.inputs import NO_FLOW, GraphInput, assembled, flow_of
from tidemill.models.reference import reference_input
from tidemill.models.tokenizer import TokenSpans
from tidemill.serving.embedder import CodeText
from tidemill.serving.lexicons import tokenizer_of
from tidemill.serving.skeletons import skeleton_for
from tidemill.serving.weights import weights_of
from tidemill.source.dataflow.packing import unpack
from tidemill.source.language import LANGUAGES
from tidemill.source.leaves import leaves_of
from tidemill.source.parsing import parse_fragment

__all__ = ["EncoderEmbedder"]

SPECIALS_ALONE = 2
"""Tokens of a text that says nothing: ``[CLS]`` and ``[SEP]``."""


class EncoderEmbedder:
    """A graph-guided encoder, loaded.

    Args:
        package: Its package.

    Raises:
        ExpertError: It has no tokenizer, or config and tensors do not fit.
    """

    def __init__(self, package: ExpertPackage) -> None:
        self._config = encoder_config(package.config)
        weights = weights_of(package)
        self._skeleton = skeleton_for(
            package, weights, partial(Encoder, self._config), Encoder.join_products
        )
        self._filling = self._skeleton.filling(weights)
        self._tokenizer = tokenizer_of(package)
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
        """Return the vectors of functions with their data flow."""
        if self._config.input_mode == "reference":
            return self._vectors([self._reference_input(text) for text in texts])
        tokens = self._tokenizer.encode([text.text.decode("utf-8", "replace") for text in texts])
        pairs = zip(texts, tokens, strict=True)
        return self._vectors([self._input(text, found) for text, found in pairs])

    def queries(self, texts: Sequence[str]) -> Float[ndarray, "texts vector"]:
        """Return the vectors of queries."""
        config = self._config
        tokens = self._tokenizer.encode(texts)
        return self._vectors([assembled(found.ids, NO_FLOW, config=config) for found in tokens])

    def _input(self, text: CodeText, tokens: TokenSpans) -> GraphInput:
        config = self._config
        kept = tokens.first(config.max_tokens)
        flow = flow_of(kept, unpack(text.graph, text.text)) if text.graph else NO_FLOW
        return assembled(kept.ids, flow, config=config)

    def _reference_input(self, text: CodeText) -> GraphInput:
        """Read a function as the published implementation does: leaf by leaf."""
        language = LANGUAGES.get(text.language)
        leaves = leaves_of(parse_fragment(text.text, language)) if language else []
        graph = unpack(text.graph, text.text) if text.graph else None
        return reference_input(leaves, graph, self._tokenizer, self._config)

    def _vectors(self, inputs: Sequence[GraphInput]) -> Float[ndarray, "texts vector"]:
        vectors = np.zeros((len(inputs), self.size), dtype=np.float32)
        with torch.inference_mode(), self._skeleton.holding(self._filling) as encoder:
            for group in batches([len(entry) for entry in inputs]):
                places = [place for place in group if len(inputs[place].ids) > SPECIALS_ALONE]
                if places:
                    batch = collate([inputs[place] for place in places], self._config)
                    vectors[places] = encoder.embed(batch).numpy()
        return vectors
