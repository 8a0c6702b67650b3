"""``tidemill data inspect``."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from tidemill.corpus.example import SPLITS, Example
from tidemill.corpus.inspection import PERCENTILES, Inspection, LanguageFacts, inspect_corpus
from tidemill.corpus.packed import PackedCorpus, open_corpus
from tidemill.faces.cli.options import AsJson, Seed, named_path
from tidemill.faces.cli.output import Ink, columns, ink_for, printable, write, write_json
from tidemill.faces.cli.progress import shown_progress

__all__ = ["inspect"]

HEAD = ("language", *SPLITS, "with query", "sources", *(f"tokens p{p}" for p in PERCENTILES))
NUMBERS = frozenset(range(1, len(HEAD)))
SOURCES_SHOWN = 5
CODE_LINES_SHOWN = 4
LINE_CHARACTERS = 96


def inspect(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", parser=named_path, help="A packed training set.")
    ],
    near: Annotated[
        bool, typer.Option("--near/--no-near", help="Look for near duplicates as well.")
    ] = True,
    samples: Annotated[bool, typer.Option("--samples", help="Show ten examples.")] = False,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Look into a packed training set.

    Says what is in it by language, split and source, how long its functions are,
    and what is in it twice. Every file is compared with its hash. Ends with exit
    code 1 when one split gives another away: equal or almost equal functions, or
    the same family of packages. Of a set of images it says the same by class;
    equal are those whose pixels all are.

    For example:

        tidemill data inspect corpora/code-search --samples --seed 3
    """
    packed = open_corpus(folder)
    if packed.kind == "images":
        _inspect_images(packed, as_json=as_json)
    with shown_progress(unit="examples") as progress:
        found = inspect_corpus(folder, seed=seed, near=near, progress=progress)
    if as_json:
        write_json(found)
    else:
        _report(found, ink_for(), samples=samples)
    raise typer.Exit(1 if found.duplicates.leaks else 0)


def _inspect_images(packed: PackedCorpus, *, as_json: bool) -> NoReturn:
    # Numpy is loaded for those alone who ask about images.
    from tidemill.corpus.images.inspection import inspect_images  # noqa: PLC0415

    found, ink = inspect_images(packed), ink_for()
    if as_json:
        write_json(found)
        raise typer.Exit(1 if found.leaks else 0)
    write(ink.bold(f"{printable(found.name)}: {printable(found.about)}"))
    rows = [
        (printable(name), *(f"{counts[split]:,}" for split in SPLITS))
        for name, counts in found.classes.items()
    ]
    head, *lines = columns([("class", *SPLITS), *rows], right=frozenset(range(1, 4)))
    write(ink.dim(head))
    for line in lines:
        write(line)
    write(f"images of {' x '.join(map(str, found.shape))}; equal images: {found.equal:,}")
    if found.leaks:
        write(ink.bad(f"in two splits: {found.equal_across:,} equal"))
    else:
        write(ink.good("no split gives another away"))
    raise typer.Exit(1 if found.leaks else 0)


def _report(found: Inspection, ink: Ink, *, samples: bool) -> None:
    write(ink.bold(f"{printable(found.name)}: {printable(found.about)}"))
    head, *lines = columns([HEAD, *map(_row, found.languages.items())], right=NUMBERS)
    write(ink.dim(head))
    for line in lines:
        write(line)
    for name, facts in found.languages.items():
        listed = list(facts.packages.items())[:SOURCES_SHOWN]
        most = ", ".join(f"{printable(source)} {count:,}" for source, count in listed)
        write(ink.dim(f"{name}, mostly: {most}"))
    for split, count in found.pairs.items():
        if count:
            write(f"{count:,} labelled pairs in {split}")
    _report_duplicates(found, ink)
    for example in found.samples if samples else ():
        _show(example, ink)


def _row(entry: tuple[str, LanguageFacts]) -> tuple[str, ...]:
    name, facts = entry
    numbers = [*facts.splits.values(), facts.with_query, len(facts.packages)]
    return (name, *(f"{number:,}" for number in [*numbers, *facts.tokens.values()]))


def _report_duplicates(found: Inspection, ink: Ink) -> None:
    twice = found.duplicates
    near = "not looked for" if twice.near is None else f"{twice.near:,}"
    write(f"equal functions: {twice.equal:,}; almost equal: {near}")
    if not twice.leaks:
        write(ink.good("no split gives another away"))
        return
    write(ink.bad(f"in two splits: {twice.equal_across:,} equal, {twice.near_across or 0:,} near"))
    if twice.families_across:
        listed = ", ".join(map(printable, twice.families_across[:SOURCES_SHOWN]))
        write(ink.bad(f"families in two splits: {len(twice.families_across):,}: {listed}"))


def _show(example: Example, ink: Ink) -> None:
    write()
    place = f"{example.package} {example.path}:{example.line} {example.qualified_name}"
    write(ink.place(printable(place)))
    said = example.query or example.group
    write(f"  {printable(said[:LINE_CHARACTERS])}")
    for line in example.code.splitlines()[:CODE_LINES_SHOWN]:
        write(ink.dim(f"    {printable(line.expandtabs(4)[:LINE_CHARACTERS])}"))
