"""``tidemill types``."""

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from tidemill import __version__
from tidemill.core.errors import SettingError
from tidemill.core.files import write_output
from tidemill.core.progress import Progress
from tidemill.core.settings import Settings
from tidemill.faces.cli.options import AsJson, StoreFolder, named_path, settings_from
from tidemill.faces.cli.output import (
    Ink,
    columns,
    counted,
    ink_for,
    json_text,
    printable,
    write,
    write_error,
    write_json,
)
from tidemill.faces.cli.progress import shown_progress
from tidemill.source.annotations.site import KINDS, SiteKind
from tidemill.tasks.types.changing import Changed, apply_changes, undo_changes
from tidemill.tasks.types.diff import diff_of
from tidemill.tasks.types.inferring import types_of
from tidemill.tasks.types.report import State, TypedSite, TypesReport
from tidemill.tasks.types.rules import TypeRules
from tidemill.tasks.types.sarif import report_as_sarif
from tidemill.tasks.types.source import TypeSource

__all__ = ["report_lines", "types"]

EXPERTS = "tidemill.tasks.types.experts"
"""Who opens the expert that is asked; loaded when it is needed, for it brings much along."""

TABLE_SITES = 50
SKIPPED_SHOWN = 10
LONGEST_REASON = 100
PUBLIC_FILE = 0o644
DEFAULTS = TypeRules()
SAID: Mapping[State, str] = {
    "declared": "declared",
    "known": "known to the compiler",
    "verified": "verified",
    "unverified": "unverified",
    "derived": "derived",
    "backed-off": "backed off",
    "left": "left",
}
ALL_KINDS = ",".join(KINDS)

Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PATH...", parser=named_path, help="Files and folders; else here."),
]
Kinds = Annotated[
    str, typer.Option("--kinds", metavar="LIST", help="Only these kinds of places, with commas.")
]
MinConfidence = Annotated[
    float, typer.Option("--min-confidence", metavar="X", help="How sure, 0 to 1, at least.")
]
Limit = Annotated[
    int, typer.Option("--limit", "-n", metavar="N", min=1, help="Lines of the table, at most.")
]
Check = Annotated[
    bool | None,
    typer.Option("--check/--no-check", help="Ask a compiler, or none; else one that is there."),
]
Tsconfig = Annotated[
    Path | None,
    typer.Option("--tsconfig", metavar="FILE", parser=named_path, help="Else the nearest one."),
]
Seconds = Annotated[
    float, typer.Option("--seconds", metavar="N", help="How long checking may take.")
]
BaselineFile = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="FILE", parser=named_path, help="Report what FILE has not."),
]
SarifFile = Annotated[
    Path | None,
    typer.Option(
        "--sarif", metavar="FILE", parser=named_path, help="Write SARIF 2.1.0 with fixes."
    ),
]
AsDiff = Annotated[bool, typer.Option("--diff", help="Print a unified diff.")]
Apply = Annotated[bool, typer.Option("--apply", help="Write the types into the files.")]
Undo = Annotated[
    bool,
    typer.Option("--undo", help="Take back what was written last, but for files changed since."),
]


def types(
    paths: Paths = None,
    kinds: Kinds = ALL_KINDS,
    min_confidence: MinConfidence = DEFAULTS.min_confidence,
    limit: Limit = TABLE_SITES,
    check: Check = None,
    tsconfig: Tsconfig = None,
    seconds: Seconds = DEFAULTS.seconds,
    baseline: BaselineFile = None,
    sarif: SarifFile = None,
    as_diff: AsDiff = False,
    apply: Apply = False,
    undo: Undo = False,
    store: StoreFolder = None,
    as_json: AsJson = False,
) -> None:
    """Find types for JavaScript and TypeScript that have none, and check them.

    What an author or the compiler says is never asked for. Types that are offered
    have what is invoked on them and cause no new error of tsc; without a compiler
    they are unverified. Written are annotations, or JSDoc in JavaScript. Ends with
    exit code 1 when types are offered, and 3 when no file could be read.

    For example:

        tidemill types src --diff
    """
    if as_json and as_diff:
        raise SettingError("--json and --diff do not go together", hint="choose one of them")
    if baseline is not None and (as_diff or apply):
        raise SettingError(
            "--baseline says what is news, and does not choose what is written",
            hint="leave it out with --diff and --apply",
        )
    settings = settings_from(store=store)
    if undo:
        _undo(settings, as_json=as_json)
        return
    rules = TypeRules(
        kinds=_kinds_of(kinds),
        min_confidence=min_confidence,
        check=check,
        tsconfig=tsconfig,
        seconds=seconds,
        baseline=baseline,
    )
    with shown_progress(unit="items") as progress:
        found = types_of(
            paths or [Path()],
            source=_source(settings, progress),
            rules=rules,
            settings=settings,
            progress=progress,
        )
    _tell(found, sarif, limit=limit, as_json=as_json, as_diff=as_diff)
    _remark(found)
    if apply:
        _told(apply_changes(found.changes, settings=settings, cwd=Path.cwd()), "typed")
    raise typer.Exit(_code(found))


def _code(found: TypesReport) -> int:
    if found.skipped and not found.files:
        return 3
    return 1 if found.offered else 0


def _kinds_of(names: str) -> frozenset[SiteKind]:
    """Return the kinds of a list with commas.

    Raises:
        SettingError: There is no such kind.
    """
    words = {word.strip() for word in names.split(",")} - {""}
    unknown = sorted(words - set(KINDS))
    if unknown:
        raise SettingError(
            f"unknown kind {printable(unknown[0])}", hint=f"kinds: {', '.join(KINDS)}"
        )
    return frozenset(kind for kind in KINDS if kind in words)


def _source(settings: Settings, progress: Progress) -> TypeSource:
    """Return the expert that guesses."""
    make: Callable[[Settings, Progress], TypeSource] = importlib.import_module(EXPERTS).type_source
    return make(settings, progress)


def _undo(settings: Settings, *, as_json: bool) -> None:
    undone = undo_changes(settings=settings, cwd=Path.cwd())
    if as_json:
        write_json(undone)
    _told(undone, "restored")
    raise typer.Exit(3 if undone.refused else 0)


def _told(changed: Changed, done: str) -> None:
    """Say which files were written, and which were not."""
    ink = ink_for(sys.stderr)
    for one in changed.refused:
        write_error(ink.warning(f"left alone: {printable(one.path)}: {printable(one.reason)}"))
    write_error(f"{counted(len(changed.files), 'file')} {done}")
    if done == "typed" and changed.files:
        write_error(ink.dim("to take it back: tidemill types --undo"))


def _tell(
    found: TypesReport, sarif: Path | None, *, limit: int, as_json: bool, as_diff: bool
) -> None:
    if sarif is not None:
        text = json_text(report_as_sarif(found, version=__version__))
        write_output(sarif, f"{text}\n".encode("utf-8", "replace"), mode=PUBLIC_FILE)
        write_error(f"wrote {printable(str(sarif))}")
    if as_json:
        write_json(found)
    elif as_diff:
        sys.stdout.write(diff_of(found.changes))
    else:
        write("\n".join(report_lines(found, ink_for(), limit=limit)))


def report_lines(found: TypesReport, ink: Ink, *, limit: int = TABLE_SITES) -> list[str]:
    """Return the table: what is offered, what was refused, and what it comes to.

    Args:
        found: The report.
        ink: How to emphasise.
        limit: Rows at most.
    """
    rows = [one for one in found.sites if one.state in {"verified", "unverified", "backed-off"}]
    shown = rows[:limit]
    lines: list[str] = []
    cells = [_cells(one) for one in shown]
    for one, row, line in zip(shown, cells, columns(cells) if cells else [], strict=True):
        lines.append(ink.place(row[0]) + _inked(line[len(row[0]) :], one, ink))
        if one.reason:
            lines.append(ink.dim(f"    {printable(one.reason)[:LONGEST_REASON]}"))
    if len(rows) > len(shown):
        lines.append(ink.dim(f"and {len(rows) - len(shown):,} more: --limit {len(rows)}"))
    if lines:
        lines.append("")
    return [*lines, *_totals(found, ink)]


def _cells(site: TypedSite) -> tuple[str, ...]:
    place = f"{printable(site.path)}:{site.at.line}:{site.at.column}"
    confidence = "" if site.confidence is None else f"{site.confidence:.2f}"
    return (place, site.kind, printable(site.name), site.type, confidence, site.state)


def _inked(line: str, site: TypedSite, ink: Ink) -> str:
    if site.state == "verified":
        return ink.good(line)
    return ink.warning(line) if site.state == "unverified" else ink.dim(line)


def _totals(found: TypesReport, ink: Ink) -> list[str]:
    counts = found.counts
    known = f", {found.known:,} known and left out" if found.known else ""
    of_all = sum(counts.values())
    lines = [
        ink.bold(
            f"{counted(len(found.offered), 'type')} offered for"
            f" {counted(found.open, 'open place')} in {counted(found.files, 'file')}{known}"
        ),
        f"{counted(of_all, 'place')}: "
        + ", ".join(f"{counts[state]:,} {words}" for state, words in SAID.items()),
    ]
    if found.checking_after is not None:
        lines.append(
            f"files that check: {found.checking_before:,} before, {found.checking_after:,} with"
            f" the types, of {found.files:,}; new errors: {len(found.new_objections):,}"
        )
    return lines


def _remark(found: TypesReport) -> None:
    """Say on standard error what was not looked at, and what was not checked."""
    ink = ink_for(sys.stderr)
    if found.unchecked:
        write_error(ink.warning(f"unverified: {printable(found.unchecked)}"))
    for entry in found.skipped[:SKIPPED_SHOWN]:
        write_error(ink.warning(f"skipped {printable(entry.path)}: {printable(entry.reason)}"))
    if len(found.skipped) > SKIPPED_SHOWN:
        write_error(ink.warning(f"and {len(found.skipped) - SKIPPED_SHOWN:,} more"))
