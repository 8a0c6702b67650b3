import math
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.building import answers, batch_of, store_with
from tidemill.store import ranking
from tidemill.store.filters import SearchFilters
from tidemill.store.ranking import LENGTH_SHARE, SATURATION
from tidemill.store.store import FOLDER, Store

WORDS = st.sampled_from(
    ["the", "a", "of", "parse", "date", "iso", "tree", "walk", "node", "édition", "x1"]
)
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=12).map(" ".join), min_size=1, max_size=8)
FILES = st.dictionaries(st.sampled_from([f"{name}.py" for name in "abcdefgh"]), TEXTS, min_size=1)


def by_definition(files: dict[str, list[str]], query: list[str]) -> list[tuple[str, str, float]]:
    """BM25 straight from its formula, over every document."""
    documents = [
        (path, f"f{place}", Counter(text.split()))
        for path, texts in files.items()
        for place, text in enumerate(texts)
    ]
    mean = sum(counts.total() for _, _, counts in documents) / len(documents)
    scored = []
    for path, name, counts in documents:
        norm = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * counts.total() / mean)
        score = 0.0
        for term in query:
            holding = sum(term in other for _, _, other in documents)
            rarity = math.log1p((len(documents) - holding + 0.5) / (holding + 0.5))
            score += rarity * counts[term] / (counts[term] + norm)
        if score > 0:
            scored.append((path, name, score))
    return sorted(scored, key=lambda hit: (-hit[2], hit[0], hit[1]))


@pytest.mark.claim("house.search.bm25")
@settings(max_examples=40)
@given(files=FILES, query=st.lists(WORDS, min_size=1, max_size=6))
def test_scores_are_those_of_the_formula(files: dict[str, list[str]], query: list[str]) -> None:
    with TemporaryDirectory() as folder, store_with(Path(folder), files) as store:
        found = answers(store, " ".join(query), limit=100)
        expected = by_definition(files, query)
        assert [score for *_, score in found] == pytest.approx(
            [score for *_, score in expected], abs=1e-5
        )
        assert {hit[:2] for hit in found} == {hit[:2] for hit in expected}


@pytest.mark.claim("house.search.grown")
@settings(max_examples=25)
@given(
    before=FILES,
    after=FILES,
    query=st.lists(WORDS, min_size=1, max_size=5).map(" ".join),
    at_end=st.booleans(),
)
def test_an_index_grown_in_steps_answers_like_one_made_at_once(
    before: dict[str, list[str]], after: dict[str, list[str]], query: str, at_end: bool
) -> None:
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        grown = Store(Path(one) / FOLDER)
        with grown.writer() as writer:
            for path, texts in before.items():
                writer.write([batch_of(path, texts)])
            writer.forget(set(before) - set(after))
            for path, texts in after.items():
                writer.write([batch_of(path, texts)])
            if at_end:
                writer.finish()
        with grown, store_with(Path(two), after) as fresh:
            assert grown.verify().sound
            assert answers(grown, query) == answers(fresh, query)


@pytest.mark.claim("house.search.pruning")
def test_pruning_changes_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        f"{number}.py": [
            f"the a of {'tree ' * (number % 7)} node{number % 11} rare{number % 97} {'x ' * place}"
            for place in range(6)
        ]
        for number in range(120)
    }
    queries = ["the a of tree", "rare5 the a node3", "the", "node1 node2 of rare9 the"]
    with store_with(tmp_path, files) as store:
        monkeypatch.setattr(ranking, "COMMON", 1 << 30)
        plain = [answers(store, query) for query in queries]
        monkeypatch.setattr(ranking, "COMMON", 1)
        assert [answers(store, query) for query in queries] == plain


def test_equal_scores_stand_in_order_of_path(tmp_path: Path) -> None:
    files = {f"{number:02}.py": ["same words here"] for number in reversed(range(40))}
    with store_with(tmp_path, files) as store:
        assert [path for path, *_ in answers(store, "words", 3)] == ["00.py", "01.py", "02.py"]


def test_equal_texts_score_the_same_wherever_they_lie(tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(15)]
    with Store(tmp_path / FOLDER) as store:
        with store.writer() as writer:
            for number, neighbours in enumerate((0, 3, 40)):
                others = [f"{word} {'x ' * place}" for place, word in enumerate(words)]
                texts = [" ".join(words), *(others * 3)[:neighbours]]
                writer.write([batch_of(f"{number}.py", texts)])
        with store.snapshot() as snapshot:
            hits = snapshot.search(words, limit=3)
    assert [hit.path for hit in hits] == ["0.py", "1.py", "2.py"]
    assert len({hit.score for hit in hits}) == 1


@pytest.mark.claim("house.search.why")
def test_why_adds_up_to_the_score(tmp_path: Path) -> None:
    with store_with(tmp_path, {"a.py": ["parse date", "walk tree"]}) as store:
        with store.snapshot() as snapshot:
            (hit,) = snapshot.search(["parse", "date", "unknown"])
        assert sum(part for _, part in hit.why) == pytest.approx(hit.score)
        assert {term for term, _ in hit.why} == {"parse", "date"}


def test_nothing_matches_unknown_terms_or_an_empty_query(tmp_path: Path) -> None:
    with store_with(tmp_path, {"a.py": ["parse date"]}) as store:
        assert answers(store, "zebra") == []
        assert answers(store, "") == []


@pytest.mark.claim("house.search.filters")
def test_filters_leave_no_place_to_what_they_refuse(tmp_path: Path) -> None:
    crowd = {f"many/{number}.py": ["parse parse parse"] for number in range(50)}
    files = crowd | {"other/deep/one.py": ["parse and much else to make it longer"]}
    with store_with(tmp_path, files) as store, store.snapshot() as snapshot:
        for pattern in ("other", "other/", "other/**", "**/one.py", "one.p?", "o*/d?ep/*.py"):
            filters = SearchFilters(paths=(pattern,))
            hits = snapshot.search(["parse"], limit=3, filters=filters)
            assert [hit.path for hit in hits] == ["other/deep/one.py"], pattern
        assert not snapshot.search(["parse"], filters=SearchFilters(paths=("x*.py",)))
        assert not snapshot.search(["parse"], filters=SearchFilters(kinds=frozenset({"text"})))
        assert not snapshot.search(["parse"], filters=SearchFilters(languages=frozenset({"go"})))
        both = SearchFilters(languages=frozenset({"python"}), kinds=frozenset({"function"}))
        assert len(snapshot.search(["parse"], limit=100, filters=both)) == 51
