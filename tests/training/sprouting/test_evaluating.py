"""Experts asked about packages: the figures of a router of sprouts, on a tiny base."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.sprouting.beds import growth, pairs
from tidemill.core.progress import Silence
from tidemill.core.settings import Settings
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.training.sprouting import evaluating
from tidemill.training.sprouting.bed import Growth, prepared
from tidemill.training.sprouting.evaluating import Evaluation, Question, evaluated
from tidemill.training.sprouting.judging import Asked, Judge
from tidemill.training.sprouting.pairs import part_of
from tidemill.training.sprouting.queries import Category, PackageQueries, lessons, queries_of

NAME = "search-py-small"


@pytest.fixture
def work(tmp_path: Path, base: ExpertPackage) -> Growth:
    return growth(tmp_path, base.folder)


@pytest.fixture
def category(work: Growth) -> Category:
    return Category(
        name=NAME,
        title="small",
        language="python",
        pairs=work.pairs,
        hash=prepared(work).pairs.hash,
    )


def evaluation(work: Growth, category: Category, places: tuple[int, ...]) -> Evaluation:
    package = open_expert(work.base)
    question = Question(name=NAME, pairs=category.pairs, hash=category.hash, places=places)
    return Evaluation(
        name=package.name,
        expert=work.base,
        expert_hash=package.expert_hash,
        base=work.base,
        part="valid",
        questions=(question,),
        candidates=work.recipe.candidates,
        folder=work.folder,
    )


def test_a_pair_is_found_among_the_same_as_where_a_sprout_is_judged(
    work: Growth, category: Category
) -> None:
    bed = prepared(work)
    layers = bed.origin.layers
    figures = bed.figures(bed.texts(None), bed.origin.learning(layers), "valid")
    count = bed.pairs.counts["valid"]
    (ranks,) = evaluated(evaluation(work, category, tuple(range(count))))
    assert ranks.mean() == pytest.approx(figures.mrr, abs=1e-6)
    small = replace(evaluation(work, category, tuple(range(count))), candidates=4)
    (easier,) = evaluated(small)
    assert easier.mean() > ranks.mean()


def test_some_queries_have_the_ranks_that_they_have_among_all(
    work: Growth, category: Category
) -> None:
    (ranks,) = evaluated(evaluation(work, category, tuple(range(8))))
    (some,) = evaluated(evaluation(work, category, (5, 2)))
    assert some == pytest.approx(ranks[[5, 2]], abs=1e-9)


def test_answers_are_kept(
    work: Growth, category: Category, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = evaluation(work, category, (1, 3))
    (first,) = evaluated(asked)
    monkeypatch.setattr(evaluating, "open_origin", None)
    (again,) = evaluated(asked)
    assert np.array_equal(first, again)
    with pytest.raises(TypeError):
        evaluated(evaluation(work, category, (1, 4)))


def test_queries_and_lessons_are_those_of_their_parts(category: Category) -> None:
    valid = queries_of([category, category], "valid")
    own = sorted((one for one in pairs() if part_of(one.id) == "valid"), key=lambda one: one.id)
    assert valid.texts == tuple(one.query for one in own) * 2
    assert valid.labels.tolist() == [0] * len(own) + [1] * len(own)
    assert valid.places.tolist() == [*range(len(own))] * 2
    learnt = lessons([category])
    assert not set(learnt.texts) & set(valid.texts)
    assert learnt.texts[1].startswith(learnt.texts[1].split()[0] + " def ")
    assert set(learnt.labels) == {0}
    assert len(queries_of([], "test")) == 0


def judge(work: Growth) -> Judge:
    package = open_expert(work.base)
    return Judge(
        folder=work.folder,
        experts=[package, package],
        candidates=work.recipe.candidates,
        settings=Settings(workers=1),
        progress=Silence(),
    )


def test_a_matrix_has_what_was_asked_and_nothing_else(work: Growth, category: Category) -> None:
    texts = queries_of([category, category], "valid")
    chosen = np.zeros(len(texts), dtype=np.bool_)
    chosen[[1, len(texts) - 1]] = True
    everything = Asked(expert=0, chosen=np.ones(len(texts), dtype=np.bool_))
    asked = [everything, Asked(expert=1, chosen=chosen)]
    one = judge(work)
    scores = one.scores(texts, "valid", asked)
    assert not np.isnan(scores[:, 0]).any()
    assert np.array_equal(~np.isnan(scores[:, 1]), chosen)
    assert scores[chosen, 1] == pytest.approx(scores[chosen, 0])
    assert one.done == one.shards(texts, asked) == 2


def test_nobody_asked_is_nothing_done(work: Growth) -> None:
    texts: PackageQueries = queries_of([], "valid")
    one = judge(work)
    assert one.scores(texts, "valid", []).shape == (0, 2)
    assert one.done == 0
