"""Packed sets of types: a table of files and a table of sites for each split."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_type_hints

from tidemill.core.errors import InputError
from tidemill.corpus.example import SPLITS
from tidemill.corpus.packed import PackedCorpus, write_packed
from tidemill.corpus.parquet import parquet_bytes, parquet_rows
from tidemill.corpus.typed.labelled import (
    FILE_COLUMNS,
    SITE_COLUMNS,
    LabelledFile,
    LabelledSite,
    TypedFile,
)

__all__ = ["KIND", "labelled_files_of", "write_types"]

KIND = "types"
FILE_KINDS = [get_type_hints(TypedFile)[name] for name in FILE_COLUMNS]
SITE_KINDS = [get_type_hints(LabelledSite)[name] for name in SITE_COLUMNS]


def write_types(
    folder: Path, splits: Mapping[str, Sequence[LabelledFile]], facts: Mapping[str, object]
) -> PackedCorpus:
    """Write a set of types: a folder that is whole or not there.

    Args:
        folder: Where to; a packed set that is there is replaced.
        splits: The files of each split.
        facts: What else the manifest says; nothing that differs from run to run.

    Raises:
        CapacityError: The disk is full.
        InputError: Something else is at that place.
        StoreError: The folder cannot be written.
        MissingExtraError: Nothing here can write Parquet.
    """
    files: dict[str, bytes] = {}
    counts: dict[str, dict[str, object]] = {}
    for split in SPLITS:
        rows = splits.get(split, ())
        sites = [
            replace(site, file=number) for number, row in enumerate(rows) for site in row.sites
        ]
        files[f"{split}.parquet"] = parquet_bytes(
            [row.file for row in rows], FILE_COLUMNS, FILE_KINDS
        )
        files[f"{split}.sites.parquet"] = parquet_bytes(sites, SITE_COLUMNS, SITE_KINDS)
        counts[split] = {"examples": len(rows), **_counted(sites)}
    languages = {
        name: {split: _of_language(splits.get(split, ()), name) for split in SPLITS}
        for name in sorted({row.file.language for rows in splits.values() for row in rows})
    }
    return write_packed(
        folder, files, {**facts, "kind": KIND, "splits": counts, "languages": languages}
    )


def labelled_files_of(corpus: PackedCorpus, split: str) -> Iterator[LabelledFile]:
    """Read the files of a split with their sites.

    Raises:
        InputError: There is no such split, its file is damaged, or it is no set of types.
        MissingExtraError: Nothing here can read Parquet.
    """
    corpus.count(split)
    if corpus.kind != KIND:
        hint = "Build one of types: tidemill data build types"
        message = f"{corpus.name} is a set of {corpus.kind}, not of types"
        raise InputError(message, path=str(corpus.folder), hint=hint)
    found = parquet_rows(corpus.folder / f"{split}.sites.parquet", SITE_COLUMNS)
    waiting = next(found, None)
    for number, row in enumerate(parquet_rows(corpus.folder / f"{split}.parquet", FILE_COLUMNS)):
        sites = []
        while waiting is not None and waiting["file"] == number:
            sites.append(LabelledSite(**waiting))
            waiting = next(found, None)
        yield LabelledFile(file=TypedFile(**row), sites=tuple(sites))


def _counted(sites: Sequence[LabelledSite]) -> dict[str, object]:
    kinds = Counter(site.kind for site in sites if site.user)
    return {"sites": len(sites), "written": dict(sorted(kinds.items()))}


def _of_language(rows: Sequence[LabelledFile], name: str) -> int:
    return sum(row.file.language == name for row in rows)
