"""Small stores for the tests of the store."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tidemill.core.hashing import content_hash
from tidemill.store.postings import BODY, DocumentTerms, gather
from tidemill.store.rows import Body, FileRecord, FileRow, UnitRow
from tidemill.store.store import FOLDER, Store
from tidemill.store.writer import Batch


def batch_of(path: str, texts: Sequence[str], *, language: str = "python") -> Batch:
    """A file with one function for each text; words are terms."""
    units = tuple(
        UnitRow(
            kind="function",
            name=f"f{place}",
            qualified_name=f"f{place}",
            start_byte=place,
            end_byte=place + 1,
            start_line=place + 1,
            end_line=place + 1,
            body_hash=content_hash(text.encode()),
        )
        for place, text in enumerate(texts)
    )
    bodies = {unit.body_hash: text for unit, text in zip(units, texts, strict=True)}
    record = FileRecord(
        file=FileRow(
            path=path,
            language=language,
            size=sum(map(len, texts)),
            content_hash=content_hash("\n".join(texts).encode()),
            encoding="utf-8",
        ),
        units=units,
        bodies=tuple(
            Body(hash=key, text=text.encode(), graph=b"graph") for key, text in bodies.items()
        ),
    )
    documents = [
        DocumentTerms(kind="function", file=0, fields=((text.split(), BODY),)) for text in texts
    ]
    return Batch(records=(record,), postings=gather(documents))


def store_with(root: Path, files: Mapping[str, Sequence[str]]) -> Store:
    """A store below ``root`` with these files, committed at once."""
    store = Store(root / FOLDER)
    with store.writer() as writer:
        writer.write([batch_of(path, texts) for path, texts in files.items()])
        writer.finish()
    return store


def answers(store: Store, query: str, limit: int = 10) -> list[tuple[str, str, float]]:
    """Path, name and score of each hit."""
    with store.snapshot() as snapshot:
        hits = snapshot.search(query.split(), limit=limit)
    return [(hit.path, hit.unit.name, round(hit.score, 6)) for hit in hits]
