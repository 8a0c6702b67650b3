"""The store's ranking as a ranker of a fixed set of candidates."""

from pathlib import Path

import pytest

from tidemill.corpus.documented import DocumentedFunction
from tidemill.tasks.rankers import store_ranker


def candidate(name: str, code: str) -> DocumentedFunction:
    return DocumentedFunction(
        package="p",
        path="a.py",
        line=1,
        language="python",
        name=name,
        qualified_name=name,
        query="",
        code=code,
    )


CANDIDATES = [
    candidate("parse_date", "def parse_date(text):\n    return iso(text)"),
    candidate("open_socket", "def open_socket(host):\n    return connect(host)"),
    candidate("twin", "def twin():\n    return date"),
    candidate("twin", "def twin():\n    return date"),
]


def test_scores_stand_in_the_order_of_the_candidates() -> None:
    with store_ranker(CANDIDATES) as ranker:
        scores = ranker.rank("parse an iso date")
        assert scores[0] == max(scores)
        assert scores[1] == 0.0
        assert scores[2] == pytest.approx(scores[3])
        assert 0.0 < scores[2] < scores[0]


@pytest.mark.parametrize("query", ["", "  ...  ", "unheard"])
def test_a_query_without_a_known_word_ties_all(query: str) -> None:
    with store_ranker(CANDIDATES) as ranker:
        assert list(ranker.rank(query)) == [0.0] * 4


def test_a_repeated_word_counts_once_as_in_a_search() -> None:
    with store_ranker(CANDIDATES) as ranker:
        assert ranker.rank("date date") == ranker.rank("date")


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with store_ranker(CANDIDATES) as ranker:
        ranker.rank("date")
        assert list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []
