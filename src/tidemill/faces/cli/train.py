"""``tidemill train``."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from tidemill.faces.cli.options import AsJson, Workers, named_path, settings_from
from tidemill.faces.cli.output import counted, ink_for, printable, write, write_json
from tidemill.faces.cli.progress import shown_progress
from tidemill.sparsity.methods import METHODS
from tidemill.training.recipe import read_recipe
from tidemill.training.runs import folder_for
from tidemill.training.training import TrainingReport
from tidemill.training.training import train as run_training

__all__ = ["report", "train"]

Sparsity: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--sparsity",
        metavar="N:M",
        help="Train N:M sparse, as 2:8; or dense. Else as the recipe says.",
    ),
]
Method: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--method", metavar="NAME", help=f"How sparse layers train: {', '.join(METHODS)}."
    ),
]
Beside: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--beside",
        metavar="EXPERT",
        help="One of another sparsity, trained with the same set: both are told in the card.",
    ),
]
Start: TypeAlias = Annotated[
    str | None,
    typer.Option("--start", metavar="EXPERT", help="An expert to go on from: name or folder."),
]
RunFolder: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--run",
        metavar="FOLDER",
        parser=named_path,
        help="Where the run is kept; else a folder with the recipe's name among your runs.",
    ),
]


def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's name, or a file.")],
    corpus: Annotated[
        Path,
        typer.Option(
            "--corpus", metavar="FOLDER", parser=named_path, help="The packed training set."
        ),
    ],
    run: RunFolder = None,
    start: Start = None,
    sparsity: Sparsity = None,
    method: Method = None,
    beside: Beside = None,
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
    plan = read_recipe(recipe)
    plan = plan.at_sparsity(sparsity or plan.sparsity, method)
    folder = run or folder_for(plan, settings)
    with shown_progress(unit="steps") as progress:
        done = run_training(
            plan,
            corpus=corpus,
            folder=folder,
            start=start,
            beside=beside,
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
    write(f"{counted(done.steps, 'step')}, {done.places:,} {done.unit}, {rate:,.0f} {done.unit}/s")
    for name, value in done.measures.items():
        write(f"  {name}  {value:.3f}")
    if done.mask_seconds:
        write(f"  masks and sparse operands took {done.mask_seconds:,.1f} s")
    write(f"expert: {ink.place(printable(str(done.expert)))}")
