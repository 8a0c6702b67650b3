"""``tidemill doctor``."""

import typer

from tidemill.faces.cli.options import AsJson, StoreFolder, settings_from
from tidemill.faces.cli.output import Ink, columns, ink_for, printable, write, write_json
from tidemill.tasks.diagnosis import Diagnosis, diagnose

__all__ = ["doctor", "report"]

MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}
INDENT = " " * 6


def doctor(store: StoreFolder = None, as_json: AsJson = False) -> None:
    """Check this machine and this store, and say what to mend.

    Ends with exit code 1 when something fails. Nothing is changed.

    For example:

        tidemill doctor
    """
    diagnosis = diagnose(settings=settings_from(store=store))
    if as_json:
        write_json({"healthy": diagnosis.healthy, "checks": diagnosis.checks})
    else:
        report(diagnosis, ink_for())
    raise typer.Exit(0 if diagnosis.healthy else 1)


def report(diagnosis: Diagnosis, ink: Ink) -> None:
    """Print one line a check, and under it what to do."""
    paint = {"ok": ink.good, "warn": ink.warning, "fail": ink.bad}
    lines = columns([(check.subject, printable(check.found)) for check in diagnosis.checks])
    for check, line in zip(diagnosis.checks, lines, strict=True):
        write(f"{paint[check.verdict](MARKS[check.verdict])}  {line}")
        if check.remedy:
            write(INDENT + ink.dim(printable(check.remedy)))
