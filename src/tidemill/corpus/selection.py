"""Which functions of the harvest enter the set: no two alike, no package too large."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from tidemill.core.hashing import content_hash
from tidemill.core.randomness import stream
from tidemill.corpus.example import SPLITS, Example
from tidemill.corpus.near import TOKEN, near_duplicates
from tidemill.corpus.recipe import Limits, Recipe

__all__ = ["ORDER", "capped", "without_equals", "without_near"]

ORDER = ("test", "valid", "train")
"""Precedence: of several that are alike, the one whose split comes first stays."""


def normalised(text: str) -> str:
    return " ".join(text.split())


def without_equals(rows: Iterable[tuple[str, Example]], dropped: Counter[str]) -> list[tuple[str, Example]]:
    """Leave out code that occurred before; a query that did is taken from its function."""
    codes: set[str] = set()
    queries: set[str] = set()
    kept = []
    for split, example in rows:
        code = content_hash(normalised(example.code).encode("utf-8", "surrogatepass"))
        if code in codes:
            dropped["equal function"] += 1
            continue
        codes.add(code)
        if example.query:
            query = f"{example.language} {normalised(example.query).lower()}"
            if query in queries:
                example = replace(example, query="")
            queries.add(query)
        kept.append((split, example))
    return kept


def without_near(rows: Sequence[tuple[str, Example]], similarity: float, dropped: Counter[str]) -> list[tuple[str, Example]]:
    """Leave out functions that are almost the same as an earlier one of their language."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, (_, example) in enumerate(rows):
        places[example.language].append(place)
    gone: set[int] = set()
    for own in places.values():
        found = near_duplicates([rows[place][1].code for place in own], similarity)
        gone.update(own[place] for place in found)
    dropped["near duplicate"] += len(gone)
    return [row for place, row in enumerate(rows) if place not in gone]


def limited(rows: Sequence[Example], limits: Limits, seed: int, dropped: Counter[str]) -> list[Example]:
    """Draw at most as many documented and undocumented functions of each language as are wanted."""
    kinds: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for place, example in enumerate(rows):
        kinds[example.language, bool(example.query)].append(place)
    kept: list[int] = []
    for (language, documented), places in kinds.items():
        wanted = limits.documented if documented else limits.undocumented
        most = wanted.get(language, len(places) if documented else 0)
        chosen = evenly(places, rows, most, stream(seed, "corpus", language, str(documented)))
        dropped["over the limit"] += len(places) - len(chosen)
        kept += chosen
    return [rows[place] for place in sorted(kept)]


def evenly(places: Sequence[int], rows: Sequence[Example], most: int, chance: Random) -> list[int]:
    """Draw at most `most` places, and from no package more than are needed for that."""
    packages: dict[str, list[int]] = defaultdict(list)
    for place in places:
        packages[rows[place].package].append(place)
    level = water_level([len(own) for own in packages.values()], most)
    whole = int(level)
    chosen: list[int] = []
    for own in packages.values():
        chosen += own if len(own) <= whole else chance.sample(own, whole)
    return chosen


def water_level(amounts: Sequence[int], most: int) -> float:
    """Return the level to which amounts are cut so that together they make `most`."""
    left = most
    for count, amount in enumerate(sorted(amounts)):
        others = len(amounts) - count
        if amount * others > left:
            return left / others
        left -= amount
    return max(amounts, default=0)


def capped(rows: Sequence[Example], share: float, seed: int, dropped: Counter[str]) -> list[Example]:
    """Take from packages that have more than their share of their language's tokens."""
    sizes = [len(TOKEN.findall(row.code)) for row in rows]
    owners: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, row in enumerate(rows):
        owners[row.language][row.package].append(place)
    kept: list[int] = []
    for language, packages in owners.items():
        totals = {name: sum(sizes[p] for p in places) for name, places in packages.items()}
        most = ceiling(list(totals.values()), share)
        for name, places in packages.items():
            if totals[name] > most:
                chosen = drawn(places, rows, sizes, most, seed, f"{language}/{name}")
                dropped["over the package's share"] += len(places) - len(chosen)
                kept += chosen
            else:
                kept += places
    return [rows[place] for place in sorted(kept)]


def drawn(places, rows, sizes, most, seed, name):
    order = list(places)
    stream(seed, "corpus", "share", name).shuffle(order)
    order.sort(key=lambda place: not rows[place].query)
    total, chosen = 0, []
    for place in order:
        if total + sizes[place] > most:
            break
        total += sizes[place]
        chosen.append(place)
    return chosen


def ceiling(totals: Sequence[int], share: float) -> float:
    """Return the most that one may have so that nobody has more than a share of what is left."""
    if len(totals) * share <= 1:
        return max(totals, default=0)
    high = sorted(totals, reverse=True)
    rest = sum(high)
    for count, total in enumerate(high):
        # `count` packages are cut to c, the others keep theirs: c = share * (count * c + rest).
        if 1 - share * count <= 0:
            break
        most = share * rest / (1 - share * count)
        if total <= most:
            return most
        rest -= total
    return high[-1]
