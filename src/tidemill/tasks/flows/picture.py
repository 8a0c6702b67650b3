"""A flow as a graph over the lines that it goes through, for whoever draws graphs.

The lines of all files stand below one another in the order of the steps, each behind its
place, so that what draws the graph of a function draws this one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tidemill.source.dataflow.graph import DataFlowGraph
from tidemill.tasks.flows.telling import ToldFlow, ToldStep

__all__ = ["FlowPicture", "picture_of"]

GAP = 2
DEFINITION, PATH = 4, 1
COMPUTED = frozenset({"computed from it", "through a call that is not known"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowPicture:
    """A flow, ready to be drawn.

    Attributes:
        text: The lines, UTF-8.
        graph: The steps and what leads from one to the next.
        title: What it is.
    """

    text: bytes = field(repr=False)
    graph: DataFlowGraph
    title: str


def picture_of(flow: ToldFlow) -> FlowPicture:
    """Return a flow as a graph over the lines that it goes through."""
    steps = [*flow.steps, flow.call]
    text, spans = _written(steps)
    order = sorted(set(spans), key=lambda span: (span[0], -span[1]))
    number = {span: place for place, span in enumerate(order)}
    ways: dict[tuple[int, int], int] = {}
    for before, after, step in zip(spans, spans[1:], steps[1:], strict=False):
        if before != after:
            ways[number[after], number[before]] = int(step.why in COMPUTED)
    ends = {spans[0], spans[-1]}
    edges = sorted(ways)
    return FlowPicture(
        text=text,
        graph=DataFlowGraph(
            text=text,
            starts=tuple(start for start, _ in order),
            ends=tuple(end for _, end in order),
            marks=bytes(_kind(text, span) + DEFINITION * (span in ends) for span in order),
            targets=tuple(target for target, _ in edges),
            sources=tuple(source for _, source in edges),
            relations=bytes(ways[edge] for edge in edges),
            free=(),
        ),
        title=f"{flow.kind}: {flow.source} to {flow.sink}",
    )


def _kind(text: bytes, span: tuple[int, int]) -> int:
    return 0 if text[span[0] : span[1]].decode().isidentifier() else PATH


def _written(steps: Sequence[ToldStep]) -> tuple[bytes, list[tuple[int, int]]]:
    """Write the lines of all steps; return them and where each step stands in them."""
    lines: list[bytes] = []
    spans: list[tuple[int, int]] = []
    width = max(len(_place(step).encode()) for step in steps) + GAP
    start, last = 0, ""
    for step in steps:
        place = _place(step)
        if place != last:
            start += len(lines[-1]) if lines else 0
            head = place.encode()
            lines.append(head + b" " * (width - len(head)) + step.source_line.encode() + b"\n")
            last = place
        first, after = _span(step)
        spans.append((start + width + first, start + width + after))
    return b"".join(lines), spans


def _place(step: ToldStep) -> str:
    return f"{step.path}:{step.line}".encode("utf-8", "replace").decode()


def _span(step: ToldStep) -> tuple[int, int]:
    """Return the bytes of a step in its line, as far as they stand in it."""
    line, first = step.source_line, step.column - step.source_column
    after = step.end_column - step.source_column if step.end_line == step.line else len(line)
    return len(line[: max(first, 0)].encode()), len(line[: max(after, first, 0)].encode())
