"""A data-flow graph unpacked for those who show it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tidemill.source.dataflow.graph import DataFlowGraph, Edge, EdgeKind, Node

__all__ = ["FlowView", "view_of"]

CLAUSES: tuple[tuple[EdgeKind, str], ...] = (
    ("comes_from", "comes from"),
    ("computed_from", "is computed from"),
)

NAMED = 20
"""Sources that a sentence names; a table in the code has thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowView:
    """Nodes and edges in full, each node's sources looked up once.

    Attributes:
        nodes: The occurrences, in text order.
        edges: Where each value comes from, ordered by target.
        free: Names used here and bound elsewhere.
        sources: Source nodes by target node and kind of edge.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    free: frozenset[str]
    sources: Mapping[tuple[int, EdgeKind], Sequence[int]]

    def is_part(self, part: int, whole: int) -> bool:
        """Say whether one occurrence stands inside another, as ``self`` in ``self.x``."""
        inner, outer = self.nodes[part], self.nodes[whole]
        return part != whole and outer.start <= inner.start and inner.end <= outer.end

    def sentence(self, node: int, line: Callable[[int], int]) -> str:
        """Say in one sentence where a node's value comes from.

        Args:
            node: Index of the node.
            line: Turns a byte offset into a line number.
        """
        here = self._named(node, line)
        clauses = [
            f"{words} {self._list(sources, line)}"
            for kind, words in CLAUSES
            if (sources := self.sources.get((node, kind), ()))
        ]
        if clauses:
            return f"{here} {' and '.join(clauses)}"
        return f"{here} is defined here" if self.nodes[node].role == "definition" else here

    def link(self, edge: Edge, line: Callable[[int], int]) -> str:
        """Say in one sentence what one edge means; ``line`` is as in `sentence`."""
        words = dict(CLAUSES)[edge.kind]
        return f"{self._named(edge.target, line)} {words} {self._named(edge.source, line)}"

    def _list(self, sources: Sequence[int], line: Callable[[int], int]) -> str:
        named = ", ".join(self._named(source, line) for source in sources[:NAMED])
        return named + (f" and {len(sources) - NAMED} more" if len(sources) > NAMED else "")

    def _named(self, node: int, line: Callable[[int], int]) -> str:
        return f"{self.nodes[node].name} (line {line(self.nodes[node].start)})"


def view_of(graph: DataFlowGraph) -> FlowView:
    """Unpack a graph."""
    sources: dict[tuple[int, EdgeKind], list[int]] = {}
    edges = graph.edges
    for edge in edges:
        sources.setdefault((edge.target, edge.kind), []).append(edge.source)
    return FlowView(nodes=graph.nodes, edges=edges, free=frozenset(graph.free), sources=sources)
