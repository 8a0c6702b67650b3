from pathlib import Path

import pytest

from tidemill.core.errors import InputError, SettingError, StoreError
from tidemill.core.settings import Settings
from tidemill.store.filters import SearchFilters
from tidemill.tasks.indexing import index
from tidemill.tasks.search import search


def test_a_function_is_found_by_what_it_does(indexed: Path, settings: Settings) -> None:
    answer = search("parse ISO date", settings=settings, cwd=indexed)
    best = answer.hits[0]
    assert (best.path, best.line, best.end_line) == ("dates.py", 4, 7)
    assert (best.kind, best.name, best.language) == ("function", "parse_iso_date", "python")
    assert best.score == pytest.approx(sum(weight for _, weight in best.why), rel=1e-3)
    assert {term for term, _ in best.why} == {"parse", "iso", "date"}
    assert [weight for _, weight in best.why] == sorted((w for _, w in best.why), reverse=True)
    assert "parse_iso_date" in best.lines[0].text
    assert not best.stale


def test_scores_fall(indexed: Path, settings: Settings) -> None:
    scores = [hit.score for hit in search("date time", settings=settings, cwd=indexed).hits]
    assert len(scores) > 1
    assert scores == sorted(scores, reverse=True)


@pytest.mark.claim("house.search.filters")
@pytest.mark.parametrize(
    ("filters", "paths"),
    [
        (SearchFilters(languages=frozenset({"javascript"})), {"shop/cart.js"}),
        (SearchFilters(kinds=frozenset({"text"})), {"notes.txt"}),
        (SearchFilters(paths=("*.py",)), {"dates.py"}),
    ],
)
def test_filters(
    indexed: Path, settings: Settings, filters: SearchFilters, paths: set[str]
) -> None:
    answer = search("total table date", settings=settings, filters=filters, cwd=indexed)
    assert {hit.path for hit in answer.hits} == paths


@pytest.mark.claim("house.search.filters")
@pytest.mark.parametrize(
    ("glob", "place", "found"),
    [
        ("shop", ".", {"shop/cart.js"}),
        ("shop", "shop", {"shop/cart.js"}),
        ("cart.js", "shop", {"shop/cart.js"}),
        (".", "shop", {"shop/cart.js"}),
        ("./*.js", "shop", {"shop/cart.js"}),
        ("../*.py", "shop", {"dates.py"}),
        ("..", "shop", {"dates.py", "shop/cart.js", "notes.txt"}),
        ("./shop", "shop", set()),
    ],
)
def test_paths_count_from_the_root_or_from_here(
    indexed: Path, glob: str, place: str, found: set[str]
) -> None:
    assert found_in(indexed, glob, place, Settings(workers=1)) == found


def test_in_a_store_elsewhere_paths_count_from_here(tree: Path, tmp_path: Path) -> None:
    settings = Settings(workers=1, store=tmp_path / "stores" / "one")
    index([tree], settings=settings)
    assert found_in(tree, "shop", ".", settings) == {"shop/cart.js"}
    assert found_in(tree, "cart.js", "shop", settings) == {"shop/cart.js"}
    assert found_in(tree, "./shop", "shop", settings) == set()


def found_in(root: Path, glob: str, place: str, settings: Settings) -> set[str]:
    """The files below ``root`` in which a search from ``place`` finds something."""
    filters = SearchFilters(paths=(glob,))
    answer = search("total date tide", settings=settings, filters=filters, cwd=root / place)
    return {str((answer.state.root / hit.path).relative_to(root)) for hit in answer.hits}


def test_the_limit_is_kept(indexed: Path, settings: Settings) -> None:
    assert len(search("date", settings=settings, cwd=indexed, limit=1).hits) == 1


def test_the_store_is_found_from_a_folder_below(indexed: Path, settings: Settings) -> None:
    answer = search("tide", settings=settings, cwd=indexed / "shop")
    assert answer.state.store == indexed / ".tidemill"
    assert answer.state.root == indexed
    assert answer.state.files == 3


@pytest.mark.claim("house.search.stale")
def test_a_changed_file_is_called_stale(indexed: Path, settings: Settings) -> None:
    (indexed / "dates.py").write_text("# all gone\n")
    answer = search("iso", settings=settings, cwd=indexed)
    assert answer.hits[0].stale
    assert answer.state.stale == len(answer.hits)


def test_without_an_index_the_error_says_how_to_make_one(
    tmp_path: Path, settings: Settings
) -> None:
    with pytest.raises(StoreError, match="there is no index") as caught:
        search("x", settings=settings, cwd=tmp_path)
    assert "tidemill index PATH" in str(caught.value)


@pytest.mark.parametrize("query", ["", "  ", "?!", "x" * 3000])
def test_a_query_needs_words(indexed: Path, settings: Settings, query: str) -> None:
    with pytest.raises(InputError, match="query"):
        search(query, settings=settings, cwd=indexed)


def test_an_unknown_language_gets_a_suggestion(indexed: Path, settings: Settings) -> None:
    filters = SearchFilters(languages=frozenset({"pyhton"}))
    with pytest.raises(SettingError, match="Did you mean python"):
        search("x", settings=settings, filters=filters, cwd=indexed)


def test_nothing_found_is_an_answer(indexed: Path, settings: Settings) -> None:
    assert search("zyzzyva", settings=settings, cwd=indexed).hits == ()
