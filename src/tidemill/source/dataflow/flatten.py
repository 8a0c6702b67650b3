"""A syntax tree as flat arrays in preorder.

One cursor walk replaces all later questions to the binding: the nodes below ``i`` are
the contiguous range ``i + 1 .. end[i]``, so every "what is under this node" is a slice.
Unnamed tokens and skipped kinds (comments, types) never enter the arrays.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tidemill.source.dataflow.kernel import columns_of, library

if TYPE_CHECKING:
    from array import array

    import tree_sitter

__all__ = ["FlatTree", "KeptKinds", "flatten", "flatten_in_python", "native_flatten"]


class KeptKinds(Protocol):
    """Which nodes of a tree enter the arrays; a compiled grammar is one."""

    @property
    def keep(self) -> "array[int]":
        """Per kind id, whether its nodes are kept (1), left out (0), or are damage (2)."""
        ...

    @property
    def error(self) -> int:
        """The id under which damaged regions appear."""
        ...


Flatten = Callable[["tree_sitter.Node", bytes, KeptKinds], "FlatTree | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatTree:
    """Parallel arrays, one entry a kept node, in preorder.

    Attributes:
        kinds: Kind ids.
        starts: First byte of each node.
        stops: Byte after the last of each node.
        fields: Field id under which the node hangs in its parent, 0 if none.
        end: Index after the last node of each subtree.
        text: The parsed bytes.
        heredocs: Where the text of a heredoc is, for the words that stand for one; filled
            by the first that asks.
    """

    kinds: list[int]
    starts: list[int]
    stops: list[int]
    fields: list[int]
    end: list[int]
    text: bytes
    heredocs: dict[int, int] = field(default_factory=dict)


def native_flatten() -> "Flatten | None":
    """Return the native kernel as a function, where it is built and switched on."""
    return None if library() is None else _flatten_natively


def _flatten_natively(root: "tree_sitter.Node", text: bytes, grammar: KeptKinds) -> FlatTree | None:
    columns = columns_of(root, grammar.keep, grammar.error)
    if columns is None:
        return None
    kinds, starts, stops, fields, end = columns
    return FlatTree(kinds=kinds, starts=starts, stops=stops, fields=fields, end=end, text=text)


def flatten(root: "tree_sitter.Node", text: bytes, grammar: KeptKinds) -> FlatTree:
    """Flatten the subtree of ``root``, with the native kernel where there is one."""
    kernel = native_flatten()
    if kernel is not None:
        flat = kernel(root, text, grammar)
        if flat is not None:
            return flat
    return flatten_in_python(root, text, grammar)


def flatten_in_python(root: "tree_sitter.Node", text: bytes, grammar: KeptKinds) -> FlatTree:
    """Flatten the subtree of ``root`` with the binding's cursor; no depth is too deep."""
    kinds: list[int] = []
    starts: list[int] = []
    stops: list[int] = []
    fields: list[int] = []
    end: list[int] = []
    open_nodes: list[int] = []
    keep, error = grammar.keep, grammar.error
    cursor = root.walk()
    down, sideways, up = cursor.goto_first_child, cursor.goto_next_sibling, cursor.goto_parent
    while True:
        node = cursor.node
        kind = node.kind_id  # type: ignore[union-attr]  # a cursor always stands on a node
        code = keep[kind]
        if code:
            kinds.append(kind if code == 1 else error)
            starts.append(node.start_byte)  # type: ignore[union-attr]  # as above
            stops.append(node.end_byte)  # type: ignore[union-attr]  # as above
            fields.append(cursor.field_id or 0)
            end.append(0)
            if down():
                open_nodes.append(len(kinds) - 1)
                continue
            end[-1] = len(kinds)
        while not sideways():
            if not open_nodes:
                return FlatTree(
                    kinds=kinds, starts=starts, stops=stops, fields=fields, end=end, text=text
                )
            up()
            end[open_nodes.pop()] = len(kinds)
