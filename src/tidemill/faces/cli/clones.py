"""``tidemill clones``."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from tidemill import __version__
from tidemill.core.errors import SettingError
from tidemill.core.files import write_output
from tidemill.faces.cli.options import AsJson, StoreFolder, Workers, named_path, settings_from
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
from tidemill.tasks.clones.finding import CloneReport, CloneRules
from tidemill.tasks.clones.finding import clones as find
from tidemill.tasks.clones.report import CloneClass, CloneMember
from tidemill.tasks.clones.rules import TYPES
from tidemill.tasks.clones.sarif import report_as_sarif
from tidemill.tasks.clones.speakers import clone_experts

__all__ = ["CloneKind", "clones", "report_lines"]

Form = Literal["text", "json", "sarif"]

DEFAULTS = CloneRules()
TABLE_CLASSES = 20
SKIPPED_SHOWN = 10
PUBLIC_FILE = 0o644


class CloneKind(StrEnum):
    """The types of clones."""

    EQUAL = "1"
    RENAMED = "2"
    NEAR = "3"
    SEMANTIC = "semantic"


Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PATH...", parser=named_path, help="Files and folders; else here."),
]
Kinds = Annotated[
    list[CloneKind] | None, typer.Option("--type", help="Only this type; may be repeated.")
]
Languages = Annotated[
    list[str] | None,
    typer.Option("--lang", metavar="NAME", help="Only this language; may be repeated."),
]
Tokens = Annotated[
    int, typer.Option("--tokens", metavar="N", help="Tokens of a function, at least.")
]
Lines = Annotated[
    int, typer.Option("--min-lines", metavar="N", help="Lines of a function, at least.")
]
Similarity = Annotated[
    float, typer.Option("--similarity", metavar="X", help="Likeness for type 3, .5 to 1.")
]
CrossLanguage = Annotated[
    bool, typer.Option("--cross-language", help="Only classes of several languages.")
]
BaselineFile = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="FILE", parser=named_path, help="Report what FILE has not."),
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", "-n", metavar="N", min=1, help="Classes shown; else 20 in the table."),
]
OutputFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", parser=named_path, help="Write to this file."),
]
AsSarif = Annotated[bool, typer.Option("--sarif", help="Print SARIF 2.1.0.")]


def clones(
    paths: Paths = None,
    kinds: Kinds = None,
    lang: Languages = None,
    tokens: Tokens = DEFAULTS.tokens,
    min_lines: Lines = DEFAULTS.lines,
    similarity: Similarity = DEFAULTS.similarity,
    cross_language: CrossLanguage = False,
    baseline: BaselineFile = None,
    limit: Limit = None,
    output: OutputFile = None,
    store: StoreFolder = None,
    workers: Workers = None,
    as_json: AsJson = False,
    as_sarif: AsSarif = False,
) -> None:
    """Find functions that are copies of each other.

    All copies are one class, and all its members are like its first. Type 1 is
    equal but for white space and comments, type 2 but for one-to-one renaming of
    names and values, type 3 nearly equal; semantic clones need an expert. Ends
    with exit code 1 when there are clones; with --baseline, an earlier JSON or
    SARIF report, when there are new ones. Inside an indexed folder only changed
    files are parsed again.

    For example:

        tidemill clones src --output clones.sarif
    """
    form = _form_of(output, as_json=as_json, as_sarif=as_sarif)
    wanted = set(kinds or CloneKind)
    rules = CloneRules(
        tokens=tokens,
        lines=min_lines,
        similarity=similarity,
        types=frozenset(kind for kind in TYPES if kind in wanted),
        languages=frozenset(lang or ()),
        cross_language=cross_language,
        baseline=baseline,
    )
    settings = settings_from(store=store, workers=workers)
    experts, missing = clone_experts(settings) if "semantic" in rules.types else ([], {})
    with shown_progress(unit="items") as progress:
        found = find(
            paths or [Path()], rules=rules, settings=settings, experts=experts, progress=progress
        )
    _tell(found, form, output, limit=limit, has_baseline=baseline is not None)
    _remark(found, rules, missing)
    raise typer.Exit(1 if found.classes else 0)


def _form_of(output: Path | None, *, as_json: bool, as_sarif: bool) -> Form:
    """Return what to write: as a flag says, or else the ending of the file.

    Raises:
        SettingError: Two flags were given, or the ending says nothing.
    """
    if as_json and as_sarif:
        raise SettingError("--json and --sarif do not go together", hint="choose one of them")
    if as_json or as_sarif:
        return "json" if as_json else "sarif"
    endings: dict[str, Form] = {"": "text", ".txt": "text", ".json": "json", ".sarif": "sarif"}
    ending = output.suffix.lower() if output else ""
    if ending not in endings:
        raise SettingError(
            f"no format goes with the ending {printable(ending)}",
            hint="use --json or --sarif, or one of: .txt, .json, .sarif",
        )
    return endings[ending]


def _tell(
    found: CloneReport, form: Form, output: Path | None, *, limit: int | None, has_baseline: bool
) -> None:
    """Print the report, or write it to a file."""
    most = limit or (TABLE_CLASSES if form == "text" else len(found.classes))
    shown = replace(found, classes=found.classes[:most])
    if form == "text":
        ink = ink_for() if output is None else Ink(colour=False)
        text = "\n".join(report_lines(shown, ink, total=len(found.classes)))
    elif form == "json":
        text = json_text(shown)
    else:
        text = json_text(report_as_sarif(shown, version=__version__, has_baseline=has_baseline))
    if output is None or str(output) == "-":
        write(text)
    else:
        write_output(output, f"{text}\n".encode("utf-8", "replace"), mode=PUBLIC_FILE)
        write_error(f"wrote {printable(str(output))}")


def report_lines(shown: CloneReport, ink: Ink, *, total: int) -> list[str]:
    """Return the table: class by class with its members, then what it comes to.

    Args:
        shown: The report, with the classes to show.
        ink: How to emphasise.
        total: How many classes were found.
    """
    lines: list[str] = []
    for found in shown.classes:
        lines += [*_class_lines(found, ink), ""]
    if len(shown.classes) < total:
        lines.append(ink.dim(f"and {total - len(shown.classes):,} more: --limit {total}"))
    share = 100 * shown.duplicated_lines / shown.lines if shown.lines else 0.0
    known = f", {shown.known:,} known and left out" if shown.known else ""
    compared = f"{counted(shown.functions, 'function')} of {counted(shown.files, 'file')}"
    lines.append(
        ink.bold(f"{counted(total, 'class').replace('classs', 'classes')} of clones{known}")
    )
    lines.append(
        f"{counted(shown.duplicated_lines, 'duplicated line')} of {shown.lines:,} ({share:.1f} %),"
        f" {compared} compared"
    )
    return lines


def _class_lines(found: CloneClass, ink: Ink) -> list[str]:
    """Return a heading and a line for each member."""
    similarity = f"similarity {found.similarity:.2f}, " if found.similarity < 1 else ""
    members = counted(len(found.members), "function")
    duplicated = counted(found.duplicated_lines, "duplicated line")
    kind = found.type if found.type == "semantic" else f"type {found.type}"
    places = [f"{printable(one.path)}:{one.line}-{one.end_line}" for one in found.members]
    rows = columns(
        [
            (place, printable(one.name), *_facts_of(one, found))
            for place, one in zip(places, found.members, strict=True)
        ]
    )
    return [
        f"{ink.bold(kind)}  {similarity}{members}, {duplicated}",
        *(
            f"  {ink.place(place)}{row[len(place) :]}"
            for place, row in zip(places, rows, strict=True)
        ),
    ]


def _facts_of(member: CloneMember, found: CloneClass) -> tuple[str, str, str]:
    """Return what sets a member apart from others of its class."""
    return (
        f"{member.similarity:.2f}" if found.similarity < 1 else "",
        member.language if len(found.languages) > 1 else "",
        "" if member.is_new else "known",
    )


def _remark(found: CloneReport, rules: CloneRules, missing: Mapping[str, str]) -> None:
    """Say on standard error what was not looked at."""
    ink = ink_for(sys.stderr)
    for name, reason in missing.items():
        write_error(ink.warning(f"not asked: {printable(name)}: {printable(reason)}"))
    if not found.experts and "semantic" in rules.types:
        write_error(ink.dim("semantic clones were not looked for: that needs an expert"))
    for entry in found.skipped[:SKIPPED_SHOWN]:
        write_error(ink.warning(f"skipped {printable(entry.path)}: {printable(entry.reason)}"))
    if len(found.skipped) > SKIPPED_SHOWN:
        write_error(ink.warning(f"and {len(found.skipped) - SKIPPED_SHOWN:,} more"))
