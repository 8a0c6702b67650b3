"""Flows as people and programs read them: every step with its line and column."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from tidemill.source.lines import LineTable
from tidemill.source.program.flows import Flow, Step
from tidemill.tasks.tracing import TraceReport

__all__ = ["Telling", "ToldFlow", "ToldStep"]

LONGEST_LINE = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldStep:
    """One place on a way.

    Attributes:
        path: The file, from the folder in which the command runs; absolute outside of it.
        line: Its line, from 1.
        column: Its column in characters, from 1.
        end_line: Line of the last byte.
        end_column: Column after it.
        text: What stands there, on one line and cut.
        why: How the value came there from the step before.
        source_line: The first line without its indentation; of a very long one, what stands
            around the place.
        source_column: Column at which that begins.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    text: str
    why: str
    source_line: str
    source_column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldFlow:
    """A way from a source to a sink.

    Attributes:
        kind: The harm.
        source: The pattern of the source, as written.
        origin: What it stands for.
        sink: The pattern of the sink, as written.
        call: The call that is the sink.
        steps: From the source to the argument.
    """

    kind: str
    source: str
    origin: str
    sink: str
    call: ToldStep
    steps: tuple[ToldStep, ...]


class Telling:
    """Tells the flows of a report.

    Args:
        report: What was found.
        most_steps: Flows of more steps are left out; 0: none is.
    """

    def __init__(self, report: TraceReport, *, most_steps: int = 0) -> None:
        self.report = report
        self._places: dict[tuple[str, int, int], ToldStep] = {}
        self._kept = [
            flow for flow in report.flows if not most_steps or len(flow.steps) <= most_steps
        ]

    @property
    def longer(self) -> int:
        """How many flows are left out for their length."""
        return len(self.report.flows) - len(self._kept)

    @cached_property
    def flows(self) -> tuple[ToldFlow, ...]:
        """The flows that are told, in the report's order."""
        return tuple(map(self._flow, self._kept))

    @cached_property
    def _tables(self) -> Mapping[str, LineTable]:
        return {path: LineTable(text) for path, text in self.report.texts.items()}

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        report = self.report
        return {
            "root": report.root,
            "files": report.files,
            "flows": self.flows,
            "longer": self.longer,
            "sources": report.sources,
            "sinks": report.sinks,
            "resolution": report.resolution,
            "problems": report.problems,
            "cut": report.cut,
        }

    def path(self, path: str) -> str:
        """Return a file of the program as it is told."""
        whole = self.report.root / path
        shown = os.path.relpath(whole)
        return str(whole) if shown.startswith(os.pardir) else shown

    def _flow(self, flow: Flow) -> ToldFlow:
        return ToldFlow(
            kind=flow.kind,
            source=flow.source,
            origin=flow.origin,
            sink=flow.sink,
            call=self._step(flow.call),
            steps=tuple(map(self._step, flow.steps)),
        )

    def _step(self, step: Step) -> ToldStep:
        place = self._place(step.path, step.start, step.end)
        return replace(place, text=step.text, why=step.why)

    def _place(self, path: str, start: int, end: int) -> ToldStep:
        """Return a step that says nothing yet but where it is; many flows share it."""
        known = self._places.get((path, start, end))
        if known is not None:
            return known
        table = self._tables[path]
        first, last = table.position(start), table.position(end)
        line = table.text(first.line).decode("utf-8", "replace")
        begin = len(line) - len(line.lstrip())
        if first.column > LONGEST_LINE:
            begin = first.column - 1 - LONGEST_LINE // 4
        found = self._places[path, start, end] = ToldStep(
            path=self.path(path),
            line=first.line,
            column=first.column,
            end_line=last.line,
            end_column=last.column,
            text="",
            why="",
            source_line=line[begin : begin + LONGEST_LINE].rstrip(),
            source_column=begin + 1,
        )
        return found
