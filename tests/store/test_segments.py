import sqlite3
from pathlib import Path

import numpy as np
import pytest

from tests.store.building import answers, batch_of, store_with
from tidemill.store import segments
from tidemill.store.postings import DocumentTerms, gather, term_hashes
from tidemill.store.store import FOLDER, Store
from tidemill.store.tiers import FAN_IN, LARGEST, due, due_at_end


def test_gather_weighs_fields_and_caps_frequencies() -> None:
    name, body = (["parse"], 2), (["parse", "date"] + ["x"] * 400, 1)
    postings = gather([DocumentTerms(kind="method", file=0, fields=(name, body))])
    counts = dict(zip(postings.lists.terms.tolist(), postings.lists.frequencies, strict=True))
    parse, date, many = term_hashes(["parse", "date", "x"]).tolist()
    assert (counts[parse], counts[date], counts[many]) == (3, 1, 255)
    assert postings.documents.lengths.tolist() == [404]


def test_gather_of_nothing_is_empty() -> None:
    postings = gather([])
    assert len(postings.documents) == 0
    assert postings.lists.starts.tolist() == [0]


def test_terms_keep_any_characters() -> None:
    assert len(set(term_hashes(["é", "e", "naïve", "名前", "\udcff"]).tolist())) == 5


@pytest.mark.parametrize("part", [1, 3, 8192])
@pytest.mark.parametrize("window", [2, 1 << 20])
def test_parts_and_windows_do_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int, window: int
) -> None:
    monkeypatch.setattr(segments, "PART", part)
    monkeypatch.setattr(segments, "MERGE_WINDOW", window)
    store = Store(tmp_path / FOLDER)
    with store.writer() as writer:
        for number in range(2 * FAN_IN):
            writer.write([batch_of(f"{number}.py", [f"tree node n{number}", "tree"])])
        writer.finish()
    with store:
        assert store.verify().sound
        assert len(answers(store, "tree", 100)) == 4 * FAN_IN
        assert [hit[0] for hit in answers(store, "n7")] == ["7.py"]


def test_wide_segments_number_documents_with_four_bytes(tmp_path: Path) -> None:
    texts = [f"word n{number}" for number in range((1 << 16) + 5)]
    with store_with(tmp_path, {"a.py": texts}) as store:
        assert answers(store, f"n{1 << 16}")[0][1] == f"f{1 << 16}"
        with sqlite3.connect(store.path) as connection:
            assert connection.execute("SELECT width FROM segments").fetchall() == [(4,)]
        connection.close()


def test_due_merges_segments_of_one_order() -> None:
    assert due(dict.fromkeys(range(FAN_IN - 1), 100)) == []
    assert due(dict.fromkeys(range(FAN_IN), 100)) == [list(range(FAN_IN))]
    assert due(dict.fromkeys(range(FAN_IN), LARGEST)) == []


def test_at_the_end_few_segments_are_left() -> None:
    sizes = dict.fromkeys(range(7), 1000) | {9: 60_000}
    assert due_at_end(sizes, sizes) == [list(range(7))]
    assert due_at_end({1: 10, 2: 1000}, {1: 10, 2: 1000}) == []
    assert due_at_end({1: 10, 2: 1000}, {1: 10, 2: 1000}, written=1010) == [[1, 2]]
    assert due_at_end({1: 10, 2: LARGEST}, {1: 10, 2: LARGEST}, written=1 << 20) == []
    assert due_at_end({1: 10}, {1: 100}) == [[1]]
    assert due_at_end({}, {}) == []


def test_numpy_arrays_are_little_endian_in_the_file(tmp_path: Path) -> None:
    with store_with(tmp_path, {"a.py": ["one two"]}) as store, store.snapshot() as snapshot:
        row = snapshot.connection.execute("SELECT lengths FROM segments").fetchone()
    assert np.frombuffer(row[0], dtype="<f4").tolist() == [2.0]
