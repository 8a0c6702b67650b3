"""``tidemill eval search``."""

from typing import Annotated

import typer

from tidemill.faces.cli.options import AsJson, Seed, Workers, settings_from
from tidemill.faces.cli.output import Ink, columns, ink_for, printable, write, write_json
from tidemill.faces.cli.progress import shown_progress
from tidemill.metrics.bootstrap import Interval
from tidemill.tasks.evaluation import CANDIDATES, Measures, SearchEvaluation, evaluate_search

__all__ = ["search"]

HEAD = ("queries from", "queries", "MRR", "95 %", "R@1", "R@5", "R@10", "nDCG@10")
NUMBERS = frozenset(range(1, len(HEAD)))


def search(
    packages: Annotated[
        list[str],
        typer.Argument(metavar="PACKAGE...", help="Names, files or folders; stdlib for Python's."),
    ],
    candidates: Annotated[
        int, typer.Option("--candidates", metavar="N", min=2, help="Functions in the draw.")
    ] = CANDIDATES,
    seed: Seed = 0,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Measure search on documented functions of named packages.

    The first paragraph of a function's documentation is the query, the function
    without it one of the candidates; asked again without the function's own name
    in the query. Packages are looked up, never imported or downloaded. What ranks
    is what a search asks: words, and the experts of the setting search_experts.

    For example:

        tidemill eval search stdlib --candidates 500 --seed 1
    """
    settings = settings_from(workers=workers)
    with shown_progress(unit="items") as progress:
        result = evaluate_search(
            packages, settings=settings, candidates=candidates, seed=seed, progress=progress
        )
    if as_json:
        write_json(result)
    else:
        _report(result, ink_for())


def _report(result: SearchEvaluation, ink: Ink) -> None:
    total = sum(result.functions.values())
    write(
        f"{result.ranker}: {result.candidates:,} candidates of {total:,} documented functions, "
        f"seed {result.seed}"
    )
    for variant in result.variants:
        write()
        write(ink.bold(f"queries {variant.variant}"))
        rows = [_row("all", variant.overall)]
        if len(variant.packages) > 1:
            rows += [_row(printable(name), found) for name, found in variant.packages.items()]
        head, *lines = columns([HEAD, *rows], right=NUMBERS)
        write(ink.dim(head))
        for line in lines:
            write(line)
    for reason, count in result.skipped.items():
        write(ink.dim(f"skipped {count:,} files: {printable(reason)}"))


def _row(name: str, found: Measures) -> tuple[str, ...]:
    rest = (found.recall_at_1, found.recall_at_5, found.recall_at_10, found.ndcg_at_10)
    return (
        name,
        f"{found.queries:,}",
        _figure(found.mrr),
        f"{found.mrr.low:.3f}-{found.mrr.high:.3f}",
        *map(_figure, rest),
    )


def _figure(interval: Interval) -> str:
    return f"{interval.mean:.3f}"
