"""A packed training set: one manifest, one Parquet file a split, the same bytes every time."""

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from tidemill.core.errors import InputError
from tidemill.core.files import flush_directory, named_failures
from tidemill.core.hashing import content_hash
from tidemill.corpus.example import COLUMNS, PAIR_COLUMNS, SPLITS, Example, Pair
from tidemill.corpus.fetch import sha256_of
from tidemill.corpus.parquet import parquet_bytes, parquet_rows

__all__ = [
    "FORMAT",
    "MANIFEST",
    "PackedCorpus",
    "check_place",
    "open_corpus",
    "write_corpus",
    "write_packed",
]

FORMAT = 1
CODE = "code"
MANIFEST = "corpus.json"
NEEDED = ("name", "about", "splits", "languages", "files", "dropped")
KINDS = [get_type_hints(Example)[name] for name in COLUMNS]
PAIR_KINDS = [get_type_hints(Pair)[name] for name in PAIR_COLUMNS]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedCorpus:
    """A packed training set on the disk.

    Attributes:
        folder: Where it is.
        manifest: What ``corpus.json`` says: name, recipe and its hash, sources
            with their hashes and counts, what was dropped and why, files.
    """

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.manifest["name"])

    @property
    def kind(self) -> str:
        """What it holds: ``code`` or ``images``."""
        return str(self.manifest.get("kind", CODE))

    @property
    def hash(self) -> str:
        """Names what its files hold: equal sets have equal ones, wherever they lie."""
        files = sorted((name, facts["sha256"]) for name, facts in self.manifest["files"].items())
        return content_hash(json.dumps(files).encode())

    @property
    def packed_bytes(self) -> int:
        """Bytes of all files together, without the manifest."""
        return sum(int(facts["bytes"]) for facts in self.manifest["files"].values())

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that it has examples of, in alphabetical order."""
        return tuple(sorted(self.manifest["languages"]))

    def count(self, split: str) -> int:
        """Return how many examples a split has.

        Raises:
            InputError: There is no such split.
        """
        if split not in SPLITS:
            hint = f"Known: {', '.join(SPLITS)}."
            raise InputError(f"there is no split {split!r}", path=str(self.folder), hint=hint)
        return int(self.manifest["splits"][split]["examples"])

    def examples(self, split: str) -> Iterator[Example]:
        """Read the examples of a split in their order, a few thousand at a time.

        Raises:
            InputError: There is no such split, its file is damaged, or it is no set of code.
            MissingExtraError: Nothing here can read Parquet.
        """
        self.count(split)
        if self.kind != CODE:
            hint = "Build one of code: tidemill data build code-search"
            message = f"{self.name} is a set of {self.kind}, not of code"
            raise InputError(message, path=str(self.folder), hint=hint)
        for row in parquet_rows(self.folder / f"{split}.parquet", COLUMNS):
            yield Example(**row)

    def pairs(self, split: str) -> Iterator[Pair]:
        """Read the pairs of a split, if the set has any; see `examples`."""
        self.count(split)
        path = self.folder / f"{split}.pairs.parquet"
        if path.name in self.manifest["files"]:
            for row in parquet_rows(path, PAIR_COLUMNS):
                yield Pair(**row)

    def verify(self) -> None:
        """Compare every file with the manifest.

        Raises:
            InputError: A file is missing or has other bytes.
        """
        for name, facts in self.manifest["files"].items():
            path = self.folder / name
            if not path.is_file() or sha256_of(path) != facts["sha256"]:
                raise InputError(
                    "not the file that the manifest names",
                    path=str(path),
                    hint="Build the set again: tidemill data build",
                )


def open_corpus(folder: Path, *, verify: bool = False) -> PackedCorpus:
    """Open a packed training set.

    Args:
        folder: Where it is.
        verify: Compare every file with its hash as well.

    Raises:
        InputError: It is no such set, one of a newer format, or damaged.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
        version = manifest["format"]
        whole = version != FORMAT or {*NEEDED} <= {*manifest}
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "Name a folder that tidemill data build has written."
        raise InputError("no packed training set", path=str(folder), hint=hint) from error
    if version != FORMAT or not whole:
        hint = f"This Tidemill reads format {FORMAT}; build the set again, or update."
        what = f"a packed set of format {version}" if whole else "a manifest with parts missing"
        raise InputError(what, path=str(path), hint=hint)
    corpus = PackedCorpus(folder=folder, manifest=manifest)
    if verify:
        corpus.verify()
    return corpus


def write_corpus(
    folder: Path,
    splits: Mapping[str, Sequence[Example]],
    pairs: Mapping[str, Sequence[Pair]],
    facts: Mapping[str, object],
) -> PackedCorpus:
    """Write a training set: a folder that is whole or not there.

    Args:
        folder: Where to; a packed set that is there is replaced.
        splits: The examples of each split.
        pairs: The pairs of each split, if there are any.
        facts: What else the manifest says; nothing that differs from run to run.

    Raises:
        CapacityError: The disk is full.
        InputError: Something else is at that place.
        StoreError: The folder cannot be written.
        MissingExtraError: Nothing here can write Parquet.
    """
    files = {f"{s}.parquet": parquet_bytes(splits.get(s, ()), COLUMNS, KINDS) for s in SPLITS}
    files |= {
        f"{split}.pairs.parquet": parquet_bytes(rows, PAIR_COLUMNS, PAIR_KINDS)
        for split, rows in pairs.items()
        if rows
    }
    counts = {split: {"examples": len(splits.get(split, ()))} for split in SPLITS}
    return write_packed(folder, files, {**facts, "splits": counts, "languages": _languages(splits)})


def write_packed(
    folder: Path, files: Mapping[str, bytes], facts: Mapping[str, object]
) -> PackedCorpus:
    """Write the files of a set of any kind, with the manifest that names them.

    Args:
        folder: Where to; a packed set that is there is replaced.
        files: What they hold, by name.
        facts: All else that the manifest says.

    Raises:
        CapacityError: The disk is full.
        InputError: Something else is at that place.
        StoreError: The folder cannot be written.
    """
    check_place(folder)
    hashes = {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in files.items()
    }
    manifest = {"format": FORMAT, **facts, "files": hashes}
    _replace(folder, {**files, MANIFEST: (json.dumps(manifest, indent=1) + "\n").encode()})
    return open_corpus(folder)


def _languages(splits: Mapping[str, Sequence[Example]]) -> dict[str, dict[str, int]]:
    """Count the examples of each language by split."""
    counts = Counter((row.language, split) for split, rows in splits.items() for row in rows)
    names = sorted({language for language, _ in counts})
    return {name: {split: counts[name, split] for split in SPLITS} for name in names}


def check_place(folder: Path) -> None:
    """Refuse a place where something is that is no packed set.

    Raises:
        InputError: There is a file, or a folder with something else in it.
    """
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir() or (any(folder.iterdir()) and not (folder / MANIFEST).is_file()):
        hint = "Name a new folder, or one with a packed set."
        raise InputError("something else is there", path=str(folder), hint=hint)


def _replace(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a new folder, and give it the name of the old one."""
    folder = folder.resolve()
    draft, former = (
        folder.with_name(f".{folder.name}.{os.getpid()}.{kind}") for kind in ("draft", "former")
    )
    with named_failures(folder, doing="write"):
        try:
            draft.mkdir(parents=True)
            for name, data in files.items():
                with (draft / name).open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            if folder.exists():
                folder.replace(former)
            draft.replace(folder)
            flush_directory(folder.parent)
        finally:
            if former.exists() and not folder.exists():
                former.replace(folder)
            shutil.rmtree(draft, ignore_errors=True)
            shutil.rmtree(former, ignore_errors=True)
