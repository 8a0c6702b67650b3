"""Words and meaning together: BM25 and what experts say, added up.

A unit's score is ``weight of words * BM25 + sum of weight of expert * cosine``. The sum is
linear, so that a unit's score does not depend on which others were found, and exact for every
candidate: the best by words and the nearest by each expert. Why not ranks: docs/why.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np  # noqa: TID253  search reads vectors, and the store brings numpy anyway
from jaxtyping import Bool, Float
from numpy import ndarray  # noqa: TID253

from tidemill.serving.embedder import Embedder
from tidemill.store.filters import SearchFilters
from tidemill.store.ranking import Found
from tidemill.store.rows import Hit
from tidemill.store.snapshot import Snapshot
from tidemill.store.vectors import VectorIndex
from tidemill.tasks.embedding import EMBEDDED_KINDS

__all__ = ["WORDS", "Asked", "FusedHit", "ask", "fused_search", "weight_of"]

WORDS = "words"
"""What the lexical part of a score is called."""

WEIGHTS: Mapping[str, float] = {
    WORDS: 0.05,
    "search-terms": 1.0,
    "search-tokens": 1.0,
    "search-code": 1.0,
}
"""Chosen on the valid part of the corpus ``code-search``, on a grid of halvings."""

OTHER_WEIGHT = 1.0
CANDIDATES = 100
"""How many each of the parts proposes at least."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """An expert with a query and all that it said of the store.

    Attributes:
        name: The expert's.
        query: Its vector of the query.
        index: Its vectors of functions.
    """

    name: str
    query: Float[ndarray, " vector"]
    index: VectorIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class FusedHit:
    """One answer with what each part gave it.

    Attributes:
        hit: The unit; its score and reasons are those of its words.
        score: The sum.
        parts: What each part added.
    """

    hit: Hit
    score: float
    parts: Mapping[str, float]


def weight_of(name: str) -> float:
    """Return what a part counts."""
    return WEIGHTS.get(name, OTHER_WEIGHT)


def ask(experts: Mapping[str, Embedder], query: str, snapshot: Snapshot) -> list[Asked]:
    """Ask experts for a query's vectors; those without vectors in the store are passed over."""
    found = []
    for name, embedder in experts.items():
        index = snapshot.vectors(embedder.expert_hash)
        if len(index):
            found.append(Asked(name=name, query=embedder.queries([query])[0], index=index))
    return found


def fused_search(
    snapshot: Snapshot,
    terms: Sequence[str],
    asked: Sequence[Asked],
    *,
    limit: int,
    filters: SearchFilters,
) -> list[FusedHit]:
    """Return the best units by the sum of all parts.

    Args:
        snapshot: The store.
        terms: Finished terms of the query.
        asked: The experts with the query.
        limit: How many at most.
        filters: What may answer.
    """
    most = max(CANDIDATES, limit)
    by_words = snapshot.ranked(terms, limit=most, filters=filters)
    near = {key for one in asked for key in _nearest(one, snapshot, most, filters)}
    units = snapshot.units_of_bodies(sorted(near), filters=filters)
    bodies = {unit: key for key, group in units.items() for unit in group}
    others = sorted(bodies.keys() - {entry.unit for entry in by_words})
    scored = {entry.unit: entry for entry in snapshot.scored(terms, others)}
    silent = [Found(unit=unit, score=0.0) for unit in others if unit not in scored]
    candidates = [*by_words, *scored.values(), *silent]
    bodies |= snapshot.bodies_of_units([one.unit for one in by_words if one.unit not in bodies])
    columns = _columns(candidates, [bodies[entry.unit] for entry in candidates], asked)
    fused = list(_shown(candidates, columns, snapshot, limit))
    fused.sort(key=lambda entry: (-entry.score, entry.hit.path, entry.hit.unit.start_byte))
    return fused[:limit]


def _nearest(one: Asked, snapshot: Snapshot, count: int, filters: SearchFilters) -> list[str]:
    wanted = _wanted(one.index, snapshot, filters)
    return [key for key, _ in one.index.nearest(one.query, count, wanted)]


def _wanted(
    index: VectorIndex, snapshot: Snapshot, filters: SearchFilters
) -> Bool[ndarray, " bodies"] | None:
    """Return which bodies the filters let through; None for all.

    Only paths, and kinds that leave some functions out, are looked up: a body's key begins with
    its language, and bodies without a vector do not matter here.
    """
    wanted = (
        index.beginning(f"{name}." for name in filters.languages) if filters.languages else None
    )
    if filters.paths or (filters.kinds and not filters.kinds.issuperset(EMBEDDED_KINDS)):
        passing = index.among(snapshot.bodies_passing(filters))
        wanted = passing if wanted is None else wanted & passing
    return wanted


def _columns(
    candidates: Sequence[Found], keys: Sequence[str], asked: Sequence[Asked]
) -> dict[str, Float[ndarray, " candidates"]]:
    """Return what each part gives each candidate; ``keys`` are those of their bodies."""
    words = np.array([entry.score for entry in candidates])
    columns = {WORDS: weight_of(WORDS) * words}
    for one in asked:
        columns[one.name] = weight_of(one.name) * one.index.cosines(one.query, keys)
    return columns


def _shown(
    candidates: Sequence[Found],
    columns: Mapping[str, Float[ndarray, " candidates"]],
    snapshot: Snapshot,
    limit: int,
) -> Iterator[FusedHit]:
    """Read the rows of the best candidates, and of all that are as good as the last of them."""
    scores = np.sum([column.astype(np.float64) for column in columns.values()], axis=0)
    least = np.sort(scores)[-min(limit, len(scores)) :][:1]
    places = np.flatnonzero(scores >= least).tolist() if len(scores) else []
    hits = snapshot.hits([candidates[place] for place in places])
    for place in places:
        yield FusedHit(
            hit=hits[candidates[place].unit],
            score=float(scores[place]),
            parts={name: float(column[place]) for name, column in columns.items()},
        )
