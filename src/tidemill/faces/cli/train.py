"""``tidemill train``."""

from pathlib import Path
from typing import Annotated

import typer

from tidemill.faces.cli.options import AsJson, Workers, named_path, settings_from
from tidemill.faces.cli.output import counted, ink_for, printable, write, write_json
from tidemill.faces.cli.progress import shown_progress
from tidemill.training.runs import folder_for
from tidemill.training.training import TrainingReport
from tidemill.training.training import train as run_training

__all__ = ["report", "train"]


def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's name, or a file.")],
    corpus: Annotated[
        Path,
        typer.Option(
            "--corpus", metavar="FOLDER", parser=named_path, help="The packed training set."
        ),
    ],
    run: Annotated[
        Path | None,
        typer.Option(
            "--run",
            metavar="FOLDER",
            parser=named_path,
            help="Where the run is kept; else a folder with the recipe's name among your runs.",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--start", metavar="EXPERT", help="An encoder to go on from: name or folder."),
    ] = None,
    device: Annotated[
        str, typer.Option("--device", metavar="NAME", help="cpu, cuda, or auto.")
    ] = "auto",
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Train an expert from a recipe and a packed training set.

    The run is a folder with checkpoints, a journal, the curve as a picture and, in
    the end, the expert. The same command resumes a run that was stopped, and on
    the same machine it ends with the same weights to the bit. Several processes
    train together when torchrun starts them.

    For example:

        tidemill train search-terms --corpus corpora/code-search
    """
    settings = settings_from(workers=workers)
    folder = run or folder_for(recipe, settings)
    with shown_progress(unit="steps") as progress:
        done = run_training(
            recipe,
            corpus=corpus,
            folder=folder,
            start=start,
            device=device,
            settings=settings,
            progress=progress,
        )
    if as_json:
        write_json(done)
    else:
        report(done)


def report(done: TrainingReport) -> None:
    """Say what a run came to."""
    ink = ink_for()
    rate = done.places / max(done.seconds, 1e-9)
    write(f"{counted(done.steps, 'step')}, {done.places:,} tokens, {rate:,.0f} tokens/s")
    for name, value in done.measures.items():
        write(f"  {name}  {value:.3f}")
    write(f"expert: {ink.place(printable(str(done.expert)))}")
