"""``tidemill dataflow``."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tidemill.core.errors import SettingError
from tidemill.core.files import write_output
from tidemill.faces.cli.dataflow_flows import FlowRequest, look_for_flows, pattern_lines
from tidemill.faces.cli.options import named_path, settings_from
from tidemill.faces.cli.output import ink_for, json_text, printable, write, write_error
from tidemill.source.dataflow.graph import DataFlowGraph
from tidemill.source.dataflow.rendering.drawing import draw
from tidemill.source.dataflow.rendering.export import to_dot, to_json
from tidemill.source.dataflow.rendering.listing import list_flow
from tidemill.tasks.flow import FlowAnswer, data_flow, split_target

__all__ = ["Format", "dataflow", "rendered"]

PUBLIC_FILE = 0o644
NAMES_SHOWN = 6


class Format(StrEnum):
    """What a graph can be written as."""

    TEXT = "text"
    JSON = "json"
    DOT = "dot"
    SVG = "svg"


Targets = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE[:FUNCTION] | PATH...",
        help="A file, and a name or line in it; with --from or --to, files and folders.",
    ),
]
Form = Annotated[
    Format | None,
    typer.Option("--format", help="By default what FILE of --output ends in, else text."),
]
OutputFile = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file.")
]
Literals = Annotated[
    bool, typer.Option("--literals/--no-literals", help="Show literals as sources.")
]
Sources = Annotated[
    list[str] | None,
    typer.Option("--from", metavar="PATTERN", help="Flows from here: sets or patterns, by commas."),
]
Sinks = Annotated[
    list[str] | None,
    typer.Option("--to", metavar="PATTERN", help="Flows to here: sets or patterns; else all sets."),
]
Sanitizers = Annotated[
    list[str] | None,
    typer.Option("--sanitizer", metavar="PATTERN", help="A call whose value is harmless."),
]
Patterns = Annotated[
    Path | None,
    typer.Option("--patterns", metavar="FILE", parser=named_path, help="Sets of one's own (TOML)."),
]
ListPatterns = Annotated[bool, typer.Option("--list-patterns", help="Show the sets there are.")]
NoUnknown = Annotated[
    bool, typer.Option("--no-unknown", help="Calls of nobody knows what let nothing through.")
]
Types = Annotated[
    Path | None,
    typer.Option("--types", metavar="FILE", parser=named_path, help="Types inferred elsewhere."),
]
Confidence = Annotated[
    float,
    typer.Option("--confidence", metavar="X", min=0, max=1, help="Of a type of FILE, at least."),
]
MaxSteps = Annotated[
    int, typer.Option("--max-steps", metavar="N", min=0, help="Steps of a flow; 0: any number.")
]
Finding = Annotated[int, typer.Option("--finding", metavar="N", min=1, help="The flow to draw.")]
SarifFile = Annotated[
    Path | None,
    typer.Option("--sarif", metavar="FILE", parser=named_path, help="Write SARIF 2.1.0 as well."),
]
AsJson = Annotated[bool, typer.Option("--json", help="The same as --format json.")]


def dataflow(
    targets: Targets = None,
    form: Form = None,
    output: OutputFile = None,
    literals: Literals = True,
    sources: Sources = None,
    sinks: Sinks = None,
    sanitizers: Sanitizers = None,
    patterns: Patterns = None,
    list_patterns: ListPatterns = False,
    no_unknown: NoUnknown = False,
    types: Types = None,
    confidence: Confidence = 0.0,
    max_steps: MaxSteps = 0,
    finding: Finding = 1,
    sarif: SarifFile = None,
    as_json: AsJson = False,
) -> None:
    """Show where the values in a function come from.

    FUNCTION is a name, a qualified name (Class.method) or a line number; without
    it the file's top level is shown. A picture (svg) opens in any browser.

    With --from or --to, whole programs in JavaScript and TypeScript are searched
    for flows from a source to a sink, across functions and files; ends with exit
    code 1 when there are some, and svg and dot draw the one of --finding.

    For example:

        tidemill dataflow shop/cart.py:Cart.total --output total.svg

        tidemill dataflow src --from http --to command,sql
    """
    form = Format.JSON if as_json else form or _format_of(output)
    if list_patterns:
        write("\n".join(pattern_lines(patterns, as_json=form is Format.JSON)))
        return
    request = FlowRequest(
        paths=targets or (),
        sources=sources or (),
        sinks=sinks or (),
        sanitizers=sanitizers or (),
        patterns=patterns,
        types=types,
        confidence=confidence,
        through_unknown=not no_unknown,
        most_steps=max_steps,
        finding=finding,
        sarif=sarif,
    )
    _refuse_without_target(request)
    if request.is_one:
        raise typer.Exit(1 if look_for_flows(request, form.value, output) else 0)
    _show_unit(request.paths[0], form, output, literals=literals)


def _refuse_without_target(request: FlowRequest) -> None:
    """Refuse no path at all, and several where one function is shown.

    Raises:
        SettingError: That is so.
    """
    if not request.paths:
        raise SettingError("no file is named", hint="name one, or a folder with --from or --to")
    if len(request.paths) > 1 and not request.is_one:
        raise SettingError(
            "several files are named, and only one function can be shown",
            hint="name one, or what to look for in all of them, with --from or --to",
        )


def _show_unit(target: str, form: Format, output: Path | None, *, literals: bool) -> None:
    """Show the graph of one function, or of a file's top level."""
    named_path(target)
    path, function = split_target(target)
    answer = data_flow(path, function, settings=settings_from())
    _remark(answer, asked=function)
    text = rendered(answer, form, literals=literals)
    if output is None or str(output) == "-":
        write(text.rstrip("\n"))
        return
    write_output(output, text.encode("utf-8", "replace"), mode=PUBLIC_FILE)
    write_error(f"wrote {printable(str(output))}")


def rendered(answer: FlowAnswer, form: Format, *, literals: bool = True) -> str:
    """Return a graph as text in one of the formats."""
    graph = answer.graph if literals else answer.graph.without_literals()
    title = f"{printable(answer.path.name)}:{answer.name}"
    if form is Format.JSON:
        return json_text(_facts(answer, graph)) + "\n"
    if form is Format.DOT:
        return to_dot(graph, answer.text, title=title)
    if form is Format.SVG:
        return draw(graph, answer.text, span=answer.span, title=title)
    return "\n".join(list_flow(graph, answer.text, span=answer.span)) + "\n"


def _format_of(output: Path | None) -> Format:
    """Return the format that a file's ending names.

    Raises:
        SettingError: It names none.
    """
    ending = output.suffix.removeprefix(".").lower() if output else ""
    if ending in {"", "txt"}:
        return Format.TEXT
    if ending not in set(Format):
        raise SettingError(
            f"no format goes with the ending .{ending}",
            hint=f"use --format, or one of: {', '.join(f'.{form}' for form in Format)}",
        )
    return Format(ending)


def _facts(answer: FlowAnswer, graph: DataFlowGraph) -> dict[str, object]:
    start, end = answer.span
    about = {"path": answer.path, "language": answer.language, "kind": answer.kind}
    place = {"name": answer.name, "start": start, "end": end, "unparsable": answer.unparsable}
    return about | place | to_json(graph, answer.text)


def _remark(answer: FlowAnswer, *, asked: str | None) -> None:
    """Say on standard error what the graph alone does not show."""
    ink = ink_for(sys.stderr)
    for first, last in answer.unparsable:
        lines = f"line {first}" if first == last else f"lines {first}-{last}"
        where = printable(str(answer.path))
        write_error(ink.warning(f"{where}: {lines} could not be parsed; edges may be missing"))
    if asked is None and answer.others:
        names = ", ".join(map(printable, answer.others[:NAMES_SHOWN]))
        more = ", ..." if len(answer.others) > NAMES_SHOWN else ""
        write_error(ink.dim(f"the top level is shown; functions: {names}{more}"))
