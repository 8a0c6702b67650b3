"""A folder as Hugging Face lays it out: config.json, and tensors in the safetensors format.

The format: eight bytes that hold the header's length, the header (JSON), and the tensors' bytes
one after the other (README of the safetensors library).
"""

import json
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidemill.core.errors import ExpertError
from tidemill.core.files import named_failures

__all__ = ["read_checkpoint"]

CONFIG = "config.json"
WEIGHTS = "model.safetensors"

MOST_CONFIG_BYTES = 1 << 20
MOST_HEADER_BYTES = 16 << 20
LENGTH_BYTES = 8
MOST_BYTES = 1 << 48
MOST_DIMENSIONS = 8

_KINDS: Mapping[str, str] = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def read_checkpoint(
    folder: Path,
) -> tuple[dict[str, object], dict[str, NDArray[np.float32]]]:
    """Return the config and the tensors of a folder, as they are called there.

    Args:
        folder: With ``config.json`` and ``model.safetensors``.

    Returns:
        The config's facts, and the tensors as fp32; those that are stored so stay in the file
        until they are looked at.

    Raises:
        ExpertError: A file is missing or damaged.
        StoreError: It cannot be read.
    """
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise ExpertError(
                f"{folder}: {name} is missing",
                hint="Weights must be in one safetensors file, with the config beside; pickled"
                " ones are never read.",
            )
    with named_failures(folder, doing="read"):
        return _facts(folder / CONFIG), dict(_tensors(folder / WEIGHTS))


def _facts(path: Path) -> dict[str, object]:
    with path.open("rb") as file:
        return _object(file.read(MOST_CONFIG_BYTES + 1), MOST_CONFIG_BYTES, str(path))


def _tensors(path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(LENGTH_BYTES), "little")
        if not 0 < length <= size - LENGTH_BYTES:
            raise ExpertError(f"{path}: no safetensors file, or cut off: {size:,} bytes")
        header = _object(
            file.read(min(length, MOST_HEADER_BYTES + 1)), MOST_HEADER_BYTES, str(path)
        )
    data = np.asarray(np.memmap(path, mode="r"))[LENGTH_BYTES + length :]
    for name, entry in header.items():
        if name != "__metadata__":
            yield name, _floats(data, entry, f"{path}: {name}")


def _object(text: bytes, most: int, where: str) -> dict[str, object]:
    if len(text) > most:
        raise ExpertError(f"{where}: JSON of more than {most:,} bytes")
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExpertError(f"{where}: no JSON: {error}") from error
    if not isinstance(found, dict):
        raise ExpertError(f"{where}: an object is wanted, and this is none")
    return found


def _floats(data: NDArray[np.uint8], entry: object, where: str) -> NDArray[np.float32]:
    """Return a tensor as fp32."""
    kind, shape, start, end = _placed(entry, where)
    dtype = np.dtype(_KINDS[kind])
    if not 0 <= start <= end <= len(data) or end - start != prod(shape) * dtype.itemsize:
        raise ExpertError(f"{where}: bytes {start:,} to {end:,} of {len(data):,} for {shape}")
    stored: NDArray[Any] = data[start:end].view(dtype).reshape(shape)
    if kind == "BF16":
        return (stored.astype(np.uint32) << 16).view(np.float32)
    return stored.astype(np.float32, copy=False)


def _placed(entry: object, where: str) -> tuple[str, tuple[int, ...], int, int]:
    """Return what an entry of a header says: kind, shape, first byte, byte after the last."""
    match entry:
        case {"dtype": str(kind), "shape": [*sides], "data_offsets": [start, end]}:
            numbers = [*sides, start, end]
        case _:
            raise ExpertError(f"{where}: the header says {str(entry)[:80]}, which is no tensor")
    if kind not in _KINDS:
        raise ExpertError(
            f"{where}: numbers of kind {kind[:20]!r}; {', '.join(_KINDS)} are weights"
        )
    are_sizes = all(type(number) is int and 0 <= number < MOST_BYTES for number in numbers)
    if not are_sizes or len(sides) > MOST_DIMENSIONS:
        raise ExpertError(f"{where}: shape {sides[:8]} or bytes {start} to {end} are no sizes")
    return kind, tuple(sides), start, end
