"""Asking an expert for vectors: the seam between tasks and models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from jaxtyping import Float
from numpy import ndarray

from tidemill.core.errors import ExpertError, MissingExtraError
from tidemill.experts.package import ExpertPackage
from tidemill.models.shapes import MODEL_TYPES, tensor_shapes
from tidemill.source.dataflow.packing import unpack

__all__ = [
    "CodeText",
    "Embedder",
    "OpenedEmbedder",
    "check_shapes",
    "open_embedder",
    "own_names",
    "vector_size",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeText:
    """A function as the store has it.

    Attributes:
        text: UTF-8.
        language: Name of its language.
        graph: Its packed data flow; empty where there is none, None where nobody has looked.
    """

    text: bytes
    language: str
    graph: bytes | None = b""


def own_names(text: CodeText) -> frozenset[bytes]:
    """Return the variables of a function, by its data flow."""
    return unpack(text.graph, text.text).own_names if text.graph else frozenset[bytes]()


class Embedder(Protocol):
    """An expert that turns texts into vectors of length 1."""

    @property
    def expert_hash(self) -> str:
        """Names what it computes: vectors of different hashes are not compared."""
        ...

    @property
    def size(self) -> int:
        """Width of its vectors."""
        ...

    def code(self, texts: Sequence[CodeText]) -> Float[ndarray, "texts vector"]:
        """Return the vectors of functions.

        Args:
            texts: In any order and of any length; those that say nothing get zeros.
        """
        ...

    def queries(self, texts: Sequence[str]) -> Float[ndarray, "texts vector"]:
        """Return the vectors of queries."""
        ...


class OpenedEmbedder(Embedder, Protocol):
    """An embedder whose weights are held until it is closed."""

    @property
    def bytes_held(self) -> int:
        """Bytes of memory that are this expert's own; views of what was loaded do not count."""
        ...

    def close(self) -> None:
        """Let go of the weights; nothing is asked afterwards."""
        ...


def vector_size(package: ExpertPackage) -> int:
    """Return the width of an expert's vectors.

    Args:
        package: The expert; its weights need not be at hand.

    Raises:
        ExpertError: Its config says no such thing.
    """
    config = package.config
    size = config.get("vector_size") or config.get("projection_size") or config.get("hidden_size")
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ExpertError(f"{package.folder}: config.json names no size of vectors")
    return size


_HOMES = {
    "static": "tidemill.serving.static:StaticEmbedder",
    "bag": "tidemill.serving.bag:BagEmbedder",
    "convolution": "tidemill.serving.convolution:ConvolutionEmbedder",
    "encoder": "tidemill.serving.encoder:EncoderEmbedder",
}
"""Named as strings: maps of n-grams and bags of tokens are asked without loading torch."""


def open_embedder(
    package: ExpertPackage, architectures: Mapping[str, str] | None = None
) -> OpenedEmbedder:
    """Load an expert so that it can be asked.

    Args:
        package: With the bytes of its weights at hand.
        architectures: Where further kinds live, as ``module:name`` by architecture; their
            tensors are theirs to check.

    Raises:
        ExpertError: It gives no vectors, or its config and tensors do not fit.
        MissingExtraError: It needs torch, which is not installed.
    """
    architecture = package.manifest.architecture
    homes = {**(architectures or {}), **_HOMES}
    if architecture not in homes:
        raise ExpertError(
            f"{package.name}: an expert of architecture {architecture} gives no vectors"
        )
    if architecture in _HOMES:
        check_shapes(package)
    module, _, name = homes[architecture].partition(":")
    try:
        make: Callable[[ExpertPackage], OpenedEmbedder] = getattr(import_module(module), name)
    except ImportError as error:
        raise MissingExtraError(f"the expert {package.name}", extra="experts") from error
    return make(package)


def check_shapes(package: ExpertPackage) -> None:
    """Compare the tensors with the config, before anything as large as it says is made.

    Args:
        package: The expert.

    Raises:
        ExpertError: They do not fit.
    """
    kind = package.config.get("model_type")
    if kind not in MODEL_TYPES:
        raise ExpertError(f"{package.folder}: config.json: model_type is {kind!r}")
    shapes = {name: tuple(part.shape) for name, part in package.tensors.items()}
    if shapes != tensor_shapes(package.config):
        raise ExpertError(f"{package.folder}: config.json and the tensors do not fit")
