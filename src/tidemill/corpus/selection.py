"""Which of what was gathered enters the set: no two alike, nothing too large, many packages.

The order is that of precedence: of several that are alike, one of test stays
before one of valid, and that before one of training.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random

from tidemill.core.hashing import content_hash
from tidemill.core.randomness import stream
from tidemill.corpus.example import SPLITS, Example, identity
from tidemill.corpus.near import TOKEN, near_duplicates
from tidemill.corpus.recipe import Recipe
from tidemill.source.language import LANGUAGES

__all__ = ["PRECEDENCE", "ceiling", "select", "takes_unasked", "water_level"]

PRECEDENCE = ("test", "valid", "train")

Rows = Mapping[str, Sequence[Example]]


def select(rows: Rows, recipe: Recipe) -> tuple[dict[str, list[Example]], Counter[str]]:
    """Choose the examples of a set.

    Args:
        rows: What was gathered for each split, in its order.
        recipe: Its limits, its seed, and what is taken.

    Returns:
        The examples of each split in the same order, and how many were dropped
        for which reason.
    """
    dropped: Counter[str] = Counter()
    chosen = _admitted(rows, recipe, dropped)
    if recipe.limits.equal:
        chosen = _without_equals(chosen, recipe, dropped)
    if recipe.limits.near:
        chosen = _without_near(chosen, recipe.limits.near, dropped)
    for split in SPLITS:
        kept = _limited(chosen[split], _most(split, recipe), recipe.seed)
        dropped["over the limit of its language"] += len(chosen[split]) - len(kept)
        chosen[split] = kept
    kept = _shared(chosen["train"], recipe.limits.share, recipe.seed)
    dropped["over the share of its package"] += len(chosen["train"]) - len(kept)
    chosen["train"] = kept
    return {split: chosen[split] for split in SPLITS}, +dropped


def takes_unasked(recipe: Recipe, split: str, language: str) -> bool:
    """Whether functions without a query are taken.

    Args:
        recipe: What is taken.
        split: Where to.
        language: Of what language.
    """
    return recipe.take == "all" or (split == "train" and language in recipe.limits.undocumented)


def water_level(amounts: Sequence[int], most: int) -> float:
    """Return the level to which amounts are cut so that together they make `most`.

    Args:
        amounts: None of them negative.
        most: Their sum afterwards; the highest amount is the level when they make less.
    """
    left = float(most)
    for count, amount in enumerate(sorted(amounts)):
        others = len(amounts) - count
        if amount * others > left:
            return left / others
        left -= amount
    return float(max(amounts, default=0))


def ceiling(totals: Sequence[int], share: float) -> float:
    """Return the most that one may have so that none has more than a share of what is left.

    Cutting the n largest to c leaves c n + rest, and c = share (c n + rest).

    Args:
        totals: What each has.
        share: From 0 to 1; where there are too few for such shares, nobody is cut.
    """
    if len(totals) * share <= 1:
        return float(max(totals, default=0))
    rest = float(sum(totals))
    for count, total in enumerate(sorted(totals, reverse=True)):
        most = share * rest / (1 - share * count)
        if total <= most:
            return most
        rest -= total
    return 0.0


def _admitted(rows: Rows, recipe: Recipe, dropped: Counter[str]) -> dict[str, list[Example]]:
    """Leave out what is too long, and functions without a query where none are taken."""
    admitted: dict[str, list[Example]] = {}
    for split in PRECEDENCE:
        own = rows.get(split, ())
        asked = [row for row in own if row.query or takes_unasked(recipe, split, row.language)]
        longest = recipe.limits.longest_bytes
        kept = [row for row in asked if len(row.code.encode("utf-8", "replace")) <= longest]
        dropped["undocumented"] += len(own) - len(asked)
        dropped["too long"] += len(asked) - len(kept)
        admitted[split] = kept
    return admitted


def _without_equals(
    rows: Mapping[str, list[Example]], recipe: Recipe, dropped: Counter[str]
) -> dict[str, list[Example]]:
    """Leave out code that came before; a query that came before is nobody's own."""
    known: set[str] = set()
    chosen: dict[str, list[Example]] = {split: [] for split in PRECEDENCE}
    for split in PRECEDENCE:
        for row in rows[split]:
            code, query = _key(row, row.code), _key(row, f"?{row.query.lower()}")
            if code in known:
                dropped["equal function"] += 1
            elif not row.query or query not in known:
                chosen[split].append(row)
            elif takes_unasked(recipe, split, row.language):
                own = identity(row.language, "", row.code, row.group)
                chosen[split].append(replace(row, query="", id=own))
            else:
                dropped["equal query"] += 1
            known |= {code, query}
    return chosen


def _key(row: Example, text: str) -> str:
    words = f"{row.language} {' '.join(text.split())}"
    return content_hash(words.encode("utf-8", "surrogatepass"))


def _without_near(
    rows: Mapping[str, list[Example]], similarity: float, dropped: Counter[str]
) -> dict[str, list[Example]]:
    """Leave out functions that are almost the same as an earlier one of their language."""
    places: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for split in PRECEDENCE:
        for place, row in enumerate(rows[split]):
            places[row.language].append((split, place))
    gone: set[tuple[str, int]] = set()
    for own in places.values():
        texts = [rows[split][place].code for split, place in own]
        gone |= {own[number] for number in near_duplicates(texts, similarity)}
    dropped["near duplicate"] += len(gone)
    return {
        split: [row for place, row in enumerate(listed) if (split, place) not in gone]
        for split, listed in rows.items()
    }


def _most(split: str, recipe: Recipe) -> dict[tuple[str, bool], int]:
    """Return the most that are taken of a language, with a query and without one."""
    limits = recipe.limits
    if split != "train":
        kinds = [(language, asked) for language in LANGUAGES for asked in (True, False)]
        return dict.fromkeys(kinds, limits.held_out) if limits.held_out else {}
    asked = {(language, True): most for language, most in limits.documented.items()}
    return asked | {(language, False): most for language, most in limits.undocumented.items()}


def _limited(
    rows: Sequence[Example], most: Mapping[tuple[str, bool], int], seed: int
) -> list[Example]:
    """Draw no more than wanted of each kind, and from no package more than that needs."""
    kinds: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        kinds[row.language, bool(row.query)].append(place)
    kept: list[int] = []
    for (language, has_query), places in kinds.items():
        chance = stream(seed, "corpus", "limit", language, str(has_query))
        wanted = most.get((language, has_query), len(places))
        kept += _evenly(places, [rows[place].package for place in places], wanted, chance)
    return [rows[place] for place in sorted(kept)]


def _evenly(
    places: Sequence[int], owners: Sequence[str], most: int, chance: Random
) -> Iterable[int]:
    """Draw at most `most` places; no owner is cut below what any other keeps."""
    if len(places) <= most:
        return places
    own: dict[str, list[int]] = defaultdict(list)
    for place, owner in zip(places, owners, strict=True):
        own[owner].append(place)
    level = int(water_level([len(listed) for listed in own.values()], most))
    return [
        place
        for listed in own.values()
        for place in (listed if len(listed) <= level else chance.sample(listed, level))
    ]


def _shared(rows: Sequence[Example], share: float, seed: int) -> list[Example]:
    """Take from packages that have more than their share of their language's tokens."""
    sizes = [len(TOKEN.findall(row.code)) for row in rows]
    owners: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, row in enumerate(rows):
        owners[row.language][row.package].append(place)
    kept: list[int] = []
    for language, packages in owners.items():
        totals = [sum(sizes[place] for place in places) for places in packages.values()]
        most = ceiling(totals, share)
        for (name, places), total in zip(packages.items(), totals, strict=True):
            chance = stream(seed, "corpus", "share", language, name)
            kept += places if total <= most else _within(places, sizes, most, chance)
    return [rows[place] for place in sorted(kept)]


def _within(places: Sequence[int], sizes: Sequence[int], most: float, chance: Random) -> list[int]:
    """Draw places until the next would be too much."""
    chosen: list[int] = []
    total = 0
    for place in chance.sample(places, len(places)):
        total += sizes[place]
        if total > most:
            break
        chosen.append(place)
    return chosen
