"""``tidemill search``."""

import os
import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tidemill.faces.cli.options import AsJson, StoreFolder, settings_from
from tidemill.faces.cli.output import (
    Ink,
    columns,
    counted,
    ink_for,
    printable,
    write,
    write_error,
    write_json,
)
from tidemill.store.filters import SearchFilters
from tidemill.store.rows import KINDS
from tidemill.tasks.matching import MatchingLine
from tidemill.tasks.search import SearchAnswer, SearchHit
from tidemill.tasks.search import search as find

__all__ = ["UnitKind", "report", "search"]

INDENT = 4
TAB = "    "
NARROWEST = 40
DOT = " \N{MIDDLE DOT} "


class UnitKind(StrEnum):
    """What can be found."""

    FUNCTION = "function"
    METHOD = "method"
    MODULE = "module"
    TEXT = "text"


def search(
    query: Annotated[list[str], typer.Argument(metavar="QUERY...", help="What to look for.")],
    lang: Annotated[
        list[str] | None,
        typer.Option("--lang", metavar="NAME", help="Only this language; may be repeated."),
    ] = None,
    path: Annotated[
        list[str] | None,
        typer.Option(
            "--path",
            metavar="GLOB",
            help="Only this folder, file or glob, from the store's root or from here; repeatable.",
        ),
    ] = None,
    kind: Annotated[
        list[UnitKind] | None, typer.Option("--kind", help="Only this kind; may be repeated.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", metavar="N", min=1, max=1000, help="Hits shown.")
    ] = None,
    why: Annotated[
        bool, typer.Option("--why", help="Show what each word and each expert added.")
    ] = False,
    store: StoreFolder = None,
    as_json: AsJson = False,
) -> None:
    """Find functions by what they do or what they are called.

    Names are split where words meet in them, so that "parse iso date" finds
    parseISODate as well as parse_iso_date. Ends with exit code 1 when nothing
    is found.

    For example:

        tidemill search "copy a directory tree" --lang python --why
    """
    wanted = set(kind or ())
    filters = SearchFilters(
        languages=frozenset(lang or ()),
        kinds=frozenset(known for known in KINDS if known in wanted),
        paths=tuple(path or ()),
    )
    answer = find(
        " ".join(query), settings=settings_from(store=store), filters=filters, limit=limit
    )
    if as_json:
        write_json(answer)
    else:
        report(answer, ink_for(), why=why)
        _remark(answer)
    raise typer.Exit(0 if answer.hits else 1)


def report(answer: SearchAnswer, ink: Ink, *, why: bool) -> None:
    """Print the hits: a line with place, score and name, then the matching lines."""
    if not answer.hits:
        return
    places = [f"{_shown_path(hit, answer)}:{hit.line}" for hit in answer.hits]
    heads = columns(
        [(place, f"{hit.score:.2f}") for place, hit in zip(places, answer.hits, strict=True)],
        right=frozenset({1}),
    )
    for number, (hit, place, head) in enumerate(zip(answer.hits, places, heads, strict=True)):
        if number:
            write()
        _report_hit(hit, ink, ink.place(place) + head[len(place) :])
        if why:
            parts = DOT.join(f"{printable(term)} {weight:.2f}" for term, weight in hit.why)
            write(" " * INDENT + ink.dim(f"why: {parts}"))
            if hit.parts:
                sums = DOT.join(f"{printable(name)} {value:.2f}" for name, value in hit.parts)
                write(" " * INDENT + ink.dim(f"     {sums}"))


def _shown_path(hit: SearchHit, answer: SearchAnswer) -> str:
    """Return the path as one can click on it from here."""
    path, here = answer.state.root / hit.path, Path.cwd()
    if here.is_relative_to(answer.state.root):
        return printable(os.path.relpath(path, here))
    return printable(str(path))


def _report_hit(hit: SearchHit, ink: Ink, head: str) -> None:
    stale = ink.warning("  (changed since)") if hit.stale else ""
    write(f"{head}  {ink.bold(printable(hit.name))}{stale}")
    digits = max(len(str(line.line)) for line in hit.lines)
    indents = [len(line.text) - len(line.text.lstrip()) for line in hit.lines if line.text.strip()]
    margin = min(indents, default=0)
    for line in hit.lines:
        number = ink.dim(f"{line.line:>{digits}}")
        write(" " * INDENT + f"{number}  {_marked(line, ink, margin, digits)}")


def _marked(line: MatchingLine, ink: Ink, margin: int, digits: int) -> str:
    """Return the line as wide as the terminal allows, its matching words marked."""
    data = line.text.encode("utf-8", "surrogatepass")
    room = max(NARROWEST, shutil.get_terminal_size((120, 24)).columns) - INDENT - digits - 2
    parts: list[str] = []
    place = margin
    for start, end in (*line.spans, (len(data), len(data))):
        for piece, paint in ((data[place:start], str), (data[start:end], ink.found)):
            shown = _clean(piece)[:room]
            room -= len(shown)
            parts.append(paint(shown))
        place = end
    return "".join(parts)


def _clean(piece: bytes) -> str:
    return printable(piece.decode("utf-8", "replace").replace("\t", TAB))


def _remark(answer: SearchAnswer) -> None:
    """Say on standard error how far the answer can be trusted."""
    ink = ink_for(sys.stderr)
    if not answer.hits:
        where = f"{counted(answer.state.files, 'file')}, {counted(answer.state.units, 'unit')}"
        write_error(f"nothing found for {', '.join(map(printable, answer.terms))} in {where}")
    if answer.state.eligible == 0 and answer.state.files:
        write_error(ink.warning("--path and --lang let none of these files through"))
    for name, reason in answer.state.unasked.items():
        write_error(ink.warning(f"{printable(name)} was not asked: {printable(reason)}"))
    if answer.state.unfinished:
        write_error(ink.warning("not all is indexed: `tidemill index` was stopped, or is at work"))
    if answer.state.stale:
        those = "1 hit is" if answer.state.stale == 1 else f"{answer.state.stale} hits are"
        write_error(ink.warning(f"{those} older than the file: tidemill index"))
