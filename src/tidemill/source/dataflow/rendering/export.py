"""Data-flow graphs for other programs: plain JSON values and Graphviz DOT."""

from collections.abc import Iterator

from tidemill.source.dataflow.graph import DataFlowGraph
from tidemill.source.lines import LineTable

__all__ = ["to_dot", "to_json"]

SHAPES = {"variable": "box", "path": "box", "literal": "plaintext"}
LINES = {"comes_from": "solid", "computed_from": "dashed"}


def to_json(graph: DataFlowGraph, data: bytes) -> dict[str, object]:
    """Return the graph as JSON-ready values.

    Args:
        graph: The graph of one unit.
        data: The text of the whole file, UTF-8; offsets become lines and columns by it.

    Returns:
        ``nodes`` (name, kind, role, byte span, line and column counted from 1),
        ``edges`` (indices into nodes and the kind; ``target`` gets its value from
        ``source``) and the ``free`` names.
    """
    table = LineTable(data)
    nodes = []
    for node in graph.nodes:
        place = table.position(node.start)
        facts = {"name": node.name, "kind": node.kind, "role": node.role}
        span = {"start": node.start, "end": node.end}
        nodes.append(facts | span | {"line": place.line, "column": place.column})
    edges = [
        {"target": edge.target, "source": edge.source, "kind": edge.kind} for edge in graph.edges
    ]
    return {"nodes": nodes, "edges": edges, "free": sorted(graph.free)}


def to_dot(graph: DataFlowGraph, data: bytes, *, title: str) -> str:
    """Return the graph in Graphviz's language, values flowing from top to bottom.

    Args:
        graph: The graph of one unit.
        data: The text of the whole file, UTF-8.
        title: Name of the drawing.
    """
    return "\n".join(_dot_lines(graph, LineTable(data), title)) + "\n"


def _dot_lines(graph: DataFlowGraph, table: LineTable, title: str) -> Iterator[str]:
    yield f"digraph {_quoted(title)} {{"
    yield '  node [fontname="monospace" style="rounded" height=0.3];'
    for index, node in enumerate(graph.nodes):
        label = _quoted(f"{node.name}:{table.line(node.start)}")
        style = ' style="rounded,filled" fillcolor="#d7e8f5"' if node.role == "definition" else ""
        yield f"  n{index} [label={label} shape={SHAPES[node.kind]}{style}];"
    for edge in graph.edges:
        yield f"  n{edge.source} -> n{edge.target} [style={LINES[edge.kind]}];"
    yield "}"


def _quoted(words: str) -> str:
    """Return a DOT string: only quotes, backslashes and ends of lines need care."""
    safe = words.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "")
    safe = safe.replace("\n", "\\n").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return f'"{safe}"'
