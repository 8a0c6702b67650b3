"""``tidemill selftest``."""

from pathlib import Path
from typing import Annotated

import typer

from tidemill.core.progress import duration
from tidemill.faces.cli.options import AsJson, Seed
from tidemill.faces.cli.output import Ink, columns, ink_for, printable, write, write_json
from tidemill.faces.cli.progress import shown_progress
from tidemill.tasks.selftest import SelftestReport
from tidemill.tasks.selftest import selftest as run_selftest

__all__ = ["selftest"]


def selftest(
    kills: Annotated[
        int, typer.Option("--kills", metavar="N", min=0, help="How many processes to kill.")
    ] = 200,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", metavar="S", min=0, help="Stop killing after this time."),
    ] = None,
    tree: Annotated[
        Path | None,
        typer.Option("--tree", metavar="FOLDER", help="Use a copy of this; else made-up code."),
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Kill and damage a store and a server, and check that nothing is lost.

    Everything happens in a temporary folder; your store is not touched. Ends
    with exit code 1 when a check fails.

    For example:

        tidemill selftest --kills 20
    """
    with shown_progress(unit="kills") as progress:
        report = run_selftest(kills=kills, seconds=seconds, seed=seed, tree=tree, progress=progress)
    if as_json:
        write_json({"passed": report.passed, "report": report})
    else:
        _print(report, ink_for())
    raise typer.Exit(0 if report.passed else 1)


def _print(report: SelftestReport, ink: Ink) -> None:
    paint = {"ok": ink.good, "fail": ink.bad, "not tried": ink.warning}
    rows = [(trial.verdict, trial.name, printable(trial.found)) for trial in report.trials]
    for trial, line in zip(report.trials, columns(rows), strict=True):
        write(paint[trial.verdict](line[: len(trial.verdict)]) + line[len(trial.verdict) :])
    write()
    write(f"{report.kills} killed, {report.survived} finished first, in {duration(report.seconds)}")
