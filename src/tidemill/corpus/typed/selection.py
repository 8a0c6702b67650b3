"""Which labelled files enter a set: none alike, and many packages instead of a few large ones."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tidemill.core.randomness import stream
from tidemill.corpus.example import SPLITS
from tidemill.corpus.near import near_duplicates
from tidemill.corpus.recipe import Recipe
from tidemill.corpus.selection import PRECEDENCE, ceiling
from tidemill.corpus.typed.labelled import LabelledFile

if TYPE_CHECKING:
    from random import Random

__all__ = ["chosen_files", "select_files"]

Rows = Mapping[str, Sequence[LabelledFile]]


def chosen_files(texts: Mapping[str, bytes], recipe: Recipe) -> list[str]:
    """Return paths, drawn from the seed, whose files together are no larger than the limit.

    Args:
        texts: The files of a package.
        recipe: Its limit and its seed.
    """
    order = sorted(texts)
    if not recipe.limits.package_bytes:
        return order
    _shuffle(order, recipe)
    chosen, room = [], recipe.limits.package_bytes
    for path in order:
        if len(texts[path]) <= room:
            chosen.append(path)
            room -= len(texts[path])
    return sorted(chosen)


def select_files(rows: Rows, recipe: Recipe) -> tuple[dict[str, list[LabelledFile]], Counter[str]]:
    """Choose the files of a set.

    Args:
        rows: What was labelled for each split.
        recipe: Its limits and its seed.

    Returns:
        The files of each split, and how many were dropped for which reason.
    """
    dropped: Counter[str] = Counter()
    chosen = _distinct(rows, recipe, dropped)
    for split in SPLITS:
        most = float(recipe.limits.held_out) if split != "train" else 0.0
        if split == "train" and recipe.limits.share < 1:
            totals = Counter[str]()
            for row in chosen[split]:
                totals[row.file.package] += len(row.sites)
            most = ceiling([*totals.values()], recipe.limits.share)
        if most:
            kept = _within(chosen[split], most, recipe)
            dropped["over the share of its package"] += len(chosen[split]) - len(kept)
            chosen[split] = kept
    return chosen, +dropped


def _distinct(rows: Rows, recipe: Recipe, dropped: Counter[str]) -> dict[str, list[LabelledFile]]:
    """Leave out files that are the same as, or almost the same as, one that comes before."""
    chosen: dict[str, list[LabelledFile]] = {split: [] for split in SPLITS}
    listed = [(split, row) for split in PRECEDENCE for row in rows.get(split, ())]
    gone: Mapping[int, int] = {}
    if recipe.limits.near:
        gone = near_duplicates([row.file.code for _, row in listed], recipe.limits.near)
    seen: set[str] = set()
    for place, (split, row) in enumerate(listed):
        if row.file.id in seen:
            dropped["equal file"] += 1
        elif place in gone:
            dropped["almost equal file"] += 1
        else:
            chosen[split].append(row)
        seen.add(row.file.id)
    return chosen


def _within(rows: Sequence[LabelledFile], most: float, recipe: Recipe) -> list[LabelledFile]:
    """Draw files until their package has as many sites as it may have."""
    order = [*range(len(rows))]
    _shuffle(order, recipe)
    room: defaultdict[str, float] = defaultdict(lambda: most)
    kept = set()
    for place in order:
        row = rows[place]
        if len(row.sites) <= room[row.file.package]:
            room[row.file.package] -= len(row.sites)
            kept.add(place)
    return [row for place, row in enumerate(rows) if place in kept]


def _shuffle(order: list[int] | list[str], recipe: Recipe) -> None:
    chance: Random = stream(recipe.seed, "files")
    chance.shuffle(order)
