"""Names nodes as the golden cases do, and shows how two edge sets differ."""

from collections import Counter
from collections.abc import Iterable

from tests.source.dataflow.golden_format import GoldenEdge, Mention
from tidemill.source.dataflow.graph import DataFlowGraph

__all__ = ["difference", "labelled_edges"]


def labelled_edges(graph: DataFlowGraph) -> frozenset[GoldenEdge]:
    """Return the graph's edges between ``NAME#k`` mentions."""
    counts: Counter[str] = Counter()
    mentions: list[Mention] = []
    for node in graph.nodes:
        counts[node.name] += 1
        mentions.append(Mention(name=node.name, ordinal=counts[node.name]))
    return frozenset(
        GoldenEdge(target=mentions[edge.target], source=mentions[edge.source], kind=edge.kind)
        for edge in graph.edges
    )


def difference(expected: Iterable[GoldenEdge], found: Iterable[GoldenEdge]) -> str:
    """Describe missing (``-``) and surplus (``+``) edges, one a line."""
    wanted, got = set(expected), set(found)
    lines = [f"- {edge}" for edge in sorted(wanted - got)]
    lines += [f"+ {edge}" for edge in sorted(got - wanted)]
    return "\n".join(lines)
