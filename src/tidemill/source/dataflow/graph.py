"""The data-flow graph: occurrences of variables, and where their values come from."""

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["DataFlowGraph", "Edge", "EdgeKind", "Node", "NodeKind", "NodeRole"]

NodeKind = Literal["variable", "path", "literal"]
NodeRole = Literal["use", "definition"]
EdgeKind = Literal["comes_from", "computed_from"]

_NODE_KINDS: tuple[NodeKind, ...] = ("variable", "path", "literal")
_EDGE_KINDS: tuple[EdgeKind, ...] = ("comes_from", "computed_from")
_KIND_MASK, _PATH, _LITERAL, _DEFINITION = 3, 1, 2, 4
_LITERAL_NAME_BYTES = 40


def _name(text: bytes, mark: int) -> str:
    if mark & _KIND_MASK == _PATH:
        text = b"".join(text.split())
    elif mark & _KIND_MASK == _LITERAL:
        text = text[:_LITERAL_NAME_BYTES]
    return text.decode("utf-8", "ignore")


@dataclass(frozen=True, slots=True)
class Node:
    """One occurrence of a variable, of a path (``self.x``, ``d[k]``) or of a literal.

    Attributes:
        name: The variable's name; a path's text without white space; a literal's text.
        start: First byte in the text.
        end: Byte after the last.
        kind: What occurs.
        role: Whether it is defined here (an augmented assignment is a definition).
    """

    name: str
    start: int
    end: int
    kind: NodeKind
    role: NodeRole


@dataclass(frozen=True, slots=True)
class Edge:
    """``target`` gets its value from ``source`` (both are positions in ``nodes``).

    Attributes:
        target: The occurrence whose value is explained.
        source: Where it comes from.
        kind: ``comes_from`` if the value is passed on unchanged, ``computed_from`` if
            an operation lies between.
    """

    target: int
    source: int
    kind: EdgeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFlowGraph:
    """The graph of one unit, in columns; :attr:`nodes` and :attr:`edges` are views.

    Attributes:
        text: What the spans point into.
        starts: First byte of each node, ascending.
        ends: Byte after the last of each node.
        marks: Kind (0 variable, 1 path, 2 literal) plus 4 for a definition.
        targets: Target node of each edge, ascending.
        sources: Source node of each edge.
        relations: 0 for ``comes_from``, 1 for ``computed_from``.
        free: Names used here and bound elsewhere, sorted.
    """

    text: bytes = field(repr=False)
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    marks: bytes
    targets: tuple[int, ...]
    sources: tuple[int, ...]
    relations: bytes
    free: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Node names; not stored, since a name is the text of its span."""
        columns = zip(self.starts, self.ends, self.marks, strict=True)
        return tuple(_name(self.text[start:end], mark) for start, end, mark in columns)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The occurrences, in text order."""
        columns = zip(self.names, self.starts, self.ends, self.marks, strict=True)
        return tuple(
            Node(
                name,
                start,
                end,
                _NODE_KINDS[mark & _KIND_MASK],
                "definition" if mark & _DEFINITION else "use",
            )
            for name, start, end, mark in columns
        )

    @property
    def edges(self) -> tuple[Edge, ...]:
        """Where each value comes from, ordered by target."""
        columns = zip(self.targets, self.sources, self.relations, strict=True)
        return tuple(Edge(target, source, _EDGE_KINDS[kind]) for target, source, kind in columns)

    @property
    def own_names(self) -> frozenset[bytes]:
        """The names of variables that are bound here: renaming them changes nothing."""
        free = {name.encode() for name in self.free}
        columns = zip(self.starts, self.ends, self.marks, strict=True)
        names = {self.text[start:end] for start, end, mark in columns if not mark & _KIND_MASK}
        return frozenset(names - free)

    def without_literals(self) -> "DataFlowGraph":
        """Return the view that has variables and paths only."""
        keep = [place for place, mark in enumerate(self.marks) if mark & _KIND_MASK != _LITERAL]
        number = {old: new for new, old in enumerate(keep)}
        edges = [
            (number[target], number[source], kind)
            for target, source, kind in zip(self.targets, self.sources, self.relations, strict=True)
            if target in number and source in number
        ]
        return DataFlowGraph(
            text=self.text,
            starts=tuple(self.starts[place] for place in keep),
            ends=tuple(self.ends[place] for place in keep),
            marks=bytes(self.marks[place] for place in keep),
            targets=tuple(edge[0] for edge in edges),
            sources=tuple(edge[1] for edge in edges),
            relations=bytes(edge[2] for edge in edges),
            free=self.free,
        )
