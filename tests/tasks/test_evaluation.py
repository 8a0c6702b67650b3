"""Measuring search over small packages of known difficulty, and over the standard library."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tidemill.core.errors import InputError, SettingError
from tidemill.core.settings import Settings
from tidemill.corpus.documented import DocumentedFunction
from tidemill.tasks.evaluation import SearchEvaluation, evaluate_search
from tidemill.tasks.rankers import Ranker

ALONE = Settings(workers=1, search_experts="none")
FRUITS = ["apple", "banana", "cherry", "damson", "elder", "fig", "grape", "hazel"]


def write_package(root: Path, words: list[str]) -> str:
    """Functions that share one telling word with their own documentation alone."""
    root.mkdir()
    for word in words:
        (root / f"{word}.py").write_text(
            f"def pick_{word}(tree):\n"
            f'    """Pick every ripe {word} with {word}{root.name}juice."""\n'
            f"    {word}{root.name}juice = tree.shake()\n"
            f"    return {word}{root.name}juice\n"
        )
    return str(root)


@pytest.fixture
def orchard(tmp_path: Path) -> str:
    return write_package(tmp_path / "orchard", FRUITS)


def overall(found: SearchEvaluation, measure: str) -> list[float]:
    return [getattr(result.overall, measure).mean for result in found.variants]


def test_telling_words_find_every_function(orchard: str) -> None:
    found = evaluate_search([orchard], settings=ALONE)
    assert (found.ranker, found.candidates, found.functions) == ("BM25", 8, {"orchard": 8})
    assert [result.variant for result in found.variants] == ["as written", "without own name"]
    assert overall(found, "mrr") == pytest.approx([1.0, 1.0])
    assert overall(found, "recall_at_1") == pytest.approx([1.0, 1.0])
    assert found.variants[0].packages["orchard"].queries == 8


@pytest.mark.claim("house.search.floor")
def test_without_the_name_only_the_body_tells(tmp_path: Path) -> None:
    root = tmp_path / "plain"
    root.mkdir()
    for word in FRUITS:
        (root / f"{word}.py").write_text(
            f"def {word}(tree):\n"
            f'    """Handle a single {word} properly."""\n'
            f"    result = tree.next()\n"
            f"    return result, {FRUITS.index(word)}\n"
        )
    found = evaluate_search([str(root)], settings=ALONE)
    harmonic = sum(1 / rank for rank in range(1, 9)) / 8
    assert overall(found, "mrr") == pytest.approx([1.0, harmonic])
    assert overall(found, "recall_at_5") == pytest.approx([1.0, 5 / 8])


def test_the_number_of_workers_changes_nothing(orchard: str) -> None:
    alone = evaluate_search([orchard], settings=ALONE)
    together = evaluate_search([orchard], settings=replace(ALONE, workers=2))
    assert alone == together


def test_it_draws_by_the_seed(orchard: str) -> None:
    drawn: list[tuple[str, ...]] = []

    @contextmanager
    def watching(candidates: Sequence[DocumentedFunction]) -> Iterator[Ranker]:
        drawn.append(tuple(function.name for function in candidates))
        yield FirstIsBest()

    for seed in (1, 1, 2):
        found = evaluate_search([orchard], settings=ALONE, candidates=4, seed=seed, ranker=watching)
        assert (found.candidates, found.seed, found.ranker) == (4, seed, "watching")
        # The first candidate is always first: ranks 1, then 3 (mean of 2..4 tied) thrice.
        expected = (1 + 3 * (1 / 2 + 1 / 3 + 1 / 4) / 3) / 4
        assert found.variants[0].overall.mrr.mean == pytest.approx(expected)
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 4


class FirstIsBest:
    def rank(self, query: str) -> Sequence[float]:
        assert query
        return [1.0, 0.0, 0.0, 0.0]


@pytest.mark.claim("house.search.packages")
def test_packages_are_told_apart(tmp_path: Path) -> None:
    names = [f"orchard{letter}" for letter in "abcde"]
    roots = [write_package(tmp_path / name, FRUITS) for name in names]
    found = evaluate_search(roots, settings=ALONE)
    result = found.variants[0]
    assert list(result.packages) == names
    assert sum(measures.queries for measures in result.packages.values()) == found.candidates == 40
    assert (result.overall.mrr.resampled, result.overall.mrr.units) == ("clusters", 5)
    assert result.packages["orcharda"].mrr.resampled == "values"


def test_a_file_named_twice_counts_once(orchard: str) -> None:
    found = evaluate_search([orchard, f"{orchard}/fig.py", orchard], settings=ALONE)
    assert found.functions == {"orchard": 8}


def test_it_is_ready_for_json(orchard: str) -> None:
    facts = json.loads(json.dumps(evaluate_search([orchard], settings=ALONE).to_dict()))
    assert facts["variants"][0]["overall"]["mrr"]["mean"] == pytest.approx(1.0)
    assert facts["variants"][1]["packages"]["orchard"]["queries"] == 8
    assert facts["candidates"] == 8


def test_progress_is_told(orchard: str) -> None:
    told: list[tuple[int, int | None, str]] = []

    class Listener:
        def advance(self, done: int, total: int | None, note: str) -> None:
            told.append((done, total, note))

    evaluate_search([orchard], settings=ALONE, progress=Listener())
    assert told[0] == (8, None, "reading orchard")
    assert told[-1] == (8, 8, "asking without own name")


def test_files_without_functions_are_counted(orchard: str) -> None:
    (Path(orchard) / "README.md").write_text("# Orchard\n")
    (Path(orchard) / "bad.py").write_bytes(b"x\0\0")
    found = evaluate_search([orchard], settings=ALONE)
    assert found.skipped == {"not text": 1, "not a language that is parsed": 1}


def test_too_few_functions_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    with pytest.raises(InputError, match="0 documented functions make no ranking"):
        evaluate_search([str(tmp_path)], settings=ALONE)


def test_too_few_candidates_are_refused(orchard: str) -> None:
    with pytest.raises(SettingError, match="1 candidates make no ranking"):
        evaluate_search([orchard], candidates=1)


@pytest.mark.claim("house.search.floor")
@pytest.mark.slow
def test_bm25_on_the_standard_library() -> None:
    found = evaluate_search(["stdlib"])
    written, nameless = overall(found, "mrr")
    assert found.candidates == 1_000
    assert found.functions["stdlib"] > 3_000
    # Measured .558 and .311 on Python 3.11; an independent BM25 without names in a field of
    # their own had .465. The floor moves with the library, its order does not.
    assert 0.45 < written < 0.70
    assert 0.20 < nameless < written - 0.10
