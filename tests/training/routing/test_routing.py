from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import InputError
from tidemill.core.randomness import stream
from tidemill.experts.manifest import Training
from tidemill.experts.package import open_expert
from tidemill.experts.packing import write_expert
from tidemill.experts.verification import verify_expert
from tidemill.serving.router import RouterExpert
from tidemill.training.routing.drafting import (
    refitted,
    router_config_of,
    router_draft,
    text_router,
)
from tidemill.training.routing.learning import (
    Labelled,
    LearntCategories,
    RouterRecipe,
    learn_categories,
)
from tidemill.training.routing.mapping import ExpertMap, fit_map, routed_scores
from tidemill.training.routing.measuring import routing_report

WORDS = {
    "dates": "parse format year month day iso calendar zone clock week",
    "files": "copy folder path read write remove link tree disk name",
    "graphs": "node edge path shortest tree cycle colour degree weight flow",
}
TOPICS = {topic: words.split() for topic, words in WORDS.items()}
RECIPE = RouterRecipe(vector_size=16, epochs=20, batch=16, least=1)
TRAINING = Training(recipe="test", recipe_hash="0", steps=1, seed=0, data_hash="0")


def labelled(count: int, seed: int) -> Labelled:
    chance = stream(seed, "texts")
    texts, labels = [], []
    for number in range(count):
        label = number % len(TOPICS)
        words = chance.choices(list(TOPICS.values())[label], k=5)
        texts.append(" ".join(words))
        labels.append(label)
    return Labelled(texts=tuple(texts), labels=tuple(labels))


@pytest.fixture(scope="module")
def learnt() -> LearntCategories:
    return learn_categories(labelled(300, 0), labelled(60, 1), len(TOPICS), recipe=RECIPE)


def fitted(experts: tuple[int, ...] = (1, 2, 0), least_confidence: float = 0.0) -> ExpertMap:
    return ExpertMap(experts=np.array(experts), default=0, least_confidence=least_confidence)


NAMES = ("search-base", "search-dates", "search-files")


def test_categories_are_learnt_and_the_same_seed_gives_the_same_numbers(
    learnt: LearntCategories,
) -> None:
    config = router_config_of(
        learnt, RECIPE, answers="search", categories=list(TOPICS), experts=NAMES, fitted=fitted()
    )
    test = labelled(90, 2)
    confidences = text_router(learnt, config).confidences(test.texts)
    assert confidences.sum(axis=1) == pytest.approx(np.ones(90), abs=1e-5)
    assert (confidences.argmax(axis=1) == np.array(test.labels)).mean() > 0.95
    again = learn_categories(labelled(300, 0), labelled(60, 1), len(TOPICS), recipe=RECIPE)
    assert np.array_equal(again.table, learnt.table)
    assert again.temperature == learnt.temperature


@pytest.mark.claim("coe.router")
def test_a_router_is_an_expert_that_names_the_next(
    learnt: LearntCategories, tmp_path: Path
) -> None:
    config = router_config_of(
        learnt,
        RECIPE,
        answers="search",
        categories=list(TOPICS),
        experts=NAMES,
        fitted=fitted(least_confidence=0.5),
    )
    draft = router_draft(
        "routing-test", learnt, config, training=TRAINING, metrics=(), about="A test."
    )
    package = write_expert(tmp_path / "routing-test", draft)
    assert verify_expert(package.folder).sound
    expert = RouterExpert(package)
    dates, files, unknown = expert.route(["iso calendar week", "copy folder", "zzz"])
    assert (dates.expert, dates.reason) == ("search-dates", "router: it seems to be dates")
    assert files.expert == "search-files"
    assert files.runner_up != files.expert
    assert (unknown.expert, unknown.default) == ("search-base", "search-base")
    assert unknown.reason.startswith("router: not sure")
    assert 0 <= unknown.confidence < 0.5 <= dates.confidence <= 1


@pytest.mark.claim("coe.router")
def test_the_map_is_chosen_anew_without_learning(learnt: LearntCategories, tmp_path: Path) -> None:
    config = router_config_of(
        learnt, RECIPE, answers="search", categories=list(TOPICS), experts=NAMES, fitted=fitted()
    )
    draft = router_draft(
        "routing-test", learnt, config, training=TRAINING, metrics=(), about="A test."
    )
    package = write_expert(tmp_path / "routing-test", draft)
    facts = refitted(package, fitted(experts=(2, 2, 2)), NAMES)
    assert facts["experts"] == ["search-files"] * 3
    assert facts["categories"] == package.config["categories"]
    assert open_expert(package.folder).config["experts"] == [
        "search-dates",
        "search-files",
        "search-base",
    ]


def one_hot(labels: list[int], categories: int, sure: float = 0.9) -> np.ndarray:
    rest = (1 - sure) / (categories - 1)
    found = np.full((len(labels), categories), rest, dtype=np.float32)
    found[np.arange(len(labels)), labels] = sure
    return found


def test_each_category_gets_who_gains_most_on_what_is_taken_for_it() -> None:
    labels = [0] * 50 + [1] * 50
    scores = np.full((100, 3), 0.5)
    scores[:50, 1] += 0.2
    scores[50:, 2] += 0.1
    scores[50:, 1] -= 0.3
    found = fit_map(scores, one_hot(labels, 2), default=0)
    assert found.experts.tolist() == [1, 2]
    assert routed_scores(scores, one_hot(labels, 2), found).mean() == pytest.approx(0.65)


def test_a_lucky_text_decides_nothing_and_a_harmful_expert_is_not_asked() -> None:
    scores = np.full((41, 2), 0.5)
    scores[:40, 1] = 0.4
    scores[40, 1] = 1.0
    found = fit_map(scores, one_hot([0] * 40 + [1], 2), default=0)
    assert found.experts.tolist() == [0, 1]
    assert fit_map(scores[:40], one_hot([0] * 40, 2), default=0).experts.tolist() == [0, 0]


@pytest.mark.claim("coe.regret")
def test_who_is_not_sure_asks_the_default() -> None:
    """Where confidence tells right from wrong, the threshold learns to reject."""
    labels = np.array([0] * 60 + [1] * 60)
    taken = labels.copy()
    taken[:20] = 1
    confidences = one_hot(taken.tolist(), 2)
    confidences[:20] = [0.45, 0.55]
    scores = np.full((120, 2), 0.5)
    scores[:60, 1] = 0.0
    scores[60:, 1] = 1.0
    found = fit_map(scores, confidences, default=0)
    assert found.experts.tolist() == [0, 1]
    assert found.least_confidence > 0.55
    assert routed_scores(scores, confidences, found).mean() == pytest.approx(0.75)
    report = routing_report(scores, confidences, labels, found)
    assert report.coverage == pytest.approx(100 / 120)
    assert (report.sure_accuracy, report.auroc) == (1.0, 1.0)
    assert report.regret == pytest.approx(0.0)
    assert report.single_regret == pytest.approx(0.25)


def test_who_was_not_asked_is_no_candidate_and_no_oracle() -> None:
    labels = np.array([0] * 30 + [1] * 30)
    scores = np.full((60, 3), 0.5)
    scores[:30, 1], scores[30:, 1] = 0.8, np.nan
    scores[0, 2], scores[1:, 2] = 1.0, np.nan
    confidences = one_hot(labels.tolist(), 2)
    found = fit_map(scores, confidences, default=0)
    assert found.experts.tolist() == [1, 0]
    report = routing_report(scores, confidences, labels, found)
    assert report.best_single == pytest.approx(0.5)
    assert report.category_oracle == pytest.approx(0.65)
    assert report.text_oracle == pytest.approx((1.0 + 29 * 0.8 + 30 * 0.5) / 60)
    assert report.routed == pytest.approx(0.65)


def test_what_is_less_sure_than_asked_for_decides_nothing() -> None:
    confidences = one_hot([0] * 20, 2, sure=0.6)
    scores = np.full((20, 2), 0.5)
    scores[:, 1] = 1.0
    assert fit_map(scores, confidences, default=0).experts.tolist() == [1, 0]
    found = fit_map(scores, confidences, default=0, least=0.7)
    assert found.experts.tolist() == [0, 0]
    assert found.least_confidence >= 0.7


def test_confidence_is_compared_with_accuracy() -> None:
    """Of ten texts at .9 all are right, of ten at .6 half: off by .1 twice."""
    labels = np.array([0] * 15 + [1] * 5)
    confidences = np.array([[0.9, 0.1]] * 10 + [[0.6, 0.4]] * 10)
    report = routing_report(np.zeros((20, 2)), confidences, labels, fitted((0, 0)))
    assert report.calibration_error == pytest.approx(0.1)
    assert report.accuracy == pytest.approx(0.75)
    points = {point.least_confidence: point for point in report.curve}
    assert (points[0.7].coverage, points[0.7].accuracy) == (0.5, 1.0)
    assert points[0.9].coverage == 0.5
    assert set(report.to_dict()) >= {"regret", "single_regret", "curve"}


def test_few_texts_are_gone_through_more_often() -> None:
    recipe = replace(RECIPE, epochs=1, updates=30)
    texts = labelled(32, 0)
    assert learn_categories(texts, texts, len(TOPICS), recipe=recipe).steps == 30
    many = learn_categories(texts, texts, len(TOPICS), recipe=replace(recipe, epochs=20))
    assert many.steps == 40
    assert replace(recipe, seed=1).hash != recipe.hash == replace(recipe).hash


@given(
    st.integers(1, 40).flatmap(
        lambda count: st.lists(
            st.tuples(st.integers(0, 2), st.integers(0, 2), st.floats(0, 1)),
            min_size=count,
            max_size=count,
        )
    )
)
def test_no_router_beats_the_oracles(rows: list[tuple[int, int, float]]) -> None:
    labels = np.array([row[0] for row in rows])
    confidences = one_hot([row[1] for row in rows], 3)
    chance = np.random.default_rng(0)
    scores = chance.random((len(rows), 4)) * np.array([[row[2]] for row in rows])
    found = fit_map(scores, confidences, default=0)
    report = routing_report(scores, confidences, labels, found)
    assert report.routed <= report.text_oracle + 1e-9
    assert report.best_single <= report.category_oracle + 1e-9 <= report.text_oracle + 2e-9
    assert 0 <= report.accuracy <= 1


def test_scores_of_other_texts_are_refused() -> None:
    with pytest.raises(InputError, match="scores of 2 texts, confidences of 3"):
        fit_map(np.zeros((2, 2)), np.zeros((3, 2)), default=0)
    with pytest.raises(InputError, match="no word occurs"):
        learn_categories(
            Labelled(texts=("a", "b"), labels=(0, 1)),
            Labelled(texts=("a",), labels=(0,)),
            2,
            recipe=RouterRecipe(least=3),
        )
