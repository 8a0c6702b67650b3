"""The weights of an expert: one file, mapped into memory, decoded where they are asked for.

The file is a safetensors file. Its metadata hold one JSON text under ``tidemill`` that says,
for each tensor, the encoding, the shape, and the stored tensors it is made of with their
hashes. Data begin at a multiple of 4,096 bytes and each stored tensor at a multiple of 64. As
the format allows no holes, a stored tensor whose bytes do not fill up the last 64 is kept
flat and padded with zeros inside.
"""

import hashlib
import math
import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from typing_extensions import override

from tidemill.core.errors import ExpertError
from tidemill.experts.documents import Facts, canonical_json, json_object, placed
from tidemill.experts.dtypes import DTYPES, Floats, Numbers, is_finite, widened
from tidemill.experts.encodings import encoding
from tidemill.experts.folder import opened
from tidemill.experts.header import DATA_ALIGNMENT, Header, StoredTensor, read_header
from tidemill.experts.names import check_tensor_name
from tidemill.experts.parts import EncodedTensor, Part, Shape
from tidemill.experts.sparse_encoding import NMSparse, SparseParts
from tidemill.experts.tables import Table

__all__ = [
    "METADATA_KEY",
    "METADATA_VERSION",
    "Piece",
    "Tensor",
    "TensorFile",
    "list_tensors",
    "map_file",
    "read_tensors",
    "stored_shape",
]

ALIGNMENT: Final = 64
METADATA_KEY: Final = "tidemill"
METADATA_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stored tensor as a part of a tensor.

    Attributes:
        stored: Its entry in the header.
        shape: Its true shape, without the padding.
        sha256: Of its bytes in the file, the padding included.
    """

    stored: StoredTensor
    shape: Shape
    sha256: str

    def numbers(self, data: memoryview) -> Numbers:
        """Return its numbers as a view of its bytes, in their true shape.

        Args:
            data: Its bytes, wherever they are.
        """
        kind = DTYPES[self.stored.dtype].stored
        return np.frombuffer(data, kind, math.prod(self.shape)).reshape(self.shape)

    def padding(self, data: memoryview) -> memoryview:
        """Return those of its bytes that only fill up."""
        return data[math.prod(self.shape) * DTYPES[self.stored.dtype].bytes_each :]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tensor:
    """One tensor of an expert, its bytes still where they were put.

    Attributes:
        name: As the architecture calls it.
        encoding: How its values are kept.
        shape: Of the values.
        pieces: The stored tensors it is made of, by role.
    """

    name: str
    encoding: str
    shape: Shape
    pieces: Mapping[str, Piece]
    _data: Mapping[str, memoryview] = field(default_factory=dict, repr=False)

    @property
    def parts(self) -> dict[str, Part]:
        """The stored numbers by role, read-only views of their bytes.

        Raises:
            ExpertError: Only what the file says of the tensor is known, not its bytes.
        """
        return {
            role: Part(dtype=piece.stored.dtype, numbers=piece.numbers(self._bytes(role)))
            for role, piece in self.pieces.items()
        }

    @property
    def encoded(self) -> EncodedTensor:
        """The tensor as it is stored, for an expert that shares it to the byte."""
        return EncodedTensor(encoding=self.encoding, shape=self.shape, parts=self.parts)

    @property
    def sparse(self) -> SparseParts | None:
        """The parts of an N:M tensor for whoever computes with them; None for other encodings."""
        found = encoding(self.encoding)
        return found.stored(self.parts, self.shape) if isinstance(found, NMSparse) else None

    @property
    def is_plain(self) -> bool:
        """Whether float32 is what is stored, so that the values are a view of it."""
        return self.encoding == "dense" and self.pieces["values"].stored.dtype == "F32"

    @property
    def table(self) -> Table:
        """The matrix for whoever looks up rows of it; a packed one is made dense."""
        parts = self.parts
        if self.encoding == "dense":
            return Table(dtype=parts["values"].dtype, numbers=parts["values"].numbers)
        if self.encoding == "int8-rows":
            scales = widened(parts["scales"].numbers, parts["scales"].dtype)
            return Table(dtype="I8", numbers=parts["values"].numbers, scales=scales)
        return Table(dtype="F32", numbers=self.to_float32())

    @property
    def size(self) -> int:
        """How many values there are, zeros that are not stored included."""
        return math.prod(self.shape)

    @property
    def stored_bytes(self) -> int:
        """Bytes in the file, the padding included."""
        return sum(piece.stored.stored_bytes for piece in self.pieces.values())

    @property
    def identity(self) -> str:
        """Equal where values, shape and encoding are: what experts share is held once by it."""
        hashes = {role: piece.sha256 for role, piece in self.pieces.items()}
        facts = canonical_json([self.encoding, self.shape, hashes])
        return hashlib.sha256(facts).hexdigest()

    def to_float32(self) -> Floats:
        """Return the values; a read-only view of their bytes where those are float32."""
        return encoding(self.encoding).decode(self.parts, self.shape)

    def over(self, data: Mapping[str, memoryview]) -> "Tensor":
        """Return the same tensor over another copy of its bytes.

        Args:
            data: The bytes of every stored tensor it is made of, by the stored tensor's name.

        Raises:
            ExpertError: Some are missing, or of another length.
        """
        views = {}
        for role, piece in self.pieces.items():
            found = data.get(piece.stored.name)
            if found is None or found.nbytes != piece.stored.stored_bytes:
                size = "no" if found is None else f"{found.nbytes:,}"
                raise ExpertError(
                    f"{size} bytes of {piece.stored.name}, {piece.stored.stored_bytes:,} wanted"
                )
            views[role] = found.toreadonly()
        return replace(self, _data=views)

    def _bytes(self, role: str) -> memoryview:
        if role not in self._data:
            raise ExpertError(f"the bytes of {self.name} are not at hand", hint="load the expert")
        return self._data[role]

    def check(self) -> None:
        """Look at every byte.

        Raises:
            ExpertError: A hash is wrong, a number is NaN, infinite or none that the encoder
                writes, or the padding is not zero.
        """
        with placed(self.name):
            for role, piece in self.pieces.items():
                data = self._bytes(role)
                if hashlib.sha256(data).hexdigest() != piece.sha256:
                    raise ExpertError(f"wrong hash of its {role}")
                if not is_finite(piece.numbers(data), piece.stored.dtype):
                    raise ExpertError(f"NaN or infinity among its {role}")
                if any(piece.padding(data)):
                    raise ExpertError(f"bytes that are not zero after its {role}")
            encoding(self.encoding).check(self.parts)


class TensorFile(Mapping[str, Tensor]):
    """The tensors of one file by name.

    Args:
        header: What the file says of itself.
        tensors: What it holds, by name.
    """

    def __init__(self, header: Header, tensors: Mapping[str, Tensor]) -> None:
        self.header: Header = header
        self._tensors = tensors

    @override
    def __getitem__(self, name: str) -> Tensor:
        return self._tensors[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    @override
    def __len__(self) -> int:
        return len(self._tensors)

    def over(self, data: memoryview) -> "TensorFile":
        """Return the same tensors over a copy of the data section.

        Args:
            data: The file's bytes from ``header.data_start`` on.

        Raises:
            ExpertError: The data have another length.
        """
        if len(data) != self.header.data_bytes:
            raise ExpertError(f"{len(data):,} bytes of data, {self.header.data_bytes:,} wanted")
        parts = {stored.name: data[stored.start : stored.end] for stored in self.header.tensors}
        return TensorFile(self.header, {name: part.over(parts) for name, part in self.items()})


def list_tensors(path: Path) -> TensorFile:
    """Read what a file of weights says of its tensors, and none of their bytes.

    Args:
        path: The file.

    Raises:
        ExpertError: It is no such file.
        StoreError: It cannot be read.
    """
    with opened(path) as file:
        header = _header(file, str(path))
    return _listed(header, str(path))


def read_tensors(path: Path) -> TensorFile:
    """Map an expert's weights into memory; no tensor is read before it is asked for.

    Whoever cuts the file off while it is mapped ends the process that reads it: files are
    replaced, never written into.

    Args:
        path: The file.

    Raises:
        ExpertError: It is no such file.
        StoreError: It cannot be read.
    """
    header, data = map_file(path)
    return _listed(header, str(path)).over(data)


def map_file(path: Path) -> tuple[Header, memoryview]:
    """Map any safetensors file into memory.

    Args:
        path: The file.

    Returns:
        Its header, and its data section, read-only.

    Raises:
        ExpertError: It is no such file.
        StoreError: It cannot be read.
    """
    with opened(path) as file:
        header = _header(file, str(path))
        size = header.data_start + header.data_bytes
        mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
    return header, memoryview(mapped)[header.data_start :]


def _header(file: BinaryIO, where: str) -> Header:
    size = file.seek(0, 2)
    file.seek(0)
    return read_header(file, size, where=where)


def _listed(header: Header, where: str) -> TensorFile:
    _check_alignment(header, where)
    return TensorFile(header, _tensors(header, where))


def _check_alignment(header: Header, where: str) -> None:
    if header.data_start % DATA_ALIGNMENT:
        raise ExpertError(f"{where}: data begin at {header.data_start}, no multiple of 4,096")
    for stored in header.tensors:
        if stored.start % ALIGNMENT:
            raise ExpertError(
                f"{where}: {stored.name} begins at byte {stored.start}, no multiple of {ALIGNMENT}"
            )


def _tensors(header: Header, where: str) -> dict[str, Tensor]:
    """Put the tensors together from the stored ones; each of those is used exactly once."""
    text = header.metadata.get(METADATA_KEY)
    if text is None:
        raise ExpertError(f"{where}: not an expert's weights: no metadata {METADATA_KEY}")
    facts = Facts(fields=json_object(text.encode(), where=f"{where}: metadata"), where=where)
    facts.exactly(("version", "tensors")).whole("version", least=1, most=METADATA_VERSION)
    unused = {stored.name: stored for stored in header.tensors}
    tensors = {
        name: _tensor(check_tensor_name(name), entry, unused)
        for name, entry in sorted(facts.inner("tensors").entries())
    }
    if unused:
        raise ExpertError(f"{where}: {min(unused)} belongs to no tensor")
    if not tensors:
        raise ExpertError(f"{where}: there are no tensors")
    return tensors


def _tensor(name: str, entry: Facts, unused: dict[str, StoredTensor]) -> Tensor:
    entry.exactly(("encoding", "shape", "parts"))
    shape, kind = entry.wholes("shape", least=1), entry.text("encoding")
    found = {role: _found(part, unused) for role, part in entry.inner("parts").entries()}
    with placed(entry.where):
        dtypes = {role: stored.dtype for role, (stored, _) in found.items()}
        layout = encoding(kind).layout(shape, dtypes)
        pieces = {
            role: _piece(stored, layout[role], sha256) for role, (stored, sha256) in found.items()
        }
    return Tensor(name=name, encoding=kind, shape=shape, pieces=pieces)


def _found(part: Facts, unused: dict[str, StoredTensor]) -> tuple[StoredTensor, str]:
    part.exactly(("tensor", "sha256"))
    stored = unused.pop(part.text("tensor"), None)
    if stored is None:
        raise ExpertError(f"{part.where}: {part.text('tensor')} is not there, or used twice")
    return stored, part.text("sha256")


def _piece(stored: StoredTensor, shape: Shape, sha256: str) -> Piece:
    wanted = stored_shape(shape, stored.dtype)
    if stored.shape != wanted:
        raise ExpertError(f"{stored.name} has shape {list(stored.shape)}, not {list(wanted)}")
    return Piece(stored=stored, shape=shape, sha256=sha256)


def stored_shape(shape: Shape, dtype: str) -> Shape:
    """Return how a part is stored: as it is, or flat and padded to a multiple of 64 bytes.

    Args:
        shape: Its true shape.
        dtype: The kind of its numbers.
    """
    width = DTYPES[dtype].bytes_each
    used = math.prod(shape) * width
    return shape if used % ALIGNMENT == 0 else ((used + -used % ALIGNMENT) // width,)
