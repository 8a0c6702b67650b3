"""Data flow for a terminal: code with the sources of its values beside it."""

from collections.abc import Callable, Iterator

from tidemill.source.dataflow.graph import DataFlowGraph, EdgeKind
from tidemill.source.dataflow.rendering.excerpt import excerpt_of
from tidemill.source.dataflow.rendering.view import FlowView, view_of
from tidemill.source.lines import LineTable

__all__ = ["list_flow"]

ARROWS: tuple[tuple[EdgeKind, str], ...] = (
    ("comes_from", "\N{LEFTWARDS ARROW}"),
    ("computed_from", "\N{LEFTWARDS DOUBLE ARROW}"),
)
BAR = "\N{BOX DRAWINGS LIGHT VERTICAL}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
UNKNOWN = "\N{REPLACEMENT CHARACTER}"
CODE_COLUMNS = 64
LITERAL_COLUMNS = 24


def list_flow(graph: DataFlowGraph, data: bytes, *, span: tuple[int, int]) -> Iterator[str]:
    """Yield the unit's code, line by line, with where its values come from beside it.

    A value of the same name is written as ``:line``, another from the same line by
    its name, any other as ``name:line``; ``←`` says that it comes unchanged, ``⇐``
    that it is computed.

    Args:
        graph: The graph of one unit.
        data: The text of the whole file, UTF-8.
        span: First byte of the unit and the byte after its last one.
    """
    table, view = LineTable(data), view_of(graph)
    remarks: dict[int, list[str]] = {}
    for index, node in enumerate(view.nodes):
        remark = _remark(view, index, table.line)
        if remark:
            remarks.setdefault(table.line(node.start), []).append(remark)
    rows = excerpt_of(data, *span).rows
    digits = len(str(rows[-1].number))
    columns = min(max(len(row.text) for row in rows), CODE_COLUMNS)
    for row in rows:
        head = f"{row.number:>{digits}} {BAR} {row.text}"
        beside = "   ".join(dict.fromkeys(remarks.get(row.number, ())))
        yield f"{head:<{digits + 3 + columns}}  {beside}".rstrip()


def _remark(view: FlowView, node: int, line: Callable[[int], int]) -> str:
    """Return ``x ← :3 ⇐ b``, or nothing where no value comes from outside the node."""
    parts = []
    for kind, arrow in ARROWS:
        names = [
            _short(view, source, node, line)
            for source in view.sources.get((node, kind), ())
            if not view.is_part(source, node)
        ]
        if names:
            parts.append(f"{arrow} {', '.join(dict.fromkeys(names))}")
    return f"{_cut(view.nodes[node].name)} {' '.join(parts)}" if parts else ""


def _short(view: FlowView, source: int, target: int, line: Callable[[int], int]) -> str:
    """Return ``name:line`` without what the target's own name and line already say."""
    name, place = view.nodes[source].name, line(view.nodes[source].start)
    if name == view.nodes[target].name:
        return f":{place}"
    return _cut(name) if place == line(view.nodes[target].start) else f"{_cut(name)}:{place}"


def _cut(name: str) -> str:
    """Return a name on one line, cut where it would crowd out the others."""
    flat = "".join(sign if sign.isprintable() else UNKNOWN for sign in " ".join(name.split()))
    return flat if len(flat) <= LITERAL_COLUMNS else flat[: LITERAL_COLUMNS - 1] + ELLIPSIS
