"""Measuring search: can it find a function by what its author says of it?

For documented functions of named packages, the first paragraph of the
documentation is the query and the function without it one of 1,000 candidates.
Everything is asked twice: as it was written, and without the words of the
function's own name. Figures come by package too. What is measured is what a search does:
words and experts; with the setting ``search_experts`` at ``none`` it is BM25, the floor.
"""

import functools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from tidemill.core.choosing import chosen_executor
from tidemill.core.errors import InputError, SettingError
from tidemill.core.executor import Resources
from tidemill.core.progress import Progress, Silence
from tidemill.core.randomness import stream
from tidemill.core.settings import Settings, resolve
from tidemill.corpus.documented import DocumentedFunction, distinct, documented_in, without_name
from tidemill.metrics.bootstrap import Interval, cluster_interval, percentile_interval
from tidemill.metrics.retrieval import MEASURES, QueryFigures, one_answer_figures
from tidemill.tasks.asking import names_in
from tidemill.tasks.packages import packages_named, source_files
from tidemill.tasks.rankers import Ranker, RankerFactory, hybrid_ranker, store_ranker

__all__ = ["CANDIDATES", "Measures", "SearchEvaluation", "VariantResult", "evaluate_search"]

Variant = Literal["as written", "without own name"]

CANDIDATES = 1_000
RESAMPLES = 1_000
VARIANTS: tuple[Variant, ...] = ("as written", "without own name")
FEWEST_CLUSTERS = 5
"""From so many packages on, the interval is over packages: fewer cannot tell how they differ."""

FILES_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What was measured over some queries, each with its interval."""

    queries: int
    mrr: Interval
    recall_at_1: Interval
    recall_at_5: Interval
    recall_at_10: Interval
    ndcg_at_10: Interval

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        figures = {name: getattr(self, name).to_dict() for name in MEASURES}
        return {"queries": self.queries, **figures}


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantResult:
    """One way of asking.

    Attributes:
        variant: Whether the queries are as written or lack the function's own name.
        overall: Over all queries.
        packages: Over the queries of each package, among the same candidates.
    """

    variant: Variant
    overall: Measures
    packages: dict[str, Measures]

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        packages = {name: measures.to_dict() for name, measures in self.packages.items()}
        return {
            "variant": self.variant,
            "overall": self.overall.to_dict(),
            "packages": packages,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEvaluation:
    """How well search finds documented functions.

    Attributes:
        ranker: What ranked.
        seed: Of the sample and of the intervals.
        candidates: How many functions each query was put against; all of them were asked for.
        functions: How many documented functions the candidates were drawn from, by package.
        skipped: Why files gave no functions, counted.
        variants: The results.
    """

    ranker: str
    seed: int
    candidates: int
    functions: dict[str, int]
    skipped: dict[str, int]
    variants: tuple[VariantResult, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        return {
            "ranker": self.ranker,
            "seed": self.seed,
            "candidates": self.candidates,
            "functions": self.functions,
            "skipped": self.skipped,
            "variants": [result.to_dict() for result in self.variants],
        }


def evaluate_search(
    packages: Sequence[str],
    *,
    settings: Settings | None = None,
    candidates: int = CANDIDATES,
    seed: int = 0,
    ranker: RankerFactory | None = None,
    progress: Progress | None = None,
) -> SearchEvaluation:
    """Measure how well search finds documented functions of packages.

    Args:
        packages: Files, folders, names that Python would import (nothing is
            imported), or ``stdlib``.
        settings: Limits of reading, and workers; by default those in force.
        candidates: How many functions are drawn and put against each other;
            all of them when there are fewer.
        seed: Of the draw and of the intervals.
        ranker: What is measured; by default what a search does: BM25, and the experts of
            the setting ``search_experts``.
        progress: Told of every batch of files and queries.

    Raises:
        InputError: A package is not there, or together they hold no two
            documented functions.
        SettingError: Fewer than two candidates are asked for.
        ExpertError: An expert cannot be asked.
    """
    if candidates < 2:
        raise SettingError(f"{candidates} candidates make no ranking", hint="Give 2 or more.")
    settings = settings or resolve().settings
    progress = progress or Silence()
    functions, skipped = _functions_of(packages, settings, progress)
    if len(functions) < 2:
        raise InputError(
            f"{', '.join(packages)}: {len(functions)} documented functions make no ranking",
            hint="Name packages whose functions have docstrings or doc comments.",
        )
    chosen = _drawn(functions, candidates, seed)
    name, ranker = (_name_of(ranker), ranker) if ranker else _as_searched(settings)
    with ranker(chosen) as judge:
        variants = tuple(
            _asked(variant, chosen, _Chair(ranker=judge, seed=seed, progress=progress))
            for variant in VARIANTS
        )
    return SearchEvaluation(
        ranker=name,
        seed=seed,
        candidates=len(chosen),
        functions=dict(Counter(function.package for function in functions)),
        skipped=skipped,
        variants=variants,
    )


def _as_searched(settings: Settings) -> tuple[str, RankerFactory]:
    """Return what a search ranks with, and what it is called."""
    experts = names_in(settings.search_experts)
    if not experts:
        return "BM25", store_ranker
    return " + ".join(("BM25", *experts)), functools.partial(hybrid_ranker, settings=settings)


def _name_of(ranker: RankerFactory) -> str:
    return getattr(ranker, "__name__", repr(ranker))


def _functions_of(
    packages: Sequence[str], settings: Settings, progress: Progress
) -> tuple[list[DocumentedFunction], dict[str, int]]:
    """Read all packages; the order of functions does not depend on the number of workers."""
    executor = chosen_executor(settings, in_order=True)
    reasons: Counter[str] = Counter()
    found: list[DocumentedFunction] = []
    outcomes = executor.map(
        functools.partial(_read_files, settings=settings),
        _batches(packages, settings),
        resources=Resources(workers=settings.workers),
    )
    files = 0
    for outcome in outcomes:
        files += len(outcome.shard[1])
        if outcome.error is not None:
            reasons["a worker failed"] += len(outcome.shard[1])
        else:
            functions, skipped = outcome.unwrap()
            found += functions
            reasons.update(skipped)
        progress.advance(files, None, f"reading {outcome.shard[0]}")
    return list(distinct(found)), dict(reasons)


def _batches(packages: Sequence[str], settings: Settings) -> Iterator[tuple[str, tuple[str, ...]]]:
    known: set[str] = set()
    for package in packages_named(packages):
        files: Iterable[str] = (found.path for found in source_files(package, settings))
        fresh = iter([path for path in files if path not in known])
        while batch := tuple(islice(fresh, FILES_AT_ONCE)):
            known.update(batch)
            yield package.name, batch


def _read_files(
    shard: tuple[str, tuple[str, ...]], *, settings: Settings
) -> tuple[list[DocumentedFunction], list[str]]:
    """What a worker does: the documented functions of some files, and why others gave none."""
    package, paths = shard
    found: list[DocumentedFunction] = []
    reasons = []
    for path in paths:
        functions, reason = documented_in(path, package, settings)
        found += functions
        if reason:
            reasons.append(reason.partition(":")[0])
    return found, reasons


def _drawn(
    functions: Sequence[DocumentedFunction], candidates: int, seed: int
) -> list[DocumentedFunction]:
    if len(functions) <= candidates:
        return list(functions)
    places = stream(seed, "evaluation", "candidates").sample(range(len(functions)), candidates)
    return [functions[place] for place in sorted(places)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chair:
    """Who ranks, who listens, and the seed of the intervals."""

    ranker: Ranker
    seed: int
    progress: Progress


def _asked(
    variant: Variant, candidates: Sequence[DocumentedFunction], chair: _Chair
) -> VariantResult:
    """Ask for every candidate, and measure over all of them and by package."""
    queries = [_query(variant, function) for function in candidates]
    figures = one_answer_figures(_scores(queries, variant, chair), range(len(queries)))
    owners = [function.package for function in candidates]
    packages = {}
    for name in dict.fromkeys(owners):
        places = [place for place, owner in enumerate(owners) if owner == name]
        own = {measure: values[places] for measure, values in figures.items()}
        packages[name] = _measures(own, [name] * len(places), (chair.seed, variant, name))
    overall = _measures(figures, owners, (chair.seed, variant))
    return VariantResult(variant=variant, overall=overall, packages=packages)


def _query(variant: Variant, function: DocumentedFunction) -> str:
    if variant == "as written":
        return function.query
    return without_name(function.query, function.name)


def _scores(queries: Sequence[str], variant: Variant, chair: _Chair) -> Iterator[Sequence[float]]:
    for number, query in enumerate(queries, start=1):
        yield chair.ranker.rank(query)
        chair.progress.advance(number, len(queries), f"asking {variant}")


def _measures(
    figures: QueryFigures, owners: Sequence[str], purpose: tuple[int, *tuple[str, ...]]
) -> Measures:
    """Average the figures, with intervals over packages where there are enough of them."""
    seed, *names = purpose
    intervals: dict[str, Interval] = {}
    for measure, values in figures.items():
        chance = stream(seed, "evaluation", "interval", measure, *names)
        if len(set(owners)) >= FEWEST_CLUSTERS:
            intervals[measure] = cluster_interval(values, owners, chance, resamples=RESAMPLES)
        else:
            intervals[measure] = percentile_interval(values, chance, resamples=RESAMPLES)
    return Measures(queries=len(owners), **intervals)
