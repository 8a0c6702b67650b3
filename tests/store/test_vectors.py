from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.store.connection import open_for_writing
from tidemill.store.vectors import VectorIndex, open_vectors, packed_vector, sign_words


def index_of(vectors: np.ndarray) -> VectorIndex:
    half = vectors.astype(np.float16).astype(np.float32)
    keys = np.array([f"python.3:{place:06d}".encode() for place in range(len(half))], dtype="S64")
    return VectorIndex(keys=keys, vectors=half, signs=sign_words(half))


def unit_rows(count: int, width: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)
    unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


@given(st.integers(1, 200), st.integers(1, 130), st.integers(1, 12))
def test_few_vectors_are_compared_exactly(count: int, width: int, wanted: int) -> None:
    rows = unit_rows(count, width)
    index = index_of(rows)
    query = unit_rows(1, width, seed=1)[0]
    cosines = rows.astype(np.float16).astype(np.float32) @ query
    expected = sorted(range(count), key=lambda place: (-cosines[place], place))[:wanted]
    found = index.nearest(query, wanted, None)
    assert [int(key.split(":")[1]) for key, _ in found] == expected
    assert [value for _, value in found] == pytest.approx(cosines[expected], abs=1e-6)


def test_signs_lead_to_the_nearest_of_many() -> None:
    rows = unit_rows(20_000, 128)
    index = index_of(rows)
    hits = 0
    for seed in range(20):
        near = rows[seed * 900] + 0.7 * unit_rows(1, 128, seed=100 + seed)[0]
        query = near / np.linalg.norm(near)
        exact = np.argsort(-(rows @ query), kind="stable")[:10]
        found = [int(key.split(":")[1]) for key, _ in index.nearest(query, 10, None)]
        assert found[0] == exact[0] == seed * 900
        hits += len(set(found) & set(exact.tolist()))
    assert hits >= 170


def test_only_wanted_bodies_answer() -> None:
    index = index_of(unit_rows(500, 64))
    wanted = index.among([f"python.3:{place:06d}" for place in (3, 70, 499, 12_345)])
    assert np.flatnonzero(wanted).tolist() == [3, 70, 499]
    found = index.nearest(unit_rows(1, 64, seed=9)[0], 10, wanted)
    assert {int(key.split(":")[1]) for key, _ in found} == {3, 70, 499}


def test_a_body_without_a_vector_has_the_cosine_0() -> None:
    index = index_of(np.eye(4, dtype=np.float32))
    query = np.array([0.6, 0.8, 0, 0], dtype=np.float32)
    keys = ["python.3:000001", "java.3:nowhere", "python.3:000000", "zzz"]
    assert index.cosines(query, keys).tolist() == pytest.approx([0.8, 0, 0.6, 0], abs=1e-3)
    empty = index_of(np.zeros((0, 4), dtype=np.float32))
    assert empty.cosines(query, keys).tolist() == [0, 0, 0, 0]
    assert empty.nearest(query, 3, None) == []


def test_the_cache_gives_back_what_the_rows_say_and_is_made_anew_when_damaged(
    tmp_path: Path,
) -> None:
    folder = tmp_path / ".tidemill"
    connection = open_for_writing(folder)
    rows = unit_rows(30, 24)
    connection.executemany(
        "INSERT INTO vectors VALUES (?, ?, ?)",
        [(f"python.3:{place:06d}", "e" * 32, packed_vector(row)) for place, row in enumerate(rows)],
    )
    connection.commit()
    first = open_vectors(connection, folder, "e" * 32, changes=4)
    (path,) = folder.glob("vectors-*")
    assert path.stat().st_mode & 0o777 == 0o600
    again = open_vectors(connection, folder, "e" * 32, changes=4)
    for one, other in ((first.keys, again.keys), (first.vectors, again.vectors)):
        assert one.tolist() == other.tolist()
    assert first.vectors == pytest.approx(rows, abs=1e-3)
    for damage in (b"", b"\x93NUMPY", path.read_bytes()[:-100]):
        path.write_bytes(damage)
        mended = open_vectors(connection, folder, "e" * 32, changes=4)
        assert mended.signs.tolist() == first.signs.tolist()
    newer = open_vectors(connection, folder, "e" * 32, changes=5)
    assert len(newer) == 30
    assert [entry.name.endswith("-5.arrays") for entry in folder.glob("vectors-*")] == [True]
    connection.close()
