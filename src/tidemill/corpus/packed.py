"""A packed training set: one manifest and one Parquet file a split, the same bytes every time."""

import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidemill.core.errors import InputError, MissingExtraError
from tidemill.core.files import make_private_directory, write_atomically
from tidemill.corpus.example import COLUMNS, SPLITS, Example

if TYPE_CHECKING:
    import pyarrow

__all__ = ["FORMAT", "MANIFEST", "PackedCorpus", "open_corpus", "write_corpus"]

FORMAT = 1
MANIFEST = "corpus.json"
ROWS_AT_ONCE = 8_192
COMPRESSION_LEVEL = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedCorpus:
    """A packed training set on disk.

    Attributes:
        folder: Where it is.
        manifest: What ``corpus.json`` says.
    """

    folder: Path
    manifest: Mapping[str, Any]

    def count(self, split: str) -> int:
        """Return how many examples a split has."""
        return int(self.manifest["splits"][split]["examples"])

    def examples(self, split: str) -> Iterator[Example]:
        """Read the examples of a split in their order, a few thousand at a time."""
        _, parquet = _arrow()
        with parquet.ParquetFile(self.folder / f"{split}.parquet") as file:
            for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=list(COLUMNS)):
                columns = [column.to_pylist() for column in batch.columns]
                for row in zip(*columns, strict=True):
                    yield Example(**dict(zip(COLUMNS, row, strict=True)))


def open_corpus(folder: Path, *, verify: bool = False) -> PackedCorpus:
    """Open a packed training set."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    return PackedCorpus(folder=folder, manifest=manifest)


def write_corpus(
    folder: Path, splits: Mapping[str, Sequence[Example]], facts: Mapping[str, object]
) -> PackedCorpus:
    """Write a training set: a folder that is whole or not there."""
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    files, counts = {}, {}
    for split in SPLITS:
        rows = splits.get(split, ())
        data = _packed(rows)
        (draft / f"{split}.parquet").write_bytes(data)
        files[f"{split}.parquet"] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        counts[split] = {"examples": len(rows)}
    manifest = {"format": FORMAT, **facts, "splits": counts, "files": files}
    (draft / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=False) + "\n")
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return open_corpus(folder)


def _packed(rows: Sequence[Example]) -> bytes:
    arrow, parquet = _arrow()
    schema = arrow.schema(
        [(name, arrow.int32() if name == "line" else arrow.string()) for name in COLUMNS]
    )
    columns = [[getattr(row, name) for row in rows] for name in COLUMNS]
    table = arrow.Table.from_arrays(
        [arrow.array(column, type=f.type) for column, f in zip(columns, schema, strict=True)],
        schema=schema,
    )
    sink = io.BytesIO()
    parquet.write_table(
        table, sink, compression="zstd", compression_level=COMPRESSION_LEVEL,
        row_group_size=ROWS_AT_ONCE, use_dictionary=["language", "package", "family", "licence", "path", "group"],
        write_statistics=False, store_schema=False, data_page_size=8 << 20,
    )
    return sink.getvalue()


def _arrow() -> "tuple[Any, Any]":
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("a packed corpus", extra="data") from error
    return pyarrow, pyarrow.parquet
