"""Search by words and experts together, from index to answer."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.serving.packages import encoder_expert, static_expert
from tidemill.core.settings import Settings
from tidemill.store.filters import SearchFilters
from tidemill.store.store import Store
from tidemill.tasks.embedding import embed
from tidemill.tasks.indexing import index
from tidemill.tasks.search import SearchAnswer, search


@pytest.fixture
def experts(tmp_path: Path) -> Path:
    """A folder with both experts of searches."""
    folder = tmp_path / "experts"
    folder.mkdir()
    static_expert(folder / "search-terms")
    encoder_expert(folder / "search-code")
    return folder


@pytest.fixture
def learned(settings: Settings, experts: Path) -> Settings:
    """Settings with these experts."""
    return replace(settings, experts=experts, search_experts="search-terms,search-code")


def asked(query: str, tree: Path, settings: Settings, **more: object) -> SearchAnswer:
    return search(query, settings=settings, cwd=tree, **more)  # type: ignore[arg-type]


@pytest.mark.claim("gcb.search.hybrid")
def test_an_answer_is_the_sum_of_words_and_experts(indexed: Path, learned: Settings) -> None:
    report = embed(indexed / ".tidemill", settings=learned)
    assert set(report.experts) == {"search-terms", "search-code"}
    assert report.embedded == 2 * 3
    answer = asked("parse an iso date", indexed, learned)
    assert answer.state.experts == ("search-terms", "search-code")
    first = answer.hits[0]
    assert first.name == "parse_iso_date"
    assert [name for name, _ in first.parts] == ["words", "search-terms", "search-code"]
    for hit in answer.hits:
        assert hit.score == pytest.approx(sum(value for _, value in hit.parts))
    words = asked("parse an iso date", indexed, replace(learned, search_experts="none"))
    by_name = {hit.name: hit.score for hit in words.hits}
    for hit in answer.hits:
        lexical = by_name.get(hit.name, 0.0)
        assert dict(hit.parts)["words"] == pytest.approx(0.05 * lexical)


@pytest.mark.claim("gcb.search.hybrid")
def test_experts_find_what_no_word_of_the_query_names(indexed: Path, learned: Settings) -> None:
    embed(indexed / ".tidemill", settings=learned)
    words = asked("datestamp parsers", indexed, replace(learned, search_experts="none"))
    assert not words.hits
    both = asked("datestamp parsers", indexed, learned)
    assert {"parse_iso_date", "Clock.date_now", "Cart.total"} <= {hit.name for hit in both.hits}


def test_filters_hold_for_experts_too(indexed: Path, learned: Settings) -> None:
    embed(indexed / ".tidemill", settings=learned)
    only = SearchFilters(languages=frozenset({"javascript"}), kinds=frozenset({"method"}))
    answer = asked("parse an iso date", indexed, learned, filters=only)
    assert [hit.name for hit in answer.hits] == ["Cart.total"]
    nothing = asked("date", indexed, learned, filters=SearchFilters(paths=("nowhere",)))
    assert not nothing.hits


@pytest.mark.parametrize(
    "only",
    [
        SearchFilters(languages=frozenset({"javascript"})),
        SearchFilters(paths=("shop",)),
        SearchFilters(paths=("shop",), languages=frozenset({"javascript", "python"})),
        SearchFilters(kinds=frozenset({"method"}), paths=("shop",)),
    ],
)
def test_what_is_left_out_takes_no_places_among_the_nearest(
    indexed: Path, learned: Settings, only: SearchFilters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidemill.tasks.hybrid.CANDIDATES", 1)
    embed(indexed / ".tidemill", settings=learned)
    # No word names it, and another function is nearer.
    answer = asked("datestamp parsers", indexed, learned, filters=only, limit=1)
    assert [hit.name for hit in answer.hits] == ["Cart.total"]


def test_a_second_pass_finds_nothing_to_do_and_a_change_only_what_changed(
    indexed: Path, learned: Settings
) -> None:
    folder = indexed / ".tidemill"
    embed(folder, settings=learned)
    assert embed(folder, settings=learned).embedded == 0
    cart = indexed / "shop" / "cart.js"
    cart.write_text(cart.read_text().replace("length", "size"))
    index([indexed], settings=learned)
    assert embed(folder, settings=learned).embedded == 2
    assert vectors(folder) == 2 * 3


def test_searches_go_on_by_words_until_all_vectors_are_there(
    indexed: Path, learned: Settings
) -> None:
    before = asked("parse an iso date", indexed, learned)
    assert before.state.experts == ()
    assert before.hits[0].name == "parse_iso_date"


def test_an_expert_that_was_replaced_is_not_asked_until_it_has_seen_all(
    indexed: Path, learned: Settings, experts: Path
) -> None:
    folder = indexed / ".tidemill"
    embed(folder, settings=learned)
    old = static_expert(experts.parent / "other", seed=7)
    (experts / "search-terms").rename(experts.parent / "gone")
    old.folder.rename(experts / "search-terms")
    answer = asked("parse an iso date", indexed, learned)
    assert answer.state.experts == ("search-code",)
    assert "replaced" in answer.state.unasked["search-terms"]
    assert embed(folder, settings=learned).embedded == 3
    assert asked("date", indexed, learned).state.experts == ("search-terms", "search-code")
    assert vectors(folder) == 2 * 3


def test_a_missing_expert_is_named_and_the_others_go_on(indexed: Path, learned: Settings) -> None:
    settings = replace(learned, search_experts="search-terms,search-nowhere")
    report = embed(indexed / ".tidemill", settings=settings)
    assert set(report.experts) == {"search-terms"}
    assert "there is no expert search-nowhere" in report.missing["search-nowhere"]
    answer = asked("parse an iso date", indexed, settings)
    assert answer.state.experts == ("search-terms",)


def vectors(folder: Path) -> int:
    with sqlite3.connect(folder / "index.db") as connection:
        count: int = connection.execute("SELECT count(*) FROM vectors").fetchone()[0]
    connection.close()
    return count


@pytest.mark.slow
@pytest.mark.claim("gcb.search.resumable")
def test_a_pass_that_is_killed_goes_on_and_ends_with_a_vector_for_each_function(
    tmp_path: Path, learned: Settings
) -> None:
    tree = tmp_path / "many"
    tree.mkdir()
    for number in range(40):
        text = "".join(
            f"def f{number}_{place}(x):\n    return x + {place}\n\n\n" for place in range(40)
        )
        (tree / f"m{number}.py").write_text(text)
    index([tree], settings=learned)
    folder = tree / ".tidemill"
    program = (
        "from pathlib import Path; import sys\n"
        "from tidemill.core.settings import Settings\n"
        "from tidemill.tasks import embedding\n"
        "embedding.BATCH = 16\n"
        "experts, folder = map(Path, sys.argv[1:])\n"
        "settings = Settings(experts=experts, search_experts='search-terms,search-code')\n"
        "embedding.embed(folder, settings=settings)\n"
    )
    kills = 0
    for least in (100, 700, 1_700, 2_500):
        child = subprocess.Popen(
            [sys.executable, "-c", program, str(learned.experts), str(folder)], env=dict(os.environ)
        )
        while child.poll() is None and vectors(folder) < least:
            time.sleep(0.01)
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
            kills += 1
        child.wait()
    assert kills >= 2
    report = embed(folder, settings=learned)
    assert set(report.experts) == {"search-terms", "search-code"}
    assert vectors(folder) == 2 * 1_600
    with Store(folder) as store:
        assert store.verify().sound
