"""Which term stands in which document how often, as flat arrays.

A `Postings` holds a number of documents, their terms as sorted 64-bit hashes, and
for each term the ascending documents it stands in. Workers make small ones from
finished terms, the store merges them. Nothing in it depends on the other
documents of the store, so BM25 is computed from exact, current statistics.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from tidemill.store.rows import KINDS, Kind

__all__ = [
    "BODY",
    "DOC",
    "NAME",
    "DocumentTerms",
    "Documents",
    "PostingLists",
    "Postings",
    "gather",
    "join_documents",
    "merge_lists",
    "term_hashes",
]

NAME, DOC, BODY = 2, 1, 1
"""How often a term counts that stands in a unit's name, its doc, or its body."""

MAX_FREQUENCY = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTerms:
    """The finished terms of one document.

    Attributes:
        kind: What the document is, for the filter by kind.
        file: Ordinal of its file within the batch.
        fields: Terms with the weight that each occurrence has.
    """

    kind: Kind
    file: int
    fields: tuple[tuple[Sequence[str], int], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Documents:
    """What is known of each document besides its terms.

    Attributes:
        lengths: Weighted number of its terms; float32.
        kinds: Index of its kind in `KINDS`; uint8.
        files: Its file: an ordinal in a batch, a row in the store; int64.
        units: Row of its unit in the store, 0 before it has one; int64.
    """

    lengths: NDArray[np.float32]
    kinds: NDArray[np.uint8]
    files: NDArray[np.int64]
    units: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.lengths)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PostingLists:
    """Terms, each with the documents it stands in.

    Attributes:
        terms: Hashes of the distinct terms, ascending; uint64.
        starts: Where each term's postings begin, and their end; int64, one longer.
        documents: Document of each posting, ascending within a term; uint32.
        frequencies: Weighted frequency of the term there, at most 255; uint8.
    """

    terms: NDArray[np.uint64]
    starts: NDArray[np.int64]
    documents: NDArray[np.uint32]
    frequencies: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Postings:
    """Documents with their terms: what a worker hands to the store."""

    documents: Documents
    lists: PostingLists


def term_hashes(terms: Iterable[str]) -> NDArray[np.uint64]:
    """Return the 64-bit BLAKE2b hash of each term, in the order given."""
    digests = b"".join(
        blake2b(term.encode("utf-8", "surrogateescape"), digest_size=8).digest() for term in terms
    )
    return np.frombuffer(digests, dtype=np.dtype("<u8")).astype(np.uint64)


def gather(documents: Sequence[DocumentTerms]) -> Postings:
    """Count the terms of each document.

    Args:
        documents: In the order in which they are numbered, from 0.
    """
    ordinals: dict[str, int] = {}
    terms: list[int] = []
    frequencies: list[int] = []
    distinct: list[int] = []
    lengths: list[int] = []
    for document in documents:
        counts = weighted_counts(document.fields)
        terms.extend(ordinals.setdefault(term, len(ordinals)) for term in counts)
        frequencies.extend(counts.values())
        distinct.append(len(counts))
        lengths.append(sum(counts.values()))
    keys = term_hashes(ordinals)[np.array(terms, dtype=np.int64)]
    owners = np.repeat(np.arange(len(documents), dtype=np.uint32), distinct)
    capped = np.minimum(np.array(frequencies, dtype=np.int64), MAX_FREQUENCY).astype(np.uint8)
    return Postings(
        documents=Documents(
            lengths=np.array(lengths, dtype=np.float32),
            kinds=np.array([KINDS.index(document.kind) for document in documents], np.uint8),
            files=np.array([document.file for document in documents], dtype=np.int64),
            units=np.zeros(len(documents), dtype=np.int64),
        ),
        lists=sorted_lists(keys, owners, capped),
    )


def weighted_counts(fields: tuple[tuple[Sequence[str], int], ...]) -> Counter[str]:
    """Return how often each term occurs, each occurrence counted by its field's weight."""
    counts: Counter[str] = Counter()
    for terms, weight in fields:
        if weight == 1:
            counts.update(terms)
        else:
            for term in terms:
                counts[term] += weight
    return counts


def sorted_lists(
    keys: NDArray[np.uint64], documents: NDArray[np.uint32], frequencies: NDArray[np.uint8]
) -> PostingLists:
    """Sort postings by term, keeping the order of documents, and find where terms begin."""
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    firsts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))[: len(keys)])
    return PostingLists(
        terms=keys[firsts],
        starts=np.append(firsts, len(keys)).astype(np.int64),
        documents=documents[order],
        frequencies=frequencies[order],
    )


def merge_lists(parts: Sequence[PostingLists], alive: Sequence[NDArray[np.bool_]]) -> PostingLists:
    """Join posting lists, numbering documents in the order of the parts.

    Args:
        parts: What to join.
        alive: For each part, which of its documents to keep.
    """
    keys, documents, frequencies = [], [], []
    for part, keep, numbers in zip(parts, alive, renumbering(alive), strict=True):
        mask = keep[part.documents]
        keys.append(np.repeat(part.terms, np.diff(part.starts))[mask])
        documents.append(numbers[part.documents[mask]])
        frequencies.append(part.frequencies[mask])
    return sorted_lists(
        np.concatenate(keys), np.concatenate(documents), np.concatenate(frequencies)
    )


def renumbering(alive: Sequence[NDArray[np.bool_]]) -> Iterator[NDArray[np.uint32]]:
    """Yield each part's new document numbers: consecutive over all that stay alive."""
    offset = 0
    for keep in alive:
        yield (np.cumsum(keep, dtype=np.int64) - 1 + offset).astype(np.uint32)
        offset += int(np.count_nonzero(keep))


def join_documents(parts: Sequence[Documents], alive: Sequence[NDArray[np.bool_]]) -> Documents:
    """Join what is known of each document that stays alive."""
    pairs = list(zip(parts, alive, strict=True))
    return Documents(
        lengths=np.concatenate([part.lengths[keep] for part, keep in pairs]),
        kinds=np.concatenate([part.kinds[keep] for part, keep in pairs]),
        files=np.concatenate([part.files[keep] for part, keep in pairs]),
        units=np.concatenate([part.units[keep] for part, keep in pairs]),
    )
