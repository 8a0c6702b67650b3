"""``tidemill runs list``."""

from tidemill.core.progress import duration
from tidemill.faces.cli.options import AsJson
from tidemill.faces.cli.output import columns, ink_for, printable, write, write_error, write_json
from tidemill.training.runs import RunState
from tidemill.training.runs import list_runs as runs_here

__all__ = ["chief_measure", "list_all"]

HEADINGS = ("run", "seed", "steps", "time", "loss", "measured", "state")
NUMBERS = frozenset({1, 2, 3, 4})


def list_all(as_json: AsJson = False) -> None:
    """List training runs and how far they are.

    For example:

        tidemill runs list --json
    """
    found = list(runs_here())
    if as_json:
        write_json(found)
        return
    if not found:
        write_error("no training runs here; begin one: tidemill train RECIPE --corpus FOLDER")
        return
    head, *lines = columns([HEADINGS, *map(_row, found)], right=NUMBERS)
    write(ink_for().dim(head))
    for line in lines:
        write(line)


def chief_measure(run: RunState) -> str:
    """Return the measurement that stands for the others, with its name."""
    names = sorted(run.measures, key=lambda name: (len(name), name))
    return f"{names[0]} {run.measures[names[0]]:.3f}" if names else ""


def _row(run: RunState) -> tuple[str, ...]:
    return (
        printable(run.folder.name),
        str(run.recipe.seed),
        f"{run.step:,}/{run.recipe.steps:,}",
        duration(run.seconds),
        f"{sum(run.losses.values()):.3f}" if run.losses else "",
        chief_measure(run),
        "finished" if run.finished else "stopped or at work",
    )
