"""Whoever ranks candidates for a query: the seam that every expert is measured through."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from tidemill.core.errors import ExpertError
from tidemill.core.hashing import content_hash
from tidemill.core.settings import Settings
from tidemill.corpus.documented import DocumentedFunction
from tidemill.serving.embedder import Embedder
from tidemill.source.dataflow.merging import text_graph
from tidemill.source.dataflow.packing import pack
from tidemill.source.language import LANGUAGES
from tidemill.source.tokens import terms
from tidemill.store.filters import SearchFilters
from tidemill.store.postings import BODY, NAME, DocumentTerms, gather
from tidemill.store.rows import Body, FileRecord, FileRow, UnitRow
from tidemill.store.snapshot import Snapshot
from tidemill.store.store import Store
from tidemill.store.writer import Batch
from tidemill.tasks.asking import experts_of
from tidemill.tasks.embedding import embed
from tidemill.tasks.hybrid import ask, fused_search

__all__ = [
    "HybridRanker",
    "Ranker",
    "RankerFactory",
    "StoreRanker",
    "hybrid_ranker",
    "store_ranker",
]


class Ranker(Protocol):
    """Something that scores a fixed set of candidates."""

    def rank(self, query: str) -> Sequence[float]:
        """Return a score for every candidate, in their order; higher is better.

        Args:
            query: Plain words; may be empty.
        """
        ...


RankerFactory = Callable[[Sequence[DocumentedFunction]], AbstractContextManager[Ranker]]
"""Makes a ranker over candidates; whatever it holds is let go of at the end of the block."""


class StoreRanker:
    """The store's own BM25 over a snapshot that holds the candidates and nothing else.

    Args:
        snapshot: Its files are named by the number of their candidate.
        count: How many candidates there are.
    """

    def __init__(self, snapshot: Snapshot, count: int) -> None:
        self._snapshot = snapshot
        self._count = count

    def rank(self, query: str) -> Sequence[float]:
        """Score the candidates as a search would; those without a query term get 0."""
        scores = [0.0] * self._count
        # As in a search, a word that is said twice counts once.
        wanted = list(dict.fromkeys(terms(query)))
        for hit in self._snapshot.search(wanted, limit=self._count):
            scores[int(hit.path)] = hit.score
        return scores


@contextmanager
def store_ranker(candidates: Sequence[DocumentedFunction]) -> Iterator[StoreRanker]:
    """Put candidates into a store of their own, away when the block ends.

    Each is a document with the terms that indexing gives it: those of its
    qualified name and of its text, which is without documentation here.
    """
    with _candidate_store(candidates) as store, store.snapshot() as snapshot:
        yield StoreRanker(snapshot, len(candidates))


@contextmanager
def _candidate_store(candidates: Sequence[DocumentedFunction]) -> Iterator[Store]:
    """Put candidates into a store of their own, whose files are named by their numbers."""
    with (
        tempfile.TemporaryDirectory(prefix="tidemill-") as folder,
        Store(Path(folder) / "candidates") as store,
    ):
        with store.writer() as writer:
            writer.begin()
            writer.write([_batch(candidates)])
            writer.finish()
        yield store


class HybridRanker:
    """Words and experts together, over a snapshot that holds the candidates and nothing else.

    Args:
        snapshot: Its files are named by the number of their candidate.
        count: How many candidates there are.
        experts: Who is asked, by name.
    """

    def __init__(self, snapshot: Snapshot, count: int, experts: Mapping[str, Embedder]) -> None:
        self._snapshot = snapshot
        self._count = count
        self._experts = experts

    def rank(self, query: str) -> Sequence[float]:
        """Score the candidates as a search would, all of them."""
        asked = ask(self._experts, query, self._snapshot)
        wanted = list(dict.fromkeys(terms(query)))
        scores = [0.0] * self._count
        for found in fused_search(
            self._snapshot, wanted, asked, limit=self._count, filters=SearchFilters()
        ):
            scores[int(found.hit.path)] = found.score
        return scores


@contextmanager
def hybrid_ranker(
    candidates: Sequence[DocumentedFunction], *, settings: Settings
) -> Iterator[HybridRanker]:
    """Put candidates into a store of their own and let the experts see them.

    Args:
        candidates: What is ranked.
        settings: Say which experts.

    Raises:
        ExpertError: One of the experts cannot be asked.
    """
    with _candidate_store(candidates) as store:
        report = embed(store.folder, settings=settings)
        if report.missing:
            name, reason = next(iter(report.missing.items()))
            raise ExpertError(f"{name}: {reason}")
        with store.snapshot() as snapshot:
            experts = experts_of(snapshot, settings).opened
            yield HybridRanker(snapshot, len(candidates), experts)


def _batch(candidates: Sequence[DocumentedFunction]) -> Batch:
    records = [_record(number, function) for number, function in enumerate(candidates)]
    documents = [
        DocumentTerms(
            kind="function",
            file=number,
            fields=((terms(function.qualified_name), NAME), (terms(function.code), BODY)),
        )
        for number, function in enumerate(candidates)
    ]
    return Batch(records=tuple(records), postings=gather(documents))


def _record(number: int, function: DocumentedFunction) -> FileRecord:
    text = function.code.encode()
    graph = text_graph(text, LANGUAGES[function.language])
    # As in an index, a body's key begins with its language.
    key = f"{function.language}.candidate:{content_hash(text)}"
    unit = UnitRow(
        kind="function",
        name=function.name,
        qualified_name=function.qualified_name,
        start_byte=0,
        end_byte=len(text),
        start_line=1,
        end_line=1 + text.count(b"\n"),
        body_hash=key,
    )
    return FileRecord(
        file=FileRow(path=str(number), language=function.language, content_hash=content_hash(text)),
        units=(unit,),
        bodies=(Body(hash=key, text=text, graph=pack(graph) if graph else b""),),
    )
