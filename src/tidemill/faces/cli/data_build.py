"""``tidemill data build``."""

from pathlib import Path
from typing import Annotated

import typer

from tidemill.corpus.build import BuildReport, build_corpus
from tidemill.corpus.example import SPLITS
from tidemill.faces.cli.options import AsJson, Workers, named_path, settings_from
from tidemill.faces.cli.output import (
    Ink,
    columns,
    counted,
    ink_for,
    printable,
    write,
    write_json,
)
from tidemill.faces.cli.progress import shown_progress

__all__ = ["build"]

NUMBERS = frozenset(range(1, 1 + len(SPLITS)))
REASONS_SHOWN = 12


def build(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's name, or a file.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            parser=named_path,
            help="Where to write the set; else a folder here with the recipe's name.",
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            "--cache",
            metavar="FOLDER",
            parser=named_path,
            help="Where downloads are kept; else tidemill/corpus in $XDG_CACHE_HOME or ~/.cache.",
        ),
    ] = None,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Build a packed training set from a recipe.

    Packages come by pip, npm and apt, at pinned versions and hashes; nothing of
    them is installed or run. What was fetched and read is kept, so the same
    command resumes after a stop, and a second build needs no network. Benchmark
    sets are read from the folder that the setting data names.

    Recipes that come with Tidemill: code-search, java-methods, poj104,
    translation-java-cs, refinement, and for measuring alone bigclonebench,
    gcj-java, cloze-maxmin. Of images: cifar10, digits, textures.

    For example:

        tidemill data build code-search --output corpora/code-search
    """
    settings = settings_from(workers=workers)
    target = output or Path(Path(recipe).name.removesuffix(".toml"))
    with shown_progress(unit="sources") as progress:
        done = build_corpus(
            recipe, output=target, cache=cache, settings=settings, progress=progress
        )
    if as_json:
        write_json(done)
    else:
        _report(done, ink_for())


def _report(done: BuildReport, ink: Ink) -> None:
    total = sum(done.splits.values())
    size = f"{done.packed_bytes / 1e6:,.1f} MB"
    sources = counted(done.sources, "source")
    write(ink.bold(f"{printable(done.name)}: {counted(total, 'example')} of {sources}, {size}"))
    rows = [
        (name, *(f"{counts[split]:,}" for split in SPLITS))
        for name, counts in (done.classes or done.languages).items()
    ]
    head, *lines = columns(
        [("class" if done.classes else "language", *SPLITS), *rows], right=NUMBERS
    )
    write(ink.dim(head))
    for line in lines:
        write(line)
    most = sorted(done.dropped.items(), key=lambda item: -item[1])[:REASONS_SHOWN]
    for reason, count in most:
        write(ink.dim(f"left out {count:,}: {printable(reason)}"))
    write(ink.dim(f"set: {printable(str(done.folder))}"))
