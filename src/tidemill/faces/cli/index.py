"""``tidemill index``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tidemill.core.errors import SettingError, TidemillError
from tidemill.core.progress import duration
from tidemill.core.settings import Settings
from tidemill.faces.cli.options import AsJson, StoreFolder, Workers, named_path, settings_from
from tidemill.faces.cli.output import (
    Ink,
    columns,
    counted,
    ink_for,
    lines_of,
    printable,
    write,
    write_error,
    write_json,
)
from tidemill.faces.cli.progress import shown_progress
from tidemill.tasks.embedding import EmbeddingReport, embed
from tidemill.tasks.indexing import IndexReport, UnparsableFile, forget
from tidemill.tasks.indexing import index as run_index
from tidemill.tasks.watching import watch as keep_indexing

__all__ = ["index", "report"]

SKIPPED_SHOWN = 20
UNPARSABLE_SHOWN = 10
RATE_FROM_SECONDS = 0.5


def index(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH...", parser=named_path, help="Files and folders; else here."),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and index what changes.")] = False,
    drop: Annotated[
        bool, typer.Option("--forget", help="Remove PATH... from the store; the files stay.")
    ] = False,
    skipped: Annotated[
        bool, typer.Option("--skipped", help="List all skipped and unread files.")
    ] = False,
    store: StoreFolder = None,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Read code into the store, incrementally.

    Only files whose content changed are read again. What .gitignore and
    .tidemillignore name is left out; files that cannot be read are listed with
    the reason, and the others go on. Folders of tools (.git, node_modules, .venv,
    __pycache__, ...) are never entered. The store is the nearest .tidemill at or
    above the first PATH, and made there where there is none, unless the setting
    store moves it. Words can be searched as soon as a file is read; what the experts
    of the setting search_experts say of each function follows. Interrupted, the same
    command resumes.

    What is forgotten comes back with the next run over it, unless an ignore file
    names it.

    For example:

        tidemill index src tests --workers 4
    """
    if watch and (as_json or drop):
        other = "--json" if as_json else "--forget"
        raise SettingError(f"--watch and {other} do not go together", hint="choose one of them")
    chosen = paths or [Path()]
    settings = settings_from(store=store, workers=workers)
    if drop:
        _forget(chosen, settings, as_json=as_json)
    elif watch:
        _watch(chosen, settings)
    else:
        with shown_progress() as progress:
            done = run_index(chosen, settings=settings, progress=progress)
        if not as_json:
            report(done, ink_for(), every=skipped)
        learned = _learn(done, settings)
        if as_json:
            write_json(done.to_dict() | {"experts": learned})
        else:
            report_learned(learned, ink_for())


def _forget(paths: list[Path], settings: Settings, *, as_json: bool) -> None:
    count = forget(paths, settings=settings)
    if as_json:
        write_json({"forgotten": count})
    elif count:
        write(f"forgot {counted(count, 'file')}")
    else:
        names = ", ".join(printable(str(path)) for path in paths)
        write_error(f"nothing in the store matches {names}")
    raise typer.Exit(0 if count else 1)


def _learn(done: IndexReport, settings: Settings) -> EmbeddingReport:
    """Let the experts see what is new; searches by words work all the while."""
    with shown_progress(unit="vectors") as progress:
        return embed(done.store, settings=settings, progress=progress)


def report_learned(learned: EmbeddingReport, ink: Ink) -> None:
    """Say what the experts have seen, and why some have not."""
    if learned.embedded:
        vectors = counted(learned.embedded, "vector")
        write(f"{vectors} by {', '.join(learned.experts)} in {duration(learned.seconds)}")
    for name, reason in learned.missing.items():
        write(ink.dim(f"  {printable(name)} is not asked: {printable(reason)}"))


def _watch(paths: list[Path], settings: Settings) -> None:
    for number, done in enumerate(keep_indexing(paths, settings=settings, trouble=_complain)):
        report(done, ink_for(), every=False)
        report_learned(_learn(done, settings), ink_for())
        sys.stdout.flush()
        if not number:
            write_error("watching; Ctrl-C ends it")


def _complain(error: TidemillError) -> None:
    write_error(f"{printable(str(error).partition(chr(10))[0])}; trying again")


def report(done: IndexReport, ink: Ink, *, every: bool) -> None:
    """Print what a run did: one line, and below it what was left out and why."""
    functions = counted(done.functions, "function")
    rate = ""
    if done.indexed and done.seconds >= RATE_FROM_SECONDS:
        rate = f" ({done.functions / done.seconds:,.0f} functions/s)"
    head = f"{counted(done.indexed, 'file')} indexed, {functions} in {_seconds(done)}{rate}"
    write(ink.bold(head))
    write(f"{done.unchanged:,} unchanged, {done.removed:,} removed, {len(done.skipped):,} skipped")
    if done.resumed:
        write("went on where an earlier run was stopped")
    shown = done.skipped if every else done.skipped[:SKIPPED_SHOWN]
    for line in columns([(printable(entry.path), printable(entry.reason)) for entry in shown]):
        write(ink.dim(f"  skipped {line}"))
    if len(shown) < len(done.skipped):
        rest = len(done.skipped) - len(shown)
        write(ink.dim(f"  and {rest:,} more: tidemill status --skipped"))
    if done.unparsable:
        _report_unparsable(done.unparsable, ink, every=every)
    for entry in done.graphless[:SKIPPED_SHOWN]:
        write(ink.dim(f"  {printable(entry.path)}: {printable(str(entry))}"))
    if len(done.graphless) > SKIPPED_SHOWN:
        rest = len(done.graphless) - SKIPPED_SHOWN
        write(ink.dim(f"  and {rest:,} more: tidemill status --skipped"))
    write(ink.dim(f"store: {printable(str(done.store))}"))


def _report_unparsable(files: Sequence[UnparsableFile], ink: Ink, *, every: bool) -> None:
    write(f"{counted(len(files), 'file')} with lines the grammar could not read")
    shown = files if every else files[:UNPARSABLE_SHOWN]
    rows = [(printable(file.path), file.reason or lines_of(file.lines)) for file in shown]
    for line in columns(rows):
        write(ink.dim(f"  unread {line}"))
    if len(shown) < len(files):
        write(ink.dim(f"  and {len(files) - len(shown):,} more: tidemill status --skipped"))


def _seconds(done: IndexReport) -> str:
    return f"{done.seconds:.1f} s" if done.seconds < 10 else duration(done.seconds)
