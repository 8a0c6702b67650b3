"""The learned pass of indexing: what experts say of every function, as vectors in the store.

Lexical answers are there as soon as `index` has read a file; this pass follows, batched by
length, and commits as it goes. A pass that is killed loses one batch, and the same command
goes on: what is missing is asked of the store itself. Searches are switched to experts only
when the vectors of all functions are there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tidemill.core.clock import SystemClock
from tidemill.core.progress import Progress, Silence
from tidemill.core.settings import Settings, resolve
from tidemill.serving.embedder import CodeText, Embedder
from tidemill.store.store import Store
from tidemill.store.writer import StoreWriter
from tidemill.tasks.asking import names_in, opened_experts

__all__ = ["EMBEDDED_KINDS", "EmbeddingReport", "embed"]

EMBEDDED_KINDS = ("function", "method")
BATCH = 256
JOB = "embed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingReport:
    """What one pass did.

    Attributes:
        experts: Those whose vectors are complete, with the hash of each.
        embedded: Vectors that were made.
        missing: Why experts that were asked for could not be used, by name.
        seconds: How long it took.
    """

    experts: dict[str, str]
    embedded: int
    missing: dict[str, str]
    seconds: float


def embed(
    folder: Path, *, settings: Settings | None = None, progress: Progress | None = None
) -> EmbeddingReport:
    """Bring the vectors of a store's functions up to date.

    Args:
        folder: The store's, as `IndexReport.store` names it.
        settings: Say which experts; by default those in force.
        progress: Told after each batch how many vectors are made.

    Raises:
        LockedError: Another process does the same.
        StoreError: The store cannot be written.
        CapacityError: The disk is full; what was committed stays.
    """
    clock, progress = SystemClock(), progress or Silence()
    started = clock.monotonic()
    settings = settings or resolve().settings
    experts = opened_experts(names_in(settings.search_experts), settings, task="search")
    made = 0
    hashes = {name: embedder.expert_hash for name, embedder in experts.opened.items()}
    with Store(folder) as store, store.writer(JOB) as writer:
        with store.snapshot() as snapshot:
            lacking = {
                name: snapshot.without_vector(hashes[name], EMBEDDED_KINDS) for name in hashes
            }
        wanted = sum(len(keys) for keys in lacking.values())
        for name, keys in lacking.items():
            for some in _slices(keys):
                made += _add_vectors(store, writer, experts.opened[name], some)
                progress.advance(made, wanted, name)
        with store.snapshot() as snapshot:
            known = snapshot.experts()
        if hashes and hashes != known:
            writer.switch_experts(hashes)
    return EmbeddingReport(
        experts=hashes, embedded=made, missing=experts.missing, seconds=clock.monotonic() - started
    )


def _add_vectors(store: Store, writer: StoreWriter, embedder: Embedder, keys: Sequence[str]) -> int:
    """Make an expert's vectors of some bodies; return how many are still there."""
    texts = _texts(store, keys)
    vectors = embedder.code(list(texts.values()))
    writer.add_vectors(embedder.expert_hash, zip(texts, vectors, strict=True))
    return len(texts)


def _slices(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]


def _texts(store: Store, keys: Sequence[str]) -> dict[str, CodeText]:
    """Return the bodies that are still there; a body's key begins with its language."""
    found = {}
    with store.snapshot() as snapshot:
        for key in keys:
            body = snapshot.body(key)
            if body is not None:
                language = key.partition(".")[0]
                found[key] = CodeText(text=body.text, language=language, graph=body.graph)
    return found
