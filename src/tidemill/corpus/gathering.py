"""Everything that a recipe names, fetched, read, and kept where the next run finds it."""

import functools
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tidemill.core.choosing import chosen_executor
from tidemill.core.errors import InputError
from tidemill.core.executor import Resources
from tidemill.core.progress import Progress
from tidemill.core.settings import Settings
from tidemill.corpus.documented import DocumentedFunction
from tidemill.corpus.example import FOUND_COLUMNS, Example, Pair, identity
from tidemill.corpus.fetch import archive_of, fetched
from tidemill.corpus.harvest import Harvest, Source, harvest
from tidemill.corpus.keeping import keep, kept, place_of
from tidemill.corpus.licence import names_in
from tidemill.corpus.recipe import DataSet, Package, Recipe
from tidemill.corpus.registries import Client, prepare
from tidemill.corpus.selection import PRECEDENCE, takes_unasked
from tidemill.corpus.sets import examples_of, pairs_of

__all__ = ["Gathered", "Surroundings", "check_licence", "gather"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where a build works.

    Attributes:
        cache: What was fetched and read is kept here.
        settings: Limits of reading, and workers.
        client: Who fetches.
        progress: Told of every package.
    """

    cache: Path
    settings: Settings
    client: Client
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What all sources gave.

    Attributes:
        rows: The examples of each split, in the recipe's order.
        pairs: The pairs of each split.
        sources: Facts about each package and set, ready for JSON.
        left_out: Files that gave nothing, counted by reason.
        dropped: Functions that were left out already, counted by reason.
    """

    rows: dict[str, list[Example]] = field(default_factory=lambda: defaultdict(list))
    pairs: dict[str, list[Pair]] = field(default_factory=lambda: defaultdict(list))
    sources: list[dict[str, Any]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)


def gather(recipe: Recipe, around: Surroundings) -> Gathered:
    """Read all that a recipe names.

    Args:
        recipe: What to read.
        around: Where to keep it, who fetches, who listens.

    Raises:
        InputError: Something cannot be had, is not what the recipe says, or is
            under another licence.
        CapacityError: A client took too long, or the disk is full.
    """
    gathered = Gathered()
    packages = sorted(recipe.packages, key=lambda package: PRECEDENCE.index(package.split))
    known_files: set[str] = set()
    for package, found in _harvests(packages, around):
        check_licence(package, found.licences)
        wants_all = takes_unasked(recipe, package.split, package.language)
        _take(package, found if wants_all else _asked(found, gathered), gathered, known_files)
    for data in recipe.sets:
        _take_set(data, gathered, around.settings)
    return gathered


def _harvests(packages: list[Package], around: Surroundings) -> Iterator[tuple[Package, Harvest]]:
    """Yield every package with its harvest, in order, from several workers at once."""
    _prepare(packages, around)
    workers = around.settings.workers
    executor = chosen_executor(around.settings, in_order=True)
    work = functools.partial(
        _harvested, cache=around.cache, settings=around.settings, client=around.client
    )
    outcomes = executor.map(work, packages, resources=Resources(workers=workers))
    for done, outcome in enumerate(outcomes, start=1):
        found = kept(outcome.unwrap())
        if found is None:
            raise InputError(f"{outcome.shard}: what was kept of it is gone", hint="Build again.")
        around.progress.advance(done, len(packages), str(outcome.shard))
        yield outcome.shard, found


def _prepare(packages: list[Package], around: Surroundings) -> None:
    missing = [
        package
        for package in packages
        if not place_of(package, around.cache, around.settings).exists()
        and not archive_of(package, around.cache).exists()
    ]
    prepare(missing, around.cache / "apt")


def _harvested(package: Package, *, cache: Path, settings: Settings, client: Client) -> Path:
    """What a worker does: fetch a package and read it, or find that both was done before."""
    place = place_of(package, cache, settings)
    if kept(place) is None:
        source = Source(
            archive=fetched(package, cache, client),
            name=package.name,
            language=package.language,
            only=package.only,
            wrapped=package.registry in {"npm", "apt-source"},
        )
        keep(harvest(source, settings), place)
    return place


def check_licence(package: Package, licences: frozenset[str]) -> None:
    """Refuse a package that says of itself that it is under none of the recipe's licences.

    Args:
        package: With what the recipe says.
        licences: What its metadata says, as far as that is known.

    Raises:
        InputError: They have nothing in common.
    """
    if licences and licences.isdisjoint(names_in(package.licence)):
        said = ", ".join(sorted(licences))
        raise InputError(
            f"{package} is under {said} by its own word, the recipe says {package.licence}",
            hint="Read its licence, and mend the recipe.",
        )


def _asked(found: Harvest, gathered: Gathered) -> Harvest:
    """Leave out functions without a query early: of a million there are too many to carry on."""
    files = []
    for file in found.files:
        functions = tuple(function for function in file.functions if function.query)
        gathered.dropped["undocumented"] += len(file.functions) - len(functions)
        files.append(replace(file, functions=functions))
    return replace(found, files=tuple(files))


def _take(package: Package, found: Harvest, gathered: Gathered, known_files: set[str]) -> None:
    """Add a package's functions, without those of files that came before."""
    functions = 0
    for file in found.files:
        if file.hash in known_files:
            gathered.left_out["equal file"] += 1
            continue
        known_files.add(file.hash)
        functions += len(file.functions)
        gathered.rows[package.split] += [_example(package, f) for f in file.functions]
    gathered.left_out.update(found.left_out)
    facts = ("registry", "name", "version", "sha256", "licence", "language", "family", "split")
    gathered.sources.append(
        {name: getattr(package, name) for name in facts}
        | {"files": len(found.files), "functions": functions}
    )


def _example(package: Package, function: DocumentedFunction) -> Example:
    return Example(
        id=identity(function.language, function.query, function.code),
        package=package.name,
        family=package.family,
        licence=package.licence,
        group="",
        **{name: getattr(function, name) for name in FOUND_COLUMNS},
    )


def _take_set(data: DataSet, gathered: Gathered, settings: Settings) -> None:
    for split in data.files:
        examples = examples_of(data, split, settings)
        gathered.rows[split] += examples
        if split in data.pairs:
            gathered.pairs[split] += pairs_of(data, split, examples)
        facts = {"set": data.name, "licence": data.licence, "split": split}
        gathered.sources.append(facts | {"functions": len(examples)})
