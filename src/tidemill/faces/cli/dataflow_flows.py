"""The half of ``tidemill dataflow`` that looks for flows through whole programs."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tidemill import __version__
from tidemill.core.errors import SettingError
from tidemill.core.files import write_output
from tidemill.faces.cli.options import named_path, settings_from
from tidemill.faces.cli.output import (
    Ink,
    columns,
    counted,
    ink_for,
    json_text,
    plain,
    printable,
    write,
    write_error,
)
from tidemill.source.dataflow.rendering.drawing import draw
from tidemill.source.dataflow.rendering.export import to_dot
from tidemill.source.program.catalogue import SHORT_NAMES, TITLES
from tidemill.tasks.flows.choosing import PatternFile, chosen, known_sets, read_pattern_file
from tidemill.tasks.flows.given import placed, read_given_types
from tidemill.tasks.flows.picture import picture_of
from tidemill.tasks.flows.sarif import flows_as_sarif
from tidemill.tasks.flows.telling import Telling, ToldFlow, ToldStep
from tidemill.tasks.tracing import TraceOptions, root_of, trace

__all__ = ["FlowForm", "FlowRequest", "flow_lines", "look_for_flows", "pattern_lines"]

FlowForm = Literal["text", "json", "dot", "svg"]

PUBLIC_FILE = 0o644
PROBLEMS_SHOWN = 10
WIDEST, BEFORE = 64, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRequest:
    """What somebody wants to know of the flows of a program.

    Attributes:
        paths: Files and folders.
        sources: Words of ``--from``.
        sinks: Words of ``--to``.
        sanitizers: Patterns.
        patterns: A file of patterns.
        types: A file of types.
        confidence: The least confidence of a type.
        through_unknown: Whether unknown calls let data through.
        most_steps: The longest flow told; 0: any.
        finding: Which flow is drawn, from 1.
        sarif: Where to write SARIF.
    """

    paths: Sequence[str]
    sources: Sequence[str] = ()
    sinks: Sequence[str] = ()
    sanitizers: Sequence[str] = ()
    patterns: Path | None = None
    types: Path | None = None
    confidence: float = 0.0
    through_unknown: bool = True
    most_steps: int = 0
    finding: int = 1
    sarif: Path | None = field(default=None)

    @property
    def is_one(self) -> bool:
        """Whether something was said that only a search for flows needs."""
        return bool(self.sources or self.sinks or self.patterns or self.types or self.sarif)


def look_for_flows(request: FlowRequest, form: FlowForm, output: Path | None) -> bool:
    """Look for flows and tell them; return whether there are any.

    Raises:
        InputError: A path, a file of patterns or one of types cannot be used.
        SettingError: A word is no pattern, or there is no such finding to draw.
    """
    telling = _found(request)
    _tell(telling, form, output, finding=request.finding)
    if request.sarif is not None:
        _write(json_text(flows_as_sarif(telling, version=__version__)), request.sarif)
    _remark(telling)
    return bool(telling.flows)


def pattern_lines(path: Path | None, *, as_json: bool) -> Iterator[str]:
    """Yield the sets of patterns that there are, with those of a file.

    Raises:
        InputError: The file cannot be used.
    """
    sets = known_sets(_own(path))
    if as_json:
        yield json_text(sets)
        return
    short = {full: name for name, full in SHORT_NAMES.items()}
    for role, option in (("sources", "--from"), ("sinks", "--to")):
        for name, texts in sets[role].items():
            also = f" ({printable(name)})" if name in short else ""
            yield f"{option} {printable(short.get(name, name))}{also}"
            yield from (f"  {printable(text)}" for text in texts)


def flow_lines(telling: Telling, ink: Ink) -> list[str]:
    """Return the flows as a table: step by step with its line, then what it comes to.

    Args:
        telling: The flows.
        ink: How to emphasise.
    """
    lines: list[str] = []
    for number, flow in enumerate(telling.flows, 1):
        title = TITLES.get(flow.kind, "Data from a source come to a sink.")
        lines += [f"{number}. {ink.bold(printable(flow.kind))}: {title}"]
        lines += [*(f"  {row}" for row in columns(list(_rows(flow)))), ""]
    report = telling.report
    found = f"{counted(len(telling.flows), 'flow')} in {counted(report.files, 'file')}"
    ends = f"{counted(report.sources, 'source')}, {counted(report.sinks, 'sink')}"
    lines.append(ink.bold(f"{found}; {ends}"))
    for known in report.resolution[-1:]:
        resolved = f"{sum(known.resolved.values()):,} in the program, {known.named:,} outside"
        lines.append(ink.dim(f"{counted(known.calls, 'call')}: {resolved}"))
    return lines


def _found(request: FlowRequest) -> Telling:
    paths = [named_path(path) for path in request.paths]
    settings = settings_from()
    own = _own(request.patterns)
    choice = chosen(request.sources, request.sinks, request.sanitizers, own=own)
    given = None if request.types is None else read_given_types(request.types)
    types = None
    if given is not None:
        types = placed(given, root_of(paths), settings, least=request.confidence)
    options = TraceOptions(
        sanitizers=choice.sanitizers,
        through_unknown=request.through_unknown,
        with_resolution=types is not None,
    )
    report = trace(
        paths,
        sources=choice.sources,
        sinks=choice.sinks,
        types=types,
        options=options,
        settings=settings,
    )
    return Telling(report, most_steps=request.most_steps)


def _own(path: Path | None) -> PatternFile:
    return PatternFile() if path is None else read_pattern_file(path)


def _tell(telling: Telling, form: FlowForm, output: Path | None, *, finding: int) -> None:
    if form == "json":
        text = json_text(plain(telling))
    elif form == "text":
        ink = ink_for() if output is None else Ink(colour=False)
        text = "\n".join(flow_lines(telling, ink))
    else:
        text = _drawn(telling, form, finding)
    _write(text, output)


def _drawn(telling: Telling, form: FlowForm, finding: int) -> str:
    """Draw one flow.

    Raises:
        SettingError: There is no flow of that number.
    """
    if finding > len(telling.flows):
        found = counted(len(telling.flows), "flow")
        raise SettingError(
            f"there is no flow {finding:,} to draw: {found} found",
            hint="without --format they are listed with their numbers",
        )
    picture = picture_of(telling.flows[finding - 1])
    title = printable(picture.title)
    if form == "dot":
        return to_dot(picture.graph, picture.text, title=title).rstrip("\n")
    return draw(picture.graph, picture.text, span=(0, len(picture.text)), title=title).rstrip("\n")


def _write(text: str, output: Path | None) -> None:
    if output is None or str(output) == "-":
        write(text)
        return
    write_output(output, f"{text}\n".encode("utf-8", "replace"), mode=PUBLIC_FILE)
    write_error(f"wrote {printable(str(output))}")


def _rows(flow: ToldFlow) -> Iterator[tuple[str, str, str]]:
    for place, step in enumerate(flow.steps):
        why = f"{step.why} {flow.source}" if place == 0 else step.why
        yield _place(step), _excerpt(step), printable(why)
    yield _place(flow.call), _excerpt(flow.call), printable(f"sink {flow.sink}")


def _excerpt(step: ToldStep) -> str:
    """Return a step's line; of a long one, what stands around the step."""
    line = step.source_line
    begin = max(0, min(step.column - step.source_column - BEFORE, len(line) - WIDEST))
    before, after = ("..." if begin else ""), ("..." if begin + WIDEST < len(line) else "")
    return printable(f"{before}{line[begin : begin + WIDEST]}{after}")


def _place(step: ToldStep) -> str:
    return printable(f"{step.path}:{step.line}:{step.column}")


def _remark(telling: Telling) -> None:
    """Say on standard error what was left out."""
    ink = ink_for(sys.stderr)
    report = telling.report
    for one in report.problems[:PROBLEMS_SHOWN]:
        path = printable(telling.path(one.path))
        write_error(ink.warning(f"{path}: {printable(one.message)}"))
    if len(report.problems) > PROBLEMS_SHOWN:
        write_error(ink.warning(f"and {len(report.problems) - PROBLEMS_SHOWN:,} more"))
    for reason in report.cut:
        write_error(ink.warning(f"flows may be missing: {reason}"))
    if telling.longer:
        write_error(ink.dim(f"{counted(telling.longer, 'flow')} of more steps not told"))
