"""From a recipe to a packed training set: gathered, chosen, packed."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tidemill.core.errors import InputError
from tidemill.core.files import make_private_directory
from tidemill.core.progress import Progress, Silence
from tidemill.core.settings import Settings, resolve
from tidemill.corpus.example import SPLITS, Example, Pair
from tidemill.corpus.gathering import Gathered, Surroundings, gather
from tidemill.corpus.packed import check_place, write_corpus
from tidemill.corpus.parquet import require_parquet
from tidemill.corpus.recipe import ImageSource, Package, Recipe
from tidemill.corpus.recipe_file import read_recipe
from tidemill.corpus.registries import Client, ask
from tidemill.corpus.selection import select
from tidemill.corpus.typed.build import build_types

__all__ = ["BuildReport", "build_corpus", "default_cache"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What was built.

    Attributes:
        name: Of the set.
        folder: Where it is.
        splits: Examples of each split.
        languages: For each language the examples of each split.
        sources: Packages and sets that gave examples.
        dropped: What was left out, counted by reason.
        packed_bytes: Of all files together.
        classes: Of a set of images: for each class the examples of each split.
    """

    name: str
    folder: Path
    splits: dict[str, int]
    languages: dict[str, dict[str, int]]
    sources: int
    dropped: dict[str, int]
    packed_bytes: int
    classes: dict[str, dict[str, int]] = field(default_factory=dict)


def build_corpus(
    recipe: str,
    *,
    output: Path,
    cache: Path | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
    client: Client = ask,
) -> BuildReport:
    """Build a packed training set.

    What was fetched and read is kept in the cache, so that a build which was
    killed goes on, and a second one needs no network and gives the same bytes.

    Args:
        recipe: The name of a recipe that comes with Tidemill, or a file's path.
        output: The folder to write; a packed set that is there is replaced.
        cache: Where downloads are kept; by default ``default_cache()``.
        settings: Limits of reading, workers, and where benchmark data lie; by
            default those in force.
        progress: Told of every package and every step.
        client: Who fetches packages; by default their registries' own clients.

    Raises:
        CapacityError: A client took too long, or the disk is full.
        InputError: The recipe is wrong, something that it names cannot be had or
            is not what it says, or nothing is left; the message names it.
        MissingExtraError: Nothing here can write Parquet, or read pictures.
        SettingError: Benchmark data are needed, and nothing says where they are.
        StoreError: The cache or the output cannot be written.
    """
    settings = settings or resolve().settings
    progress = progress or Silence()
    plan = read_recipe(recipe, settings)
    check_place(output)
    if plan.images is not None:
        return _built_images(plan, plan.images, output, progress)
    require_parquet()
    around = Surroundings(
        cache=make_private_directory(cache or default_cache()),
        settings=settings,
        client=client,
        progress=progress,
    )
    if plan.compiler is not None:
        return _built_types(plan, plan.compiler, output, around)
    gathered = gather(plan, around)
    progress.advance(len(gathered.sources), None, "looking for duplicates")
    splits, dropped = select(gathered.rows, plan)
    dropped += gathered.dropped
    _check_left(splits, dropped, plan)
    dropped.update({f"file: {reason}": count for reason, count in gathered.left_out.items()})
    progress.advance(len(gathered.sources), None, "packing")
    return _written(output, plan, gathered, (splits, dict(sorted(dropped.items()))))


def _built_images(
    plan: Recipe, source: ImageSource, output: Path, progress: Progress
) -> BuildReport:
    from tidemill.corpus.images.build import build_images  # noqa: PLC0415  numpy is not for all

    corpus = build_images(plan, source, output=output, progress=progress)
    return BuildReport(
        name=plan.name,
        folder=output,
        splits={split: corpus.count(split) for split in SPLITS},
        languages={},
        sources=1,
        dropped={},
        packed_bytes=corpus.packed_bytes,
        classes=dict(corpus.manifest["classes"]),
    )


def _built_types(
    plan: Recipe, compiler: Package, output: Path, around: Surroundings
) -> BuildReport:
    corpus = build_types(plan, compiler, output=output, around=around)
    used = [source for source in corpus.manifest["sources"] if source["examples"]]
    return BuildReport(
        name=plan.name,
        folder=output,
        splits={split: corpus.count(split) for split in SPLITS},
        languages=dict(corpus.manifest["languages"]),
        sources=len(used),
        dropped=dict(corpus.manifest["dropped"]),
        packed_bytes=corpus.packed_bytes,
    )


def default_cache() -> Path:
    """Return where downloads are kept: under ``$XDG_CACHE_HOME``, or ``~/.cache``."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "tidemill" / "corpus"


def _check_left(
    splits: Mapping[str, Sequence[Example]], dropped: Mapping[str, int], recipe: Recipe
) -> None:
    """Refuse a set without examples, or without one of its languages.

    Raises:
        InputError: Something is missing.
    """
    found = {row.language for split in SPLITS for row in splits[split]}
    missing = [language for language in recipe.languages if language not in found]
    if found and not missing:
        return
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in dropped.items()) or "nothing"
    what = "no example" if not found else f"no example in {', '.join(missing)}"
    raise InputError(f"{recipe.name}: {what} is left", hint=f"Dropped: {reasons}.")


def _written(
    output: Path,
    recipe: Recipe,
    gathered: Gathered,
    chosen: tuple[dict[str, list[Example]], dict[str, int]],
) -> BuildReport:
    """Write the set and say what is in it."""
    splits, dropped = chosen
    counts = Counter(
        (row.package, row.language, split) for split in SPLITS for row in splits[split]
    )
    facts = {
        "name": recipe.name,
        "about": recipe.about,
        "recipe_hash": recipe.digest,
        "seed": recipe.seed,
        "sources": [_with_count(source, counts) for source in gathered.sources],
        "dropped": dropped,
    }
    corpus = write_corpus(output, splits, _living(gathered.pairs, splits), facts)
    used = {row.package for split in SPLITS for row in splits[split]}
    return BuildReport(
        name=recipe.name,
        folder=output,
        splits={split: corpus.count(split) for split in SPLITS},
        languages=dict(corpus.manifest["languages"]),
        sources=len(used),
        dropped=dropped,
        packed_bytes=corpus.packed_bytes,
    )


def _with_count(
    source: dict[str, object], counts: Counter[tuple[str, str, str]]
) -> dict[str, object]:
    """Add to a source's facts how many of its functions are in the set."""
    name, language = source.get("name", source.get("set")), source.get("language")
    examples = sum(
        count
        for (package, own, split), count in counts.items()
        if (package, split) == (name, source["split"]) and language in {None, own}
    )
    return source | {"examples": examples}


def _living(
    pairs: Mapping[str, Sequence[Pair]], splits: Mapping[str, Sequence[Example]]
) -> dict[str, list[Pair]]:
    """Leave out pairs of which one side is not in the set."""
    living = {}
    for split, listed in pairs.items():
        ids = {row.id for row in splits[split]}
        living[split] = [pair for pair in listed if {pair.left, pair.right} <= ids]
    return living
