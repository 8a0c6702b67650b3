"""``tidemill slices``."""

import json
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from tidemill.core.errors import SettingError
from tidemill.core.files import write_output
from tidemill.faces.cli.options import AsJson, named_path, settings_from
from tidemill.faces.cli.output import (
    Ink,
    columns,
    counted,
    ink_for,
    json_text,
    printable,
    write,
    write_error,
)
from tidemill.faces.cli.progress import shown_progress
from tidemill.source.lines import LineTable
from tidemill.source.slices.assembly import SliceRules
from tidemill.source.slices.usage import Definition, MethodSlice, UsageSlice
from tidemill.tasks.slicing import SlicingReport, slices_of, written

__all__ = ["SliceForm", "report_lines", "slices"]

PUBLIC_FILE = 0o644
SKIPPED_SHOWN = 10
CALLS_SHOWN = 4
LONGEST_CELL = 40


class SliceForm(StrEnum):
    """What slices can be written as."""

    TABLE = "table"
    JOERN = "joern"
    PAPER = "paper"
    ATOM = "atom"


FORMS: Mapping[SliceForm, Literal["joern", "paper", "atom"]] = {
    SliceForm.JOERN: "joern",
    SliceForm.PAPER: "paper",
    SliceForm.ATOM: "atom",
}

Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PATH...", parser=named_path, help="Files and folders; else here."),
]
OneForm = Annotated[SliceForm, typer.Option("--format", help="For people, or as a program's JSON.")]
OutputFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", parser=named_path, help="Write to this file."),
]
MinCalls = Annotated[
    int, typer.Option("--min-calls", metavar="N", min=1, help="Calls of a variable, at least.")
]
NoOperators = Annotated[bool, typer.Option("--exclude-operators", help="Operators are no calls.")]
NoSource = Annotated[bool, typer.Option("--no-source", help="Leave the text of methods out.")]


def slices(
    paths: Paths = None,
    form: OneForm = SliceForm.TABLE,
    output: OutputFile = None,
    min_calls: MinCalls = 1,
    exclude_operators: NoOperators = False,
    no_source: NoSource = False,
    as_json: AsJson = False,
) -> None:
    """Show how the variables in code are used: what makes them, what calls them.

    A usage slice holds what defines a variable, the calls on it and the calls it
    is passed to, for JavaScript, TypeScript and Python. The forms are those of
    joern-slice (a list), of CodeTIDAL5's server (paper: a map) and of atom.

    For example:

        tidemill slices src --format joern --output slices.json
    """
    if as_json and form is not SliceForm.TABLE:
        raise SettingError(
            "--json and --format do not go together", hint="every format but table is JSON already"
        )
    is_table = form is SliceForm.TABLE and not as_json
    rules = SliceRules(
        min_calls=min_calls,
        exclude_operators=exclude_operators,
        with_source=not (no_source or is_table),
    )
    with shown_progress() as progress:
        report = slices_of(
            paths or [Path()], rules=rules, settings=settings_from(), progress=progress
        )
    _tell(report, form, output, as_json=as_json)
    _remark(report)


def _tell(report: SlicingReport, form: SliceForm, output: Path | None, *, as_json: bool) -> None:
    """Print the slices, or write them to a file."""
    if as_json:
        text = json_text(report)
    elif form in FORMS:
        # Programs read it, and a line of it is made several times as fast as many.
        text = json.dumps(written(report, FORMS[form]))
    else:
        text = "\n".join(report_lines(report, ink_for() if output is None else Ink(colour=False)))
    if output is None or str(output) == "-":
        write(text)
        return
    write_output(output, f"{text}\n".encode("utf-8", "replace"), mode=PUBLIC_FILE)
    write_error(f"wrote {printable(str(output))}")


def report_lines(report: SlicingReport, ink: Ink) -> list[str]:
    """Return the table: method by method its variables, then what it comes to.

    Args:
        report: The slices.
        ink: How to emphasise.
    """
    lines: list[str] = []
    tables = {name: LineTable(text) for name, text in report.texts.items()}
    for method in report.program.methods:
        lines += [*_method_lines(method, tables[method.file], ink), ""]
    program = report.program
    found = counted(sum(len(method.slices) for method in program.methods), "slice")
    methods = counted(len(program.methods), "function")
    types = counted(len(program.user_types), "declared type")
    lines.append(ink.bold(f"{found} in {methods} of {counted(len(report.texts), 'file')}, {types}"))
    return lines


def _method_lines(method: MethodSlice, table: LineTable, ink: Ink) -> list[str]:
    line = table.line(method.span.start) if method.span else 0
    heading = f"{ink.place(printable(f'{method.file}:{line}'))}  {printable(method.signature)}"
    rows = [_row(usage, table) for usage in method.slices]
    return [heading.rstrip(), *(f"  {row}" for row in columns(rows))]


def _row(usage: UsageSlice, table: LineTable) -> tuple[str, str, str, str, str]:
    """Return line and name, type, origin, calls on it, calls it is passed to."""
    target = usage.target
    line = table.line(target.span.start) if target.span else 0
    invoked = [call.name for call in usage.invoked_calls]
    passed = [
        f"{one.call.name.removeprefix('<operator>.')}({one.position})"
        if one.position != -1
        else "returned"
        for one in usage.argument_calls
    ]
    return (
        f"{line}  {_short(target.name)}",
        _short(target.type_name),
        _short(_origin(usage.defined_by)),
        f"calls: {_listed(invoked)}" if invoked else "",
        f"in: {_listed(passed)}" if passed else "",
    )


def _origin(defined_by: Definition | None) -> str:
    if defined_by is None:
        return ""
    if defined_by.label == "PARAM":
        return f"parameter {defined_by.position}"
    return f"= {defined_by.name}"


def _listed(names: list[str]) -> str:
    """Return the first of some names, each once."""
    different = list(dict.fromkeys(names))
    more = ", ..." if len(different) > CALLS_SHOWN else ""
    return ", ".join(_short(name) for name in different[:CALLS_SHOWN]) + more


def _short(words: str) -> str:
    words = printable(words)
    return words if len(words) <= LONGEST_CELL else f"{words[: LONGEST_CELL - 3]}..."


def _remark(report: SlicingReport) -> None:
    """Say on standard error what was not looked at."""
    ink = ink_for(sys.stderr)
    for name in report.damaged[:SKIPPED_SHOWN]:
        write_error(ink.warning(f"{name}: parts could not be parsed; slices may be missing"))
    for entry in report.skipped[:SKIPPED_SHOWN]:
        write_error(ink.warning(f"skipped {printable(entry.path)}: {printable(entry.reason)}"))
    left = max(0, len(report.skipped) - SKIPPED_SHOWN) + max(0, len(report.damaged) - SKIPPED_SHOWN)
    if left:
        write_error(ink.warning(f"and {left:,} more"))
