"""``tidemill dataflow``."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tidemill.core.errors import SettingError
from tidemill.core.files import write_output
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


def dataflow(
    target: Annotated[
        str, typer.Argument(metavar="FILE[:FUNCTION]", help="A file, and a name or line in it.")
    ],
    form: Annotated[
        Format | None,
        typer.Option("--format", help="By default what FILE of --output ends in, else text."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file.")
    ] = None,
    literals: Annotated[
        bool, typer.Option("--literals/--no-literals", help="Show literals as sources.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Show where the values in a function come from.

    FUNCTION is a name, a qualified name (Class.method) or a line number; without
    it the file's top level is shown. A picture (svg) opens in any browser.

    For example:

        tidemill dataflow shop/cart.py:Cart.total --output total.svg
    """
    form = Format.JSON if as_json else form or _format_of(output)
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
