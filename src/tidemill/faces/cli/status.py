"""``tidemill status``."""

from collections.abc import Iterator
from typing import Annotated

import typer

from tidemill.faces.cli.options import AsJson, StoreFolder, settings_from
from tidemill.faces.cli.output import (
    Ink,
    columns,
    counted,
    ink_for,
    lines_of,
    printable,
    write,
    write_json,
)
from tidemill.tasks.diagnosis import readable_bytes
from tidemill.tasks.status import StoreStatus
from tidemill.tasks.status import status as describe

__all__ = ["status"]


def status(
    skipped: Annotated[
        bool, typer.Option("--skipped", help="List every file of which something is left out.")
    ] = False,
    store: StoreFolder = None,
    as_json: AsJson = False,
) -> None:
    """Say what is in the store and how fresh it is.

    Ends with exit code 1 when the journal and the index disagree.

    For example:

        tidemill status --skipped
    """
    state = describe(settings_from(store=store))
    if as_json:
        write_json(state)
    else:
        _report(state, ink_for(), skipped=skipped)
    raise typer.Exit(0 if state.agrees else 1)


def _report(state: StoreStatus, ink: Ink, *, skipped: bool) -> None:
    for line in columns(list(_rows(state))):
        label, _, rest = line.partition("  ")
        write(f"{ink.bold(label)}  {rest}")
    if not state.agrees:
        write(ink.bad("the journal and the index disagree: see `tidemill doctor`"))
    if state.unfinished:
        write(ink.warning("not all is indexed: `tidemill index` was stopped, or is at work"))
    if skipped:
        write()
        for entry in columns(list(_left_out(state))):
            write(entry)


def _left_out(state: StoreStatus) -> Iterator[tuple[str, str]]:
    """Yield every file of which something is missing in the index, and what."""
    for entry in (*state.skipped, *state.graphless):
        yield printable(entry.path), printable(entry.reason)
    for file in state.unparsable:
        yield file.path, file.reason or f"unparsable: {lines_of(file.lines)}"


def _rows(state: StoreStatus) -> list[tuple[str, str]]:
    moment = f"{state.indexed_at:%Y-%m-%d %H:%M:%S} UTC" if state.indexed_at else "never"
    stale = f"{state.stale:,} changed since" if state.stale else "all fresh"
    agreement = "=" if state.agrees else "but"
    total = state.files + len(state.skipped)
    return [
        ("store", f"{printable(str(state.store))} ({readable_bytes(state.bytes_on_disk)})"),
        ("files", f"{state.files:,} ({stale})"),
        ("languages", _counted(state.languages)),
        ("units", _counted(state.units)),
        ("bodies", f"{state.bodies:,} distinct"),
        ("skipped", _counted(state.reasons)),
        (
            "unparsable",
            f"{counted(len(state.unparsable), 'file')} with lines the grammar could not read",
        ),
        ("journal", f"{state.journaled:,} files finished {agreement} {total:,} in the index"),
        ("indexed", moment),
    ]


def _counted(counts: dict[str, int]) -> str:
    if not counts:
        return "none"
    return ", ".join(f"{printable(name)} {number:,}" for name, number in counts.items())
