"""One graph for a whole text: what is trained on is a function cut out, or a small program."""

from tidemill.core.errors import InputError, ParseTimeoutError
from tidemill.source.dataflow.extractor import Extractor
from tidemill.source.dataflow.graph import DataFlowGraph
from tidemill.source.parsing import parse_fragment
from tidemill.source.tables import Language
from tidemill.source.units import units_of

__all__ = ["merged", "text_graph"]


def text_graph(text: bytes, language: Language, *, seconds: float = 2.0) -> DataFlowGraph | None:
    """Return the data flow of all units of a text in one graph.

    Args:
        text: A function, a method, or a program of several.
        language: Its language.
        seconds: Longest time for the parse.

    Returns:
        The graph, or None where there is none: the parse took too long or the graph
        would be too large.
    """
    try:
        tree = parse_fragment(text, language, seconds=seconds)
        units = units_of(tree)
        extractor = Extractor(tree, units)
        return merged([extractor.graph(unit) for unit in units], text)
    except (ParseTimeoutError, InputError):
        return None


def merged(graphs: list[DataFlowGraph], text: bytes) -> DataFlowGraph:
    """Return one graph with the nodes of several, in order of the text.

    A node that several have (a nested function reads its owner's variable) is one node.

    Args:
        graphs: With spans into the same text.
        text: That text.
    """
    nodes = sorted(
        {
            (start, end, mark)
            for graph in graphs
            for start, end, mark in zip(graph.starts, graph.ends, graph.marks, strict=True)
        }
    )
    place = {node: number for number, node in enumerate(nodes)}
    edges: set[tuple[int, int, int]] = set()
    for graph in graphs:
        own = [place[node] for node in zip(graph.starts, graph.ends, graph.marks, strict=True)]
        columns = zip(graph.targets, graph.sources, graph.relations, strict=True)
        edges.update((own[target], own[source], kind) for target, source, kind in columns)
    ordered = sorted(edges)
    return DataFlowGraph(
        text=text,
        starts=tuple(node[0] for node in nodes),
        ends=tuple(node[1] for node in nodes),
        marks=bytes(node[2] for node in nodes),
        targets=tuple(edge[0] for edge in ordered),
        sources=tuple(edge[1] for edge in ordered),
        relations=bytes(edge[2] for edge in ordered),
        free=tuple(sorted({name for graph in graphs for name in graph.free})),
    )
