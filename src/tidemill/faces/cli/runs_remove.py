"""``tidemill runs remove``."""

from typing import Annotated

import typer

from tidemill.faces.cli.options import AsJson, settings_from
from tidemill.faces.cli.output import counted, write, write_json
from tidemill.training.runs import named_run, remove_run

__all__ = ["remove"]


def remove(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Names, or folders.")],
    as_json: AsJson = False,
) -> None:
    """Remove training runs with everything in their folders.

    Checkpoints, journal, curve and expert go with it. Nothing is removed when one
    of the runs is not there.

    For example:

        tidemill runs remove search-terms
    """
    settings = settings_from()
    folders = [named_run(name, settings).folder for name in runs]
    for folder in folders:
        remove_run(folder)
    if as_json:
        write_json({"removed": [str(folder) for folder in folders]})
    else:
        write(f"{counted(len(folders), 'run')} removed")
