"""The seam between tasks and experts: where they are found, and what asks them for vectors."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from tidemill.experts.package import ExpertPackage
from tidemill.serving.embedder import CodeText, Embedder, vector_size

__all__ = ["ExpertSource", "HostedEmbedder"]

Ask = Callable[[ExpertPackage, str, Sequence[Any]], list[Any]]


class ExpertSource(Protocol):
    """Whoever has experts: this process, or a node."""

    def find(self, name: str) -> ExpertPackage:
        """Return an expert as the registry has it now.

        Raises:
            ExpertError: There is none, or something is wrong with it.
            StoreError: It cannot be read.
        """
        ...

    def embedder(self, package: ExpertPackage) -> Embedder:
        """Make an expert ready, and return what asks it for vectors.

        Args:
            package: From `find`.

        Raises:
            ExpertError: Its parts do not fit, or it gives no vectors.
            CapacityError: It does not fit into a tier.
            MissingExtraError: It needs torch, which is not installed.
        """
        ...


class HostedEmbedder:
    """An expert that is asked through whoever has it; see `Embedder`.

    Args:
        ask: Asks it.
        package: What it is.
    """

    def __init__(self, ask: Ask, package: ExpertPackage) -> None:
        self._ask = ask
        self._package = package

    @property
    def expert_hash(self) -> str:
        """Names what it computes."""
        return self._package.expert_hash

    @property
    def size(self) -> int:
        """Width of its vectors."""
        return vector_size(self._package)

    def code(self, texts: Sequence[CodeText]) -> Float[ndarray, "texts vector"]:
        """Return the vectors of functions."""
        return self._stacked(self._ask(self._package, "code", texts))

    def queries(self, texts: Sequence[str]) -> Float[ndarray, "texts vector"]:
        """Return the vectors of queries."""
        return self._stacked(self._ask(self._package, "queries", texts))

    def _stacked(self, rows: list[Any]) -> Float[ndarray, "texts vector"]:
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.size)
