"""Vectors of bodies: rows of the store, and all of one expert's as two arrays for searching.

A search looks at one bit a dimension first (its sign), takes the bodies whose bits differ
least from the query's, and compares those exactly. The arrays are a cache beside the store
that can be thrown away: rows are what counts.
"""

import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tidemill.core.errors import TidemillError
from tidemill.core.files import PRIVATE_FILE

__all__ = ["VectorIndex", "open_vectors", "packed_vector", "read_vectors"]

KEY_BYTES = 64
"""Room for a body's key in the arrays; longer ones are not kept there."""

EXACT = 16
"""How many times as many bodies as are wanted are compared exactly."""

LEAST_EXACT = 2_048


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VectorIndex:
    """The vectors of one expert.

    Attributes:
        keys: Key of each body, ascending.
        vectors: Its vector, of length 1 (or 0); kept in half precision in the store, and as it
            is multiplied here, because halves take longer to convert than to multiply.
        signs: One bit a dimension, eight bytes a word; a row for each word, a column for each
            body, so that a search goes through them in one direction.
        changes: How often vectors had been added to the store when these were read.
    """

    keys: NDArray[np.bytes_]
    vectors: NDArray[np.float32]
    signs: NDArray[np.uint64]
    changes: int = 0

    def __len__(self) -> int:
        return len(self.keys)

    def nearest(
        self, query: Float[np.ndarray, " vector"], count: int, wanted: NDArray[np.bool_] | None
    ) -> list[tuple[str, float]]:
        """Return the keys of the nearest bodies with their cosines, nearest first.

        Args:
            query: Of length 1.
            count: How many.
            wanted: Which bodies may answer; all when None.
        """
        places = self._promising(query, max(LEAST_EXACT, EXACT * count), wanted)
        cosines = products(self.vectors[places], query)
        order = np.lexsort((places, -cosines))[:count]
        keys = self.keys[places[order]].tolist()
        return [
            (key.decode(), float(cosines[place])) for key, place in zip(keys, order, strict=True)
        ]

    def cosines(
        self, query: Float[np.ndarray, " vector"], keys: Sequence[str]
    ) -> Float[np.ndarray, " keys"]:
        """Return the cosine of each body with a query; 0 for those without a vector."""
        asked = np.array([key.encode() for key in keys], dtype=self.keys.dtype)
        found = np.zeros(len(keys), dtype=np.float32)
        if len(self) and len(keys):
            places = np.minimum(np.searchsorted(self.keys, asked), len(self) - 1)
            there = self.keys[places] == asked
            found[there] = products(self.vectors[places[there]], query)
        return found

    def among(self, keys: Iterable[str]) -> NDArray[np.bool_]:
        """Return which bodies have one of these keys."""
        mask = np.zeros(len(self), dtype=np.bool_)
        asked = np.array(sorted(key.encode() for key in keys), dtype=self.keys.dtype)
        if len(self) and len(asked):
            places = np.minimum(np.searchsorted(self.keys, asked), len(self) - 1)
            mask[places[self.keys[places] == asked]] = True
        return mask

    def beginning(self, prefixes: Iterable[str]) -> NDArray[np.bool_]:
        """Return which bodies have keys that begin with one of these."""
        mask = np.zeros(len(self), dtype=np.bool_)
        for prefix in prefixes:
            ends = np.array([prefix.encode(), prefix.encode() + b"\xff"], dtype=self.keys.dtype)
            first, last = np.searchsorted(self.keys, ends)
            mask[first:last] = True
        return mask

    def _promising(
        self, query: NDArray[np.floating], count: int, wanted: NDArray[np.bool_] | None
    ) -> NDArray[np.int64]:
        """Return the places of the bodies whose signs differ least from the query's."""
        eligible = None if wanted is None else np.flatnonzero(wanted)
        signs = self.signs if eligible is None else self.signs[:, eligible]
        if signs.shape[1] <= count:
            return np.arange(signs.shape[1]) if eligible is None else eligible
        apart = np.zeros(signs.shape[1], dtype=np.uint16)
        for words, asked in zip(signs, sign_words(query[np.newaxis])[:, 0], strict=True):
            apart += np.bitwise_count(words ^ asked)
        # Distances are few, so counting them is cheaper than sorting; ties all come along.
        most = np.searchsorted(np.cumsum(np.bincount(apart)), count)
        near = np.flatnonzero(apart <= most)
        return near if eligible is None else eligible[near]


def products(
    rows: Float[np.ndarray, "rows vector"], query: Float[np.ndarray, " vector"]
) -> Float[np.ndarray, " rows"]:
    """Return the product of each row with a query.

    Not by BLAS: for products this small, its threads wait for each other longer than they work.
    """
    found: NDArray[np.float32] = np.einsum("ij,j->i", rows, query.astype(np.float32))
    return found


def packed_vector(vector: Float[np.ndarray, " vector"]) -> bytes:
    """Return a vector as the store keeps it: little-endian half precision."""
    return vector.astype("<f2").tobytes()


def sign_words(vectors: Float[np.ndarray, "rows vector"]) -> NDArray[np.uint64]:
    """Return the signs of vectors, 64 dimensions a word and row; missing dimensions are 0."""
    bits = np.packbits(vectors > 0, axis=1)
    rest = -bits.shape[1] % 8
    words = np.ascontiguousarray(np.pad(bits, ((0, 0), (0, rest)))).view(np.uint64)
    return np.ascontiguousarray(words.T)


def read_vectors(connection: sqlite3.Connection, expert_hash: str) -> VectorIndex:
    """Read all vectors of an expert from their rows; those of another width are left out."""
    rows = connection.execute(
        "SELECT body_hash, vector FROM vectors WHERE expert_hash = ? AND length(body_hash) <= ?"
        " ORDER BY body_hash",
        (expert_hash, KEY_BYTES),
    ).fetchall()
    width = len(rows[0][1]) if rows else 0
    kept = [(key.encode(), vector) for key, vector in rows if len(vector) == width]
    flat = np.frombuffer(b"".join(vector for _, vector in kept), dtype="<f2")
    vectors = flat.reshape(len(kept), width // 2 if kept else 0).astype(np.float32)
    return VectorIndex(
        keys=np.array([key for key, _ in kept], dtype=f"S{KEY_BYTES}"),
        vectors=vectors,
        signs=sign_words(vectors),
    )


def open_vectors(
    connection: sqlite3.Connection, folder: Path, expert_hash: str, *, changes: int
) -> VectorIndex:
    """Return an expert's vectors, from the cache beside the store where that is current.

    Args:
        connection: Inside a read transaction.
        folder: The store's.
        expert_hash: Whose.
        changes: How often vectors were added to the store so far.
    """
    path = folder / f"vectors-{expert_hash[:16]}-{changes}.arrays"
    cached = _cached(path)
    if cached is not None:
        return replace(cached, changes=changes)
    index = read_vectors(connection, expert_hash)
    with suppress(OSError, TidemillError):
        _keep(path, index)
    return replace(index, changes=changes)


def _keep(path: Path, index: VectorIndex) -> None:
    """Write the cache: three arrays one after the other; remove those of other states."""
    for old in path.parent.glob(f"*{path.name.rpartition('-')[0]}-*"):
        old.unlink(missing_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for part in (index.keys, index.signs, index.vectors):
                np.save(file, part, allow_pickle=False)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _cached(path: Path) -> VectorIndex | None:
    """Return what the cache holds, its vectors mapped; None where it is not there or damaged."""
    try:
        with path.open("rb") as file:
            keys = np.load(file, allow_pickle=False)
            signs = np.load(file, allow_pickle=False)
            shape, dtype = _header(file)
            vectors = np.memmap(path, dtype=dtype, mode="r", offset=file.tell(), shape=shape)
    except (OSError, ValueError, EOFError):
        return None
    if not len(keys) == signs.shape[-1] == len(vectors) or vectors.dtype != np.float32:
        return None
    return VectorIndex(keys=keys, vectors=vectors, signs=signs)


def _header(file: BinaryIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read the header of an array, up to its first number."""
    np.lib.format.read_magic(file)
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    return shape, dtype
