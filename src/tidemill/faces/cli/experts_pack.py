"""``tidemill experts pack``."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from tidemill.core.errors import SettingError
from tidemill.experts.archive import ENDING, pack_expert
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.experts.registry import open_registry
from tidemill.faces.cli.experts_options import ExpertWord, sound_package
from tidemill.faces.cli.options import AsJson, ExpertsFolder, named_path, settings_from
from tidemill.faces.cli.output import printable, write, write_error, write_json
from tidemill.faces.cli.progress import shown_progress
from tidemill.tasks.diagnosis import readable_bytes

__all__ = ["pack"]

ADD_IT = "Say how sparse, as in --sparsity 2:8, or leave them out."

Sparsity: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--sparsity",
        metavar="N:M",
        help="Prune the expert to this pattern first, as 2:8, and train it until it recovers.",
    ),
]
Corpus: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--corpus",
        metavar="FOLDER",
        parser=named_path,
        help="With --sparsity: the packed set that it learns from.",
    ),
]
RecipeWord: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        metavar="RECIPE",
        help="With --sparsity: the recipe that made it; else the one it names itself.",
    ),
]
Steps: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--steps", metavar="N", min=1, help="With --sparsity: updates; else as in its recipe."
    ),
]
RunFolder: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--run",
        metavar="FOLDER",
        parser=named_path,
        help="With --sparsity: where the run is kept; else among your runs.",
    ),
]
Output: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", parser=named_path, help="Else <name>.tidemill here."
    ),
]


def pack(
    expert: ExpertWord,
    output: Output = None,
    sparsity: Sparsity = None,
    corpus: Corpus = None,
    recipe: RecipeWord = None,
    steps: Steps = None,
    run: RunFolder = None,
    experts: ExpertsFolder = None,
    as_json: AsJson = False,
) -> None:
    """Pack an expert into one file.

    An uncompressed zip, the same bytes for the same expert; `tidemill experts
    import` takes it in on another machine.

    With --sparsity, a dense expert becomes an N:M sparse one on the way: its
    layers are pruned and it learns on for the last stage of its recipe, at half
    the learning rate. The same command resumes when it was stopped.

    For example:

        tidemill experts pack search-python -o search-python.tidemill
    """
    settings = settings_from(experts=experts)
    package = sound_package(expert, open_registry(settings))
    if sparsity is None and (corpus or recipe or steps or run):
        raise SettingError("--corpus, --recipe, --steps and --run are for --sparsity", hint=ADD_IT)
    if sparsity is not None:
        if corpus is None:
            raise SettingError("--sparsity needs a training set", hint="Give it: --corpus FOLDER")
        package = _sparse(package, corpus, run, (sparsity, recipe, steps))
    archive = output or Path(package.name + ENDING)
    pack_expert(package, archive)
    size = archive.stat().st_size
    if as_json:
        write_json({"name": package.name, "archive": str(archive), "bytes": size})
    else:
        write(f"wrote {printable(str(archive))} ({readable_bytes(size)})")


def _sparse(
    package: ExpertPackage,
    corpus: Path,
    run: Path | None,
    wishes: tuple[str, str | None, int | None],
) -> ExpertPackage:
    """Prune an expert and let it recover; say how it does now."""
    from tidemill.training.fine_tuning import sparse_version  # noqa: PLC0415  brings torch

    sparsity, recipe, steps = wishes
    with shown_progress(unit="steps") as progress:
        done = sparse_version(
            package,
            sparsity,
            corpus=corpus,
            folder=run,
            recipe=recipe,
            steps=steps,
            progress=progress,
        )
    said = ", ".join(f"{name} {value:.3f}" for name, value in done.measures.items())
    write_error(f"{package.name} at {sparsity}: {said}")
    return open_expert(done.expert)
