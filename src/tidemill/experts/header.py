"""The header of a safetensors file, read strictly and written aligned.

A file is eight bytes that hold the header's length, the header (JSON, padded with spaces),
and the tensors' bytes one after the other. What the format's own description forbids is
refused here, and beyond it a tensor without bytes, a name that is there twice, and a header
that is large without need.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import BinaryIO, Final

from tidemill.core.errors import ExpertError
from tidemill.experts.documents import Facts, canonical_json, json_object
from tidemill.experts.dtypes import DTYPES
from tidemill.experts.parts import Shape

__all__ = [
    "DATA_ALIGNMENT",
    "MOST_HEADER_BYTES",
    "MOST_TENSORS",
    "Header",
    "StoredTensor",
    "header_bytes",
    "read_header",
]

DATA_ALIGNMENT: Final = 4_096
MOST_HEADER_BYTES: Final = 16 << 20
MOST_TENSORS: Final = 10_000
MOST_DIMENSIONS: Final = 8
LENGTH_BYTES: Final = 8

_METADATA = "__metadata__"
_MOST_MARKS = 32 * MOST_TENSORS
_MARKS = (b"[", b"{", b",")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTensor:
    """One entry of a header.

    Attributes:
        name: As the file calls it.
        dtype: The kind of its numbers.
        shape: As stored; a padded tensor is flat.
        start: First byte, counted from where the data begin.
        end: Byte after the last.
    """

    name: str
    dtype: str
    shape: Shape
    start: int
    end: int

    @property
    def stored_bytes(self) -> int:
        """Bytes in the file."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a file says of itself.

    Attributes:
        metadata: Free texts by key.
        tensors: The entries, in the order of their bytes.
        data_start: Where in the file the data begin.
        data_bytes: How many bytes of data there are.
    """

    metadata: Mapping[str, str]
    tensors: tuple[StoredTensor, ...]
    data_start: int
    data_bytes: int


def read_header(file: BinaryIO, size: int, *, where: str) -> Header:
    """Read and check the header of a file.

    Args:
        file: Open at its beginning.
        size: Bytes in the file.
        where: The file, for messages.

    Raises:
        ExpertError: It is not such a file, damaged, or made to do harm.
    """
    length = int.from_bytes(file.read(LENGTH_BYTES), "little")
    if size < LENGTH_BYTES or not 0 < length <= size - LENGTH_BYTES:
        raise ExpertError(f"{where}: no safetensors file, or cut off: {size:,} bytes")
    if length > MOST_HEADER_BYTES:
        raise ExpertError(f"{where}: a header of {length:,} bytes; {MOST_HEADER_BYTES:,} may be")
    text = file.read(length)
    _check_marks(text, where)
    facts = Facts(fields=json_object(text, where=f"{where}: header"), where=where)
    metadata = _metadata(facts)
    found = [_stored(name, entry) for name, entry in facts.entries() if name != _METADATA]
    if len(found) > MOST_TENSORS:
        raise _too_many(len(found), where)
    data_start = LENGTH_BYTES + length
    tensors = tuple(sorted(found, key=lambda tensor: (tensor.start, tensor.end)))
    _check_tiling(tensors, size - data_start, where)
    return Header(
        metadata=metadata, tensors=tensors, data_start=data_start, data_bytes=size - data_start
    )


def _check_marks(text: bytes, where: str) -> None:
    """Bound what the parser will build, before it builds anything."""
    if not text.startswith(b"{"):
        raise ExpertError(f"{where}: no safetensors file: the header is no object")
    tensors = text.count(b'"data_offsets"')
    if tensors > MOST_TENSORS:
        raise _too_many(tensors, where)
    if sum(text.count(mark) for mark in _MARKS) > _MOST_MARKS:
        raise ExpertError(f"{where}: the header holds more than tensors need")


def _too_many(tensors: int, where: str) -> ExpertError:
    return ExpertError(f"{where}: {tensors:,} tensors; {MOST_TENSORS:,} may be")


def _metadata(facts: Facts) -> Mapping[str, str]:
    found = facts.inner(_METADATA).fields if _METADATA in facts.fields else {}
    for name, value in found.items():
        if not isinstance(value, str):
            raise ExpertError(f"{facts.where}: metadata {name[:100]!r} is no text")
    return MappingProxyType({name: str(value) for name, value in found.items()})


def _stored(name: str, entry: Facts) -> StoredTensor:
    if not name or len(name) > 256 or not name.isprintable():
        raise ExpertError(f"{entry.where}: {name[:300]!r} is no name of a tensor")
    entry.exactly(("dtype", "shape", "data_offsets"))
    dtype, shape, offsets = entry.text("dtype"), entry.wholes("shape"), entry.wholes("data_offsets")
    if dtype not in DTYPES:
        raise ExpertError(f"{entry.where}: numbers of the unknown kind {dtype[:100]!r}")
    if len(shape) > MOST_DIMENSIONS:
        raise ExpertError(f"{entry.where}: {len(shape)} dimensions; {MOST_DIMENSIONS} may be")
    if len(offsets) != 2 or offsets[0] >= offsets[1]:
        raise ExpertError(f"{entry.where}: the offsets {offsets} hold no bytes")
    # Python's numbers do not overflow, however absurd the shape.
    wanted = math.prod(shape) * DTYPES[dtype].bytes_each
    if wanted != offsets[1] - offsets[0]:
        raise ExpertError(
            f"{entry.where}: a shape of {list(shape)} takes {wanted:,} bytes,"
            f" and there are {offsets[1] - offsets[0]:,}"
        )
    return StoredTensor(name=name, dtype=dtype, shape=shape, start=offsets[0], end=offsets[1])


def _check_tiling(tensors: Sequence[StoredTensor], data_bytes: int, where: str) -> None:
    """Make sure that the tensors follow one another and fill the file."""
    place = 0
    for tensor in tensors:
        if tensor.start != place:
            what = "overlaps the tensor before it" if tensor.start < place else "leaves a hole"
            raise ExpertError(f"{where}: {tensor.name} {what} at byte {tensor.start:,}")
        place = tensor.end
    if place != data_bytes:
        what = "is cut off" if place > data_bytes else "goes on after the last tensor"
        raise ExpertError(
            f"{where}: {what}: tensors end at {place:,}, the data at {data_bytes:,} bytes"
        )


def header_bytes(tensors: Sequence[StoredTensor], metadata: Mapping[str, str]) -> bytes:
    """Write length and header, padded so that the data begin at a multiple of 4,096.

    Args:
        tensors: Entries whose bytes follow one another.
        metadata: Free texts by key.

    Raises:
        ExpertError: There are too many of them for any reader of ours.
    """
    facts: dict[str, object] = {
        tensor.name: {
            "dtype": tensor.dtype,
            "shape": list(tensor.shape),
            "data_offsets": [tensor.start, tensor.end],
        }
        for tensor in tensors
    }
    text = canonical_json({_METADATA: dict(metadata)} | facts)
    text += b" " * (-(LENGTH_BYTES + len(text)) % DATA_ALIGNMENT)
    if len(tensors) > MOST_TENSORS or len(text) > MOST_HEADER_BYTES:
        raise ExpertError(f"{len(tensors):,} tensors are more than a file may hold")
    return len(text).to_bytes(LENGTH_BYTES, "little") + text
