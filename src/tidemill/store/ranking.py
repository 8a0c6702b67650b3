"""BM25 over segments: exact scores, best first, without touching most postings.

The score is that of Robertson and Zaragoza (2009) with Lucene's never negative
inverse document frequency, and weighted frequencies for fields (BM25F with one
length). Terms are taken from rare to common; once the terms that are left
cannot lift a new document into the answer, only the candidates are looked up in
them (MaxScore, Turtle and Flood 1995), which is exact.
"""

import math
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidemill.store.cache import PostingCache, TermPostings
from tidemill.store.postings import term_hashes
from tidemill.store.segments import Segment

__all__ = [
    "LENGTH_SHARE",
    "SATURATION",
    "Collection",
    "Found",
    "best",
    "collection_of",
    "scores_of",
]

SATURATION = 1.2
LENGTH_SHARE = 0.75

COMMON = 4_096
"""Postings from which a term is worth a look at whether its new documents matter."""

TIES = 256
"""Equal scores that are kept past the limit, so that the cut among them is by name."""

SLACK = 1e-4
"""Share that float32 sums may be off by; candidates are scored again in float64."""


TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """A segment as one reader sees it.

    Attributes:
        segment: The segment.
        alive: Which documents live.
        norms: ``k1 * (1 - b + b * length / mean)`` of each document, infinite for
            the dead; float32.
        whole: Whether every document lives.
    """

    segment: Segment
    alive: NDArray[np.bool_]
    norms: NDArray[np.float32]
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Collection:
    """All living documents of a store.

    Attributes:
        views: One for each segment.
        documents: How many documents live.
        cache: Postings of the segments that were read before.
    """

    views: tuple[View, ...]
    documents: int
    cache: PostingCache


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """One document of an answer.

    Attributes:
        unit: Its unit's row.
        score: Its score.
        terms: The terms of the query.
        added: What each of them added.
    """

    unit: int
    score: float
    terms: Sequence[str] = ()
    added: Sequence[float] | NDArray[np.float64] = ()

    @property
    def parts(self) -> tuple[tuple[str, float], ...]:
        """The terms that matched with what they added, the largest contribution first."""
        named = zip(self.terms, self.added, strict=True)
        return tuple(
            sorted(((term, float(part)) for term, part in named if part > 0), key=_by_part)
        )


def _by_part(pair: tuple[str, float]) -> float:
    return -pair[1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QueryTerm:
    """A query term: the most it can add to a score, and its postings in each segment."""

    text: str
    weight: float
    lists: tuple[TermPostings, ...]


def collection_of(
    segments: Sequence[Segment], living_files: NDArray[np.bool_], cache: PostingCache
) -> Collection:
    """Return the living documents of ``segments``.

    Args:
        segments: All segments of the store.
        living_files: For each row number of a file, whether it is in the store.
        cache: For their postings; may hold some already.
    """
    alive = [living_files[segment.documents.files] for segment in segments]
    count = sum(int(np.count_nonzero(mask)) for mask in alive)
    total = sum(
        float(segment.documents.lengths[mask].sum(dtype=np.float64))
        for segment, mask in zip(segments, alive, strict=True)
    )
    mean = total / count if count and total else 1.0
    views = tuple(
        View(
            segment=segment,
            alive=mask,
            norms=norms_of(segment, mask, mean),
            whole=bool(mask.all()),
        )
        for segment, mask in zip(segments, alive, strict=True)
    )
    return Collection(views=views, documents=count, cache=cache)


def norms_of(segment: Segment, mask: NDArray[np.bool_], mean: float) -> NDArray[np.float32]:
    """Return the length norm of each document; those outside the mask can never score."""
    norms = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE / mean * segment.documents.lengths)
    return np.where(mask, norms, np.inf).astype(np.float32)


def query_terms(
    connection: sqlite3.Connection, collection: Collection, terms: Sequence[str]
) -> list[QueryTerm]:
    """Read the postings of each distinct term that occurs, the rarest first."""
    counts = Counter(terms)
    found = []
    for text, key in zip(counts, term_hashes(counts).tolist(), strict=True):
        lists = tuple(
            collection.cache.get(connection, view.segment, key) for view in collection.views
        )
        frequency = sum(
            living_count(view, part) for view, part in zip(collection.views, lists, strict=True)
        )
        if frequency:
            rarity = math.log1p((collection.documents - frequency + 0.5) / (frequency + 0.5))
            found.append(QueryTerm(text=text, weight=counts[text] * rarity, lists=lists))
    return sorted(found, key=lambda term: (-term.weight, term.text))


def living_count(view: View, postings: TermPostings) -> int:
    """Return in how many living documents a term stands."""
    if view.whole:
        return len(postings.documents)
    return int(np.count_nonzero(view.alive[postings.documents]))


def best(
    connection: sqlite3.Connection,
    collection: Collection,
    terms: Sequence[str],
    *,
    limit: int,
    wanted: Sequence[NDArray[np.bool_]] | None = None,
) -> list[Found]:
    """Return the best documents for ``terms``, best first, and all that tie with the last.

    Args:
        connection: Inside a read transaction.
        collection: The living documents in that transaction.
        terms: Finished terms; a repeated one counts as often.
        limit: How many to return at least, if so many match.
        wanted: For each segment, the documents that a filter lets through.
    """
    query = query_terms(connection, collection, terms)
    threshold = 0.0
    found: list[tuple[float, int, NDArray[np.float64]]] = []
    for number in largest_first(collection.views):
        view = collection.views[number]
        norms = view.norms
        if wanted is not None:
            norms = np.where(wanted[number], norms, np.float32(np.inf))
        lists = [(term.weight, term.lists[number]) for term in query]
        candidates = promising(lists, norms, limit, threshold)
        scored = rescored(lists, norms, candidates, limit)
        found += [
            (score, int(view.segment.documents.units[document]), parts)
            for score, document, parts in scored
        ]
        found = leading(found, limit)
        if len(found) >= limit:
            threshold = found[limit - 1][0]
    return _told(query, found)


def scores_of(
    connection: sqlite3.Connection,
    collection: Collection,
    terms: Sequence[str],
    units: NDArray[np.int64],
) -> list[Found]:
    """Return what the terms say of some units; those without any of them are left out."""
    query = query_terms(connection, collection, terms)
    found: list[tuple[float, int, NDArray[np.float64]]] = []
    for number, view in enumerate(collection.views):
        lists = [(term.weight, term.lists[number]) for term in query]
        rows = view.segment.documents.units
        candidates = numbers_of(np.isin(rows, units), lists)
        scored = rescored(lists, view.norms, candidates, len(candidates)) if lists else []
        found += [(score, int(rows[place]), parts) for score, place, parts in scored if score > 0]
    return _told(query, found)


def _told(
    query: Sequence[QueryTerm], found: Sequence[tuple[float, int, NDArray[np.float64]]]
) -> list[Found]:
    terms = [term.text for term in query]
    return [Found(unit=unit, score=score, terms=terms, added=parts) for score, unit, parts in found]


def largest_first(views: Sequence[View]) -> list[int]:
    """Return the order in which to search: what the largest yields spares work in the others."""
    return sorted(range(len(views)), key=lambda number: -len(views[number].alive))


def promising(
    lists: Sequence[tuple[float, TermPostings]],
    norms: NDArray[np.float32],
    limit: int,
    threshold: float,
) -> NDArray[np.unsignedinteger]:
    """Return the documents of a segment that may be among the best.

    Args:
        lists: Weight and postings of each term, falling in weight.
        norms: Length norm of each document.
        limit: How many are wanted.
        threshold: Score that they must reach at least, from other segments.
    """
    scores = np.zeros(len(norms), dtype=np.float32)
    left = sum(weight for weight, _ in lists)
    candidates: NDArray[np.unsignedinteger] | None = None
    for weight, postings in lists:
        if candidates is None and len(postings.documents) >= COMMON:
            threshold = max(threshold, last_of_best(scores, limit))
            if left < threshold:
                candidates = numbers_of(scores >= threshold * (1 - SLACK) - left, lists)
        if candidates is None:
            documents = postings.documents
            scores[documents] += contribution(postings.frequencies, norms[documents], weight)
        else:
            frequencies = postings.frequencies_in(candidates)
            scores[candidates] += contribution(frequencies, norms[candidates], weight)
        left -= weight
    threshold = max(threshold, last_of_best(scores, limit))
    return numbers_of(scores >= max(threshold * (1 - SLACK), TINY), lists)


def numbers_of(
    mask: NDArray[np.bool_], lists: Sequence[tuple[float, TermPostings]]
) -> NDArray[np.unsignedinteger]:
    """Return the documents under a mask, in the type of the segment's postings."""
    kind = lists[0][1].documents.dtype if lists else np.uint32
    return np.flatnonzero(mask).astype(kind)


def last_of_best(scores: NDArray[np.float32], limit: int) -> float:
    """Return a score that at least ``limit`` documents reach; 0 when there are none such.

    The best of each of many blocks bounds the best of all from below, and costs
    one pass instead of a selection.
    """
    blocks = max(limit * 16, 1024)
    if len(scores) < 4 * blocks:
        ranked = scores
    else:
        width = len(scores) // blocks
        ranked = scores[: blocks * width].reshape(width, blocks).max(axis=0)
    if len(ranked) < limit:
        return 0.0
    return float(np.partition(ranked, len(ranked) - limit)[len(ranked) - limit])


def contribution(
    frequencies: NDArray[np.uint8], norms: NDArray[np.float32], weight: float
) -> NDArray[np.float32]:
    """Return what a term adds to documents with these frequencies and norms."""
    added = frequencies.astype(np.float32)
    added /= added + norms
    added *= np.float32(weight)
    return added


def rescored(
    lists: Sequence[tuple[float, TermPostings]],
    norms: NDArray[np.float32],
    candidates: NDArray[np.unsignedinteger],
    limit: int,
) -> list[tuple[float, int, NDArray[np.float64]]]:
    """Score candidates in float64: score, document and each term's part of the best."""
    if not len(candidates):
        return []
    frequencies = np.array([postings.frequencies_in(candidates) for _, postings in lists]).T
    weights = np.array([weight for weight, _ in lists])
    lengths = norms[candidates].astype(np.float64)
    parts = weights * frequencies / (frequencies + lengths[:, np.newaxis])
    scores = np.zeros(len(candidates))
    for part in parts.T:  # one by one: the order of `sum` depends on how the array lies in memory
        scores += part
    first = np.argsort(-scores, kind="stable")[: limit + TIES]
    return list(zip(scores[first].tolist(), candidates[first].tolist(), parts[first], strict=True))


def leading(
    found: list[tuple[float, int, NDArray[np.float64]]], limit: int
) -> list[tuple[float, int, NDArray[np.float64]]]:
    """Keep the best ``limit`` and a number of those that tie with the last."""
    found.sort(key=lambda entry: (-entry[0], entry[1]))
    if len(found) <= limit:
        return found
    last = found[limit - 1][0]
    ties = sum(1 for entry in found[limit : limit + TIES] if entry[0] == last)
    return found[: limit + ties]
