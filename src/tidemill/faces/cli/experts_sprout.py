"""``tidemill experts sprout``."""

from dataclasses import replace as changed
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from tidemill.corpus.example import SPLITS
from tidemill.faces.cli.options import (
    AsJson,
    ExpertsFolder,
    Seed,
    Workers,
    named_path,
    settings_from,
)
from tidemill.faces.cli.output import columns, counted, ink_for, printable, write, write_json
from tidemill.faces.cli.progress import shown_progress
from tidemill.tasks.sprouting.plan import SproutPlan
from tidemill.tasks.sprouting.report import SproutReport
from tidemill.tasks.sprouting.routed import RoutedReport
from tidemill.tasks.sprouting.routing import route_sprouts
from tidemill.tasks.sprouting.run import COUNT, LEAST, grow_sprouts, plan_sprouts
from tidemill.training.sprouting.recipe import SproutRecipe

__all__ = ["sprout"]

FEWER = 1
"""Exit code where fewer were kept than wanted: a finding."""

REFUSED_SHOWN = 10

Folders: TypeAlias = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[FOLDER]...",
        parser=named_path,
        help="Code; else the standard library and what is installed beside it.",
    ),
]
Base: TypeAlias = Annotated[
    str, typer.Option("--base", metavar="EXPERT", help="The sparse encoder that they grow from.")
]
Count: TypeAlias = Annotated[
    int, typer.Option("--count", metavar="N", min=1, help="How many experts.")
]
Least: TypeAlias = Annotated[
    int,
    typer.Option(
        "--least", metavar="N", min=10, help="Documented functions of a package at least."
    ),
]
ListOnly: TypeAlias = Annotated[
    bool, typer.Option("--list", help="Show the packages, and train nothing.")
]
RunFolder: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--run",
        metavar="FOLDER",
        parser=named_path,
        help="Where plan, pairs and what came out are kept; else sprouts among your runs.",
    ),
]
Replace: TypeAlias = Annotated[
    bool, typer.Option("--replace", help="Take the place of other experts of these names.")
]
Router: TypeAlias = Annotated[
    bool,
    typer.Option("--router/--no-router", help="Whether to learn which of them a query is for."),
]


def sprout(
    folders: Folders = None,
    base: Base = "search-code",
    count: Count = COUNT,
    least: Least = LEAST,
    list_only: ListOnly = False,
    run: RunFolder = None,
    replace: Replace = False,
    router: Router = True,
    seed: Seed = 0,
    workers: Workers = None,
    experts: ExpertsFolder = None,
    as_json: AsJson = False,
) -> None:
    """Grow many small experts, each fine-tuned on one package.

    Code is divided into packages of documented functions. Each gets a copy of a
    sparse encoder that learns to find them by their documentation, with the same
    masks, tables and tokenizer, and enters your experts if a part of the package
    that it did not learn from says that it is better there than the encoder it
    came from. In the end a router learns which of them a query is for. The same
    command goes on where it was stopped.

    For example:

        tidemill experts sprout --count 150
    """
    settings = settings_from(workers=workers, experts=experts)
    with shown_progress(unit="sources") as progress:
        plan = plan_sprouts(
            base,
            folders=folders or (),
            count=count,
            least=least,
            run=run,
            settings=settings,
            progress=progress,
        )
    if list_only:
        _show_plan(plan, as_json=as_json)
        return
    recipe = changed(SproutRecipe(), seed=seed)
    with shown_progress(unit="experts") as progress:
        done = grow_sprouts(
            plan, base, recipe=recipe, replace=replace, settings=settings, progress=progress
        )
    routed = None
    if router and done.kept:
        with shown_progress(unit="questions") as progress:
            routed = route_sprouts(
                plan, done, recipe=recipe, replace=replace, settings=settings, progress=progress
            )
    if as_json:
        write_json(done.to_dict() | {"router": routed})
    else:
        _show_report(done)
        if routed is not None:
            _show_router(routed)
    if len(done.kept) < done.wanted:
        raise typer.Exit(FEWER)


def _show_plan(plan: SproutPlan, *, as_json: bool) -> None:
    if as_json:
        write_json(plan)
        return
    rows = [
        (own.name, f"{own.functions:,}", *(f"{own.pairs[part]:,}" for part in SPLITS), own.title)
        for own in plan.packages
    ]
    head = ("expert", "functions", *SPLITS, "package")
    for line in columns([head, *rows], right=frozenset({1, 2, 3, 4})):
        write(printable(line))
    spare = len(plan.packages) - plan.count
    write(f"{counted(plan.count, 'expert')} wanted, {counted(spare, 'package')} to spare")


def _show_report(done: SproutReport) -> None:
    ink = ink_for()
    for outcome in done.refused[:REFUSED_SHOWN]:
        write(f"{ink.warning('refused')}  {outcome.name}: {outcome.reason}")
    write(
        f"{len(done.kept):,} of {counted(done.wanted, 'expert')}, {len(done.refused):,} refused,"
        f" {done.resumed:,} there before, {done.cpu_seconds:,.0f} s of processor time in all"
    )
    if done.kept:
        name = done.base.partition(" ")[0]
        write(f"held out: {done.better_held_out:,} better than {name}; mean {_means(done)}")
    write(f"experts: {ink.place(printable(str(done.experts)))}")
    write(f"run: {ink.place(printable(str(done.folder)))}")


def _show_router(routed: RoutedReport) -> None:
    test, ink = routed.test, ink_for()
    write(
        f"router: {ink.place(routed.name)}, {routed.categories:,} packages,"
        f" {counted(routed.sprouts, 'sprout')} asked"
    )
    write(
        f"held out: MRR {test['base']:.3f} by the base, {test['best_single']:.3f} by the best"
        f" single expert, {test['routed']:.3f} routed,"
        f" {test['category_oracle']:.3f} if every package were known"
    )
    write(
        f"sure of {test['coverage']:.0%} of the queries,"
        f" and right about {test['sure_accuracy']:.0%} of these"
    )


def _means(done: SproutReport) -> str:
    """Return loss and MRR on the held-out parts, of the base and of the sprouts."""
    figures = {"loss": "test.loss", "MRR": "test.mrr"}
    return ", ".join(
        f"{word} {done.mean('base', figure):.3f} -> {done.mean('sprout', figure):.3f}"
        for word, figure in figures.items()
    )
