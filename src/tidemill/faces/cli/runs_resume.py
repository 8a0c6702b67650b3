"""``tidemill runs resume``."""

from typing import Annotated

import typer

from tidemill.faces.cli.options import AsJson, Workers, settings_from
from tidemill.faces.cli.output import write_json
from tidemill.faces.cli.progress import shown_progress
from tidemill.faces.cli.train import report
from tidemill.training.runs import named_run
from tidemill.training.training import resume as run_resuming

__all__ = ["resume"]


def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Its name, or its folder.")],
    device: Annotated[
        str, typer.Option("--device", metavar="NAME", help="cpu, cuda, or auto.")
    ] = "auto",
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a training run that was stopped.

    The recipe and the training set are those that it began with.

    For example:

        tidemill runs resume search-terms
    """
    settings = settings_from(workers=workers)
    folder = named_run(run, settings).folder
    with shown_progress(unit="steps") as progress:
        done = run_resuming(folder, device=device, settings=settings, progress=progress)
    if as_json:
        write_json(done)
    else:
        report(done)
