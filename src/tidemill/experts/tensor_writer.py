"""Writing weights: encoded, aligned, hashed, and the same bytes for the same values."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from typing_extensions import Buffer

from tidemill.core.errors import ExpertError
from tidemill.core.files import PRIVATE_FILE
from tidemill.experts.documents import canonical_json, placed
from tidemill.experts.dtypes import DTYPES, Floats, Numbers, is_finite
from tidemill.experts.encodings import Storage, encoding
from tidemill.experts.folder import FileFact, write_new
from tidemill.experts.header import StoredTensor, header_bytes
from tidemill.experts.names import check_tensor_name
from tidemill.experts.parts import EncodedTensor, Part, Shape
from tidemill.experts.tensors import METADATA_KEY, METADATA_VERSION, stored_shape

__all__ = ["storage_for", "write_parts", "write_tensors"]


def storage_for(
    tensors: Mapping[str, Floats], *, matrices: Storage, others: Storage | None = None
) -> dict[str, Storage]:
    """Choose one storage for the matrices of a model and one for everything else.

    Args:
        tensors: The values by name.
        matrices: For tensors of two dimensions or more.
        others: For vectors; by default float32.
    """
    vectors = others or Storage()
    return {name: matrices if values.ndim > 1 else vectors for name, values in tensors.items()}


def write_tensors(
    path: Path,
    tensors: Mapping[str, Floats],
    storage: Mapping[str, Storage],
    *,
    encoded: Mapping[str, EncodedTensor] | None = None,
) -> FileFact:
    """Write an expert's weights.

    Args:
        path: A file that is not there yet.
        tensors: Finite values by name.
        storage: How to keep each of them; float32 where nothing is said.
        encoded: Further tensors, whose parts are written as they are.

    Returns:
        What a manifest says of the file.

    Raises:
        ExpertError: A name, shape or value cannot be kept, storage names no tensor, a tensor is
            there twice, or parts are not what their encoding has.
        CapacityError: The disk is full.
        StoreError: The file is there, or cannot be written.
    """
    given = encoded or {}
    if strange := sorted(set(storage) - set(tensors)):
        raise ExpertError(f"storage is given for {strange[0]!r}, which is no tensor")
    if twice := sorted(set(given) & set(tensors)):
        raise ExpertError(f"{twice[0]!r} is given both as values and encoded")
    parts: dict[str, Part] = {}
    entries: dict[str, object] = {}
    for name in sorted((*tensors, *given)):
        with placed(check_tensor_name(name)):
            own = (
                _as_it_is(given[name])
                if name in given
                else _encoded(tensors[name], storage.get(name, Storage()))
            )
        stored = {role: _stored_name(name, role, len(own.parts)) for role in sorted(own.parts)}
        parts |= {stored[role]: own.parts[role] for role in stored}
        entries[name] = {
            "encoding": own.encoding,
            "shape": list(own.shape),
            "parts": {role: _reference(stored[role], own.parts[role]) for role in stored},
        }
    facts = {"version": METADATA_VERSION, "tensors": entries}
    return _write(path, _laid_out(parts, padded=True), {METADATA_KEY: _text(facts)})


def write_parts(
    path: Path, parts: Mapping[str, Part], metadata: Mapping[str, str], *, mode: int = PRIVATE_FILE
) -> FileFact:
    """Write a plain safetensors file, without padding inside, for other programs.

    Args:
        path: A file that is not there yet.
        parts: The stored tensors by name.
        metadata: Free texts by key.
        mode: The file's permissions.

    Raises:
        ExpertError: There are too many tensors.
        CapacityError: The disk is full.
        StoreError: The file is there, or cannot be written.
    """
    return _write(path, _laid_out(parts, padded=False), metadata, mode=mode)


def _encoded(values: Floats, chosen: Storage) -> EncodedTensor:
    checked = _checked(values)
    parts = encoding(chosen.encoding).encode(checked, chosen.dtype)
    return EncodedTensor(encoding=chosen.encoding, shape=checked.shape, parts=parts)


def _as_it_is(tensor: EncodedTensor) -> EncodedTensor:
    """Return a tensor whose parts are such as its encoding writes them."""
    kind = encoding(tensor.encoding)
    layout = kind.layout(tensor.shape, {role: part.dtype for role, part in tensor.parts.items()})
    for role, part in tensor.parts.items():
        if part.numbers.shape != layout[role]:
            raise ExpertError(f"{role} of shape {part.numbers.shape} instead of {layout[role]}")
        if part.numbers.dtype != DTYPES[part.dtype].stored:
            raise ExpertError(f"{role} held as {part.numbers.dtype}, which is not {part.dtype}")
        if not is_finite(part.numbers, part.dtype):
            raise ExpertError(f"NaN or infinity among its {role}")
    kind.check(tensor.parts)
    return tensor


def _checked(values: Floats) -> Floats:
    if values.size == 0:
        raise ExpertError(f"a shape of {list(values.shape)} holds no values")
    if values.dtype != np.float32:
        raise ExpertError(f"values of kind {values.dtype}; float32 is wanted")
    values = np.ascontiguousarray(values).reshape(values.shape)
    if not is_finite(values, "F32"):
        raise ExpertError("NaN or infinity among its values")
    return values


def _stored_name(name: str, role: str, roles: int) -> str:
    """Return the name in the file; with one part it is the tensor's own, so that others read it."""
    return name if roles == 1 else f"{name}:{role}"


def _reference(stored: str, part: Part) -> dict[str, str]:
    digest = hashlib.sha256(_bytes(part.numbers))
    digest.update(bytes(_padding(part)))
    return {"tensor": stored, "sha256": digest.hexdigest()}


def _padding(part: Part) -> int:
    shape = stored_shape(part.numbers.shape, part.dtype)
    return int(np.prod(shape)) * DTYPES[part.dtype].bytes_each - part.numbers.nbytes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Laid:
    """A stored tensor at its place in the file."""

    stored: StoredTensor
    numbers: Numbers

    def chunks(self) -> Iterator[Buffer]:
        yield _bytes(self.numbers)
        yield bytes(self.stored.stored_bytes - self.numbers.nbytes)


def _laid_out(parts: Mapping[str, Part], *, padded: bool) -> list[_Laid]:
    laid: list[_Laid] = []
    place = 0
    for name, part in parts.items():
        shape: Shape = part.numbers.shape
        end = place + part.numbers.nbytes
        if padded:
            shape = stored_shape(shape, part.dtype)
            end += _padding(part)
        stored = StoredTensor(name=name, dtype=part.dtype, shape=shape, start=place, end=end)
        laid.append(_Laid(stored=stored, numbers=part.numbers))
        place = end
    return laid


def _write(
    path: Path, laid: Sequence[_Laid], metadata: Mapping[str, str], *, mode: int = PRIVATE_FILE
) -> FileFact:
    header = header_bytes([item.stored for item in laid], metadata)
    numbers = (chunk for item in laid for chunk in item.chunks())
    return write_new(path, chain((header,), numbers), mode=mode)


def _text(facts: object) -> str:
    return canonical_json(facts).decode()


def _bytes(numbers: Numbers) -> memoryview:
    """Return the numbers as bytes, without a copy where they lie in one piece."""
    return np.ascontiguousarray(numbers).reshape(-1).view(np.uint8).data
