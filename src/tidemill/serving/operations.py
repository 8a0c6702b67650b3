"""What experts can be asked, and how one is opened: the seam to every architecture."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any, Final, Protocol

from tidemill.core.errors import ExpertError, MissingExtraError
from tidemill.experts.package import ExpertPackage
from tidemill.models.typed.scope import TYPES_ARCHITECTURE
from tidemill.serving.embedder import CodeText, check_shapes, open_embedder
from tidemill.serving.router import RouterExpert
from tidemill.source.dataflow.merging import text_graph
from tidemill.source.dataflow.packing import pack
from tidemill.source.language import LANGUAGES

__all__ = ["OPERATIONS", "Runnable", "asked", "length_of", "open_runnable"]

OPERATIONS: Final = ("code", "queries", "route", "types")
"""Vectors of functions, vectors of queries, who should answer a text, and types of files."""

TYPES_HOME: Final = "tidemill.serving.types"
"""Named as a string, for it loads torch."""

ROUTER: Final = "router"
"""The architecture of routing experts."""


class Runnable(Protocol):
    """An expert that is ready to be asked; it has a method for each operation that it knows.

    Methods take a sequence of items and return one value an item. An answer depends on the weights
    and the items alone: whatever else an expert needs while it computes belongs to the request
    and ends with it, so that any call may be made again elsewhere.
    """

    @property
    def bytes_held(self) -> int:
        """Bytes of memory that are this expert's own."""
        ...

    def close(self) -> None:
        """Let go of the weights."""
        ...


def open_runnable(
    package: ExpertPackage, architectures: Mapping[str, str] | None = None
) -> Runnable:
    """Make an expert ready.

    Args:
        package: With the bytes of its weights at hand.
        architectures: Where further kinds live, as ``module:name`` by architecture.

    Raises:
        ExpertError: Nobody knows its architecture, or its parts do not fit.
    """
    if package.manifest.architecture == ROUTER:
        return RouterExpert(package)
    if package.manifest.architecture == TYPES_ARCHITECTURE:
        return _type_expert(package)
    return open_embedder(package, architectures)


def _type_expert(package: ExpertPackage) -> Runnable:
    """Load an expert on types, and torch with it.

    Raises:
        ExpertError: Its parts do not fit.
        MissingExtraError: It needs torch, which is not installed.
    """
    check_shapes(package)
    try:
        home = import_module(TYPES_HOME)
    except ImportError as error:
        raise MissingExtraError(f"asking {package.name}", extra="experts") from error
    opened: Runnable = home.TypeExpert(package)
    return opened


def asked(runnable: Runnable, operation: str, items: Sequence[Any]) -> list[Any]:
    """Ask an expert.

    Args:
        runnable: Ready.
        operation: One of `OPERATIONS`.
        items: What it is asked about.

    Returns:
        One value an item.

    Raises:
        ExpertError: It has no such operation.
    """
    method = getattr(runnable, operation, None) if operation in OPERATIONS else None
    if method is None:
        raise ExpertError(f"this expert has no operation {operation!r}")
    return list(method([_looked_at(item) for item in items]))


def _looked_at(item: Any) -> Any:
    """Return an item; a function whose data flow nobody has looked for gets it here.

    In the worker, that is, where a text that a parser dies of costs its own request alone.
    """
    if not isinstance(item, CodeText) or item.graph is not None:
        return item
    language = LANGUAGES.get(item.language)
    graph = text_graph(item.text, language) if language else None
    return replace(item, graph=pack(graph) if graph else b"")


def length_of(item: object) -> int:
    """Return about how many bytes an item has, by which items of one length are put together."""
    match item:
        case CodeText():
            return len(item.text)
        case str() | bytes():
            return len(item)
        case _ if hasattr(item, "text"):
            return len(item.text)
        case _:
            return 1
