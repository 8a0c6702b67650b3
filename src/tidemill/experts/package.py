"""A packed expert on disk: opened cheaply, read where it is asked, never run."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from tidemill.core.errors import ExpertError
from tidemill.experts.documents import json_object
from tidemill.experts.folder import FileStamp, read_whole, stamped_files
from tidemill.experts.footprint import Footprint, footprint_of
from tidemill.experts.manifest import Manifest, read_manifest
from tidemill.experts.names import CARD, CONFIG, MANIFEST, TOKENIZER, WEIGHTS
from tidemill.experts.refusals import refuse_code
from tidemill.experts.tensors import Tensor, list_tensors, read_tensors

__all__ = ["LARGEST_PACKAGE_BYTES", "LARGEST_TEXT_BYTES", "ExpertPackage", "open_expert"]

LARGEST_NOTE_BYTES: Final = 1 << 20
"""Of manifest, config and card."""

LARGEST_TEXT_BYTES: Final = 64 << 20
"""Of the tokenizer and other data."""

LARGEST_PACKAGE_BYTES: Final = 2 << 30
"""Of all files together."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpertPackage:
    """An expert that can be read.

    Attributes:
        folder: Where it lies.
        manifest: What it says of itself.
        config: The fields of ``config.json``.
        expert_hash: The name of what it computes; see `Manifest.expert_hash`.
        tensors: The weights by name; none is read before it is asked for.
        data_start: Where in the file of weights their bytes begin.
        card: The text of ``README.md``.
        stamps: Size, time and inode of every file when it was opened.
    """

    folder: Path
    manifest: Manifest
    config: Mapping[str, object]
    expert_hash: str
    tensors: Mapping[str, Tensor]
    data_start: int
    card: str
    stamps: Mapping[str, FileStamp]
    _held: Mapping[str, memoryview] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """``<task>-<scope>``."""
        return self.manifest.name

    @property
    def tokenizer(self) -> Path | None:
        """The file of the tokenizer, or None where the expert has none."""
        return self.folder / TOKENIZER if TOKENIZER in self.manifest.files else None

    @property
    def parameters(self) -> int:
        """How many values its tensors have, zeros that are not stored included."""
        return sum(tensor.size for tensor in self.tensors.values())

    @property
    def footprint(self) -> Footprint | None:
        """What its sparse layers take; None where it has none."""
        return footprint_of(self.tensors.values())

    @property
    def bytes_on_disk(self) -> int:
        """Bytes on disk."""
        return sum(stamp.bytes for stamp in self.stamps.values())

    def file(self, name: str) -> Path:
        """Return the path of one of its data files.

        Args:
            name: As the manifest calls it.

        Raises:
            ExpertError: The manifest names no such file.
        """
        if name not in self.manifest.files:
            raise ExpertError(f"{self.folder}: the expert {self.name} has no file {name!r}")
        return self.folder / name

    def read(self, name: str) -> bytes:
        """Return the bytes of one of its data files.

        Args:
            name: As the manifest calls it.

        Raises:
            ExpertError: The manifest names no such file, or it has another size now.
            StoreError: It cannot be read.
        """
        path = self.file(name)
        if name in self._held:
            return bytes(self._held[name])
        return read_whole(path, most_bytes=self.manifest.files[name].bytes)

    def over(
        self, parts: Mapping[str, memoryview], files: Mapping[str, memoryview]
    ) -> "ExpertPackage":
        """Return the same expert over a copy of its bytes in memory.

        Args:
            parts: The bytes of every stored tensor, by its name in the file.
            files: The bytes of its data files, by name.

        Raises:
            ExpertError: Some are missing, or of another length.
        """
        tensors = {name: tensor.over(parts) for name, tensor in self.tensors.items()}
        return replace(self, tensors=tensors, _held=dict(files))

    def check_unchanged(self) -> None:
        """Look at sizes, times and inodes: what a switch to this expert costs.

        Raises:
            ExpertError: A file was changed, replaced, added or removed since it was opened.
        """
        now = stamped_files(self.folder)
        for name in sorted(self.stamps.keys() | now.keys()):
            if self.stamps.get(name) != now.get(name):
                raise ExpertError(
                    f"{self.folder}: {name} was changed after the expert was opened",
                    hint=f"check it: tidemill experts verify {self.name}",
                )


def open_expert(folder: Path, *, mapped: bool = True) -> ExpertPackage:
    """Open a packed expert, looking at names, sizes and structure but not at every byte.

    Args:
        folder: The package.
        mapped: Whether the weights are mapped into memory. Otherwise the package knows what
            they are and has none of their bytes: whoever loads them gives them to `over`.

    Raises:
        ExpertError: It is damaged, of a newer version, or not allowed; says which file and why.
        StoreError: It cannot be read.
    """
    stamps = stamped_files(folder)
    if MANIFEST not in stamps:
        raise ExpertError(f"{folder}: no expert: {MANIFEST} is missing")
    path = folder / MANIFEST
    manifest = read_manifest(read_whole(path, most_bytes=LARGEST_NOTE_BYTES), where=str(path))
    _check_files(folder, manifest, stamps)
    config = json_object(_read_note(folder, manifest, CONFIG), where=str(folder / CONFIG))
    refuse_code(config, where=str(folder / CONFIG))
    weights = (read_tensors if mapped else list_tensors)(folder / WEIGHTS)
    return ExpertPackage(
        folder=folder,
        manifest=manifest,
        config=config,
        expert_hash=manifest.expert_hash(config),
        tensors=dict(weights),
        data_start=weights.header.data_start,
        card=_read_note(folder, manifest, CARD).decode("utf-8", "replace"),
        stamps=stamps,
    )


def _check_files(folder: Path, manifest: Manifest, stamps: Mapping[str, FileStamp]) -> None:
    """Compare the folder with the manifest, by names and sizes."""
    for name in stamps:
        if name != MANIFEST and name not in manifest.files:
            raise ExpertError(f"{folder}: {MANIFEST} does not name the file {name!r}")
    for name, fact in manifest.files.items():
        if name not in stamps:
            raise ExpertError(f"{folder}: {name} is missing")
        if stamps[name].bytes != fact.bytes:
            raise ExpertError(
                f"{folder}: {name} has {stamps[name].bytes:,} bytes,"
                f" and {MANIFEST} says {fact.bytes:,}"
            )
        if name != WEIGHTS and fact.bytes > LARGEST_TEXT_BYTES:
            raise ExpertError(f"{folder}: {name} is larger than {LARGEST_TEXT_BYTES:,} bytes")
    if manifest.total_bytes > LARGEST_PACKAGE_BYTES:
        raise ExpertError(f"{folder}: larger than {LARGEST_PACKAGE_BYTES:,} bytes")


def _read_note(folder: Path, manifest: Manifest, name: str) -> bytes:
    """Read one of the small files, whose hash is looked at on the way."""
    data = read_whole(folder / name, most_bytes=LARGEST_NOTE_BYTES)
    if sha256(data).hexdigest() != manifest.files[name].sha256:
        raise ExpertError(f"{folder}: {name} has another hash than {MANIFEST} says")
    return data
