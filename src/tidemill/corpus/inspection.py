"""What is in a packed training set, and whether one split gives another away."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tidemill.core.progress import Progress, Silence
from tidemill.core.randomness import stream
from tidemill.corpus.example import SPLITS, Example
from tidemill.corpus.near import TOKEN, near_duplicates
from tidemill.corpus.packed import open_corpus
from tidemill.corpus.selection import PRECEDENCE

__all__ = ["Duplicates", "Inspection", "LanguageFacts", "inspect_corpus"]

SAMPLES = 10
SIMILARITY = 0.8
PERCENTILES = (5, 50, 95, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageFacts:
    """One language of a set.

    Attributes:
        splits: Examples of each split.
        with_query: How many of all have a query.
        packages: What they come from, the largest first, with their counts.
        tokens: Tokens of the code at each percentile.
    """

    splits: dict[str, int]
    with_query: int
    packages: dict[str, int]
    tokens: dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """How much is in a set twice.

    Attributes:
        equal: Examples whose text, but for white space, came before in any split.
        near: Those whose 5-token shingles are like those of an earlier one, to a
            Jaccard similarity of .8 or more; None when nobody looked.
        equal_across: Of the equal ones, those whose like is in another split.
        near_across: Of the near ones, the same.
        families_across: Families and groups that are in more than one split.
    """

    equal: int
    near: int | None
    equal_across: int
    near_across: int | None
    families_across: tuple[str, ...]

    @property
    def leaks(self) -> bool:
        """Whether one split gives away what another asks."""
        return bool(self.equal_across or self.near_across or self.families_across)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What is in a packed training set.

    Attributes:
        name: Of the set.
        about: What it is for.
        folder: Where it is.
        splits: Examples of each split.
        pairs: Labelled pairs of each split.
        languages: What each language has.
        dropped: What the build left out, counted by reason.
        duplicates: What is in it twice.
        samples: Ten examples, drawn by the seed.
    """

    name: str
    about: str
    folder: Path
    splits: dict[str, int]
    pairs: dict[str, int]
    languages: dict[str, LanguageFacts]
    dropped: dict[str, int]
    duplicates: Duplicates
    samples: tuple[Example, ...]


def inspect_corpus(
    folder: Path, *, seed: int = 0, near: bool = True, progress: Progress | None = None
) -> Inspection:
    """Look into a packed training set; every file is compared with its hash first.

    Args:
        folder: The set.
        seed: Of the examples that are drawn.
        near: Look for near duplicates as well: half a minute for 100,000 functions.
        progress: Told of every step.

    Raises:
        InputError: It is no such set, or damaged.
        MissingExtraError: Nothing here can read Parquet.
    """
    progress = progress or Silence()
    corpus = open_corpus(folder, verify=True)
    rows = {split: list(corpus.examples(split)) for split in SPLITS}
    everything = [row for split in SPLITS for row in rows[split]]
    progress.advance(len(everything), None, "looking for duplicates")
    chosen = stream(seed, "corpus", "samples").sample(everything, min(SAMPLES, len(everything)))
    return Inspection(
        name=corpus.name,
        about=str(corpus.manifest["about"]),
        folder=folder,
        splits={split: len(rows[split]) for split in SPLITS},
        pairs={split: sum(1 for _ in corpus.pairs(split)) for split in SPLITS},
        languages={name: _language_facts(rows, name) for name in _languages(everything)},
        dropped=dict(corpus.manifest["dropped"]),
        duplicates=_duplicates(rows, near=near),
        samples=tuple(chosen),
    )


def _languages(rows: Iterable[Example]) -> list[str]:
    return sorted({row.language for row in rows})


def _language_facts(rows: Mapping[str, Sequence[Example]], language: str) -> LanguageFacts:
    own = {split: [row for row in rows[split] if row.language == language] for split in SPLITS}
    everything = [row for split in SPLITS for row in own[split]]
    lengths = sorted(len(TOKEN.findall(row.code)) for row in everything)
    return LanguageFacts(
        splits={split: len(own[split]) for split in SPLITS},
        with_query=sum(1 for row in everything if row.query),
        packages=dict(Counter(row.package for row in everything).most_common()),
        tokens={p: lengths[(len(lengths) - 1) * p // 100] for p in PERCENTILES},
    )


def _duplicates(rows: Mapping[str, Sequence[Example]], *, near: bool) -> Duplicates:
    places = [(split, row) for split in PRECEDENCE for row in rows[split]]
    first: dict[tuple[str, str], str] = {}
    equal = equal_across = 0
    for split, row in places:
        home = first.setdefault((row.language, " ".join(row.code.split())), split)
        equal_across += home != split
        equal += 1
    found, across = _near(places) if near else (None, None)
    return Duplicates(
        equal=equal - len(first),
        near=found,
        equal_across=equal_across,
        near_across=across,
        families_across=_families_across(rows),
    )


def _near(places: Sequence[tuple[str, Example]]) -> tuple[int, int]:
    """Count near duplicates, and those of them whose like is in another split."""
    found = across = 0
    for language in _languages(row for _, row in places):
        own = [(split, row.code) for split, row in places if row.language == language]
        like = near_duplicates([code for _, code in own], SIMILARITY)
        found += len(like)
        across += sum(own[later][0] != own[earlier][0] for later, earlier in like.items())
    return found, across


def _families_across(rows: Mapping[str, Sequence[Example]]) -> tuple[str, ...]:
    homes: defaultdict[str, set[str]] = defaultdict(set)
    for split in SPLITS:
        for row in rows[split]:
            homes[row.family].add(split)
            if row.group:
                homes[f"group {row.group}"].add(split)
    return tuple(sorted(name for name, splits in homes.items() if len(splits) > 1))
