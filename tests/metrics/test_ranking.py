"""Measures of ranking: by hand, and against every order of the ties."""

import itertools
import math
import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import TypeCheckError

from tidemill.core.errors import InputError
from tidemill.metrics.ranking import (
    Ranking,
    map_at_r,
    ndcg_at,
    precision_at_r,
    ranking_of,
    recall_at,
    reciprocal_rank,
)

Plain = Callable[[list[float]], float]


def ranked(scores: list[float], gains: list[float]) -> Ranking:
    return ranking_of(np.array([scores]), np.array([gains]))


def plain_reciprocal(gains: list[float]) -> float:
    return 1 / (1 + next(place for place, gain in enumerate(gains) if gain > 0))


def plain_recall(gains: list[float], k: int) -> float:
    return sum(gain > 0 for gain in gains[:k]) / sum(gain > 0 for gain in gains)


def plain_ndcg(gains: list[float], k: int) -> float:
    def dcg(order: list[float]) -> float:
        return sum(gain / math.log2(place + 2) for place, gain in enumerate(order[:k]))

    return dcg(gains) / dcg(sorted(gains, reverse=True))


def plain_map_at_r(gains: list[float]) -> float:
    total = sum(gain > 0 for gain in gains)
    hits = [sum(gain > 0 for gain in gains[: place + 1]) for place in range(total)]
    precisions = [hits[place] / (place + 1) for place in range(total) if gains[place] > 0]
    return sum(precisions) / total


def plain_precision_at_r(gains: list[float]) -> float:
    total = sum(gain > 0 for gain in gains)
    return sum(gain > 0 for gain in gains[:total]) / total


def mean_over_orders(scores: list[float], gains: list[float], measure: Plain) -> float:
    """The definition of what we compute: the mean over all orders that respect the scores."""
    found = []
    for order in itertools.permutations(range(len(scores))):
        arranged = [scores[place] for place in order]
        if arranged == sorted(scores, reverse=True):
            found.append(measure([gains[place] for place in order]))
    return sum(found) / len(found)


QUERIES = st.integers(1, 6).flatmap(
    lambda count: st.tuples(
        st.lists(st.sampled_from([0.0, 1.0, 2.5]), min_size=count, max_size=count),
        st.lists(st.sampled_from([0.0, 0.0, 1.0, 3.0]), min_size=count, max_size=count).filter(any),
    )
)


class TestAgainstEveryOrder:
    @pytest.mark.claim("house.metrics.ties")
    @given(QUERIES)
    def test_reciprocal_rank(self, query: tuple[list[float], list[float]]) -> None:
        expected = mean_over_orders(*query, plain_reciprocal)
        assert reciprocal_rank(ranked(*query))[0] == pytest.approx(expected)

    @pytest.mark.claim("house.metrics.ties")
    @given(QUERIES, st.integers(1, 7))
    def test_recall(self, query: tuple[list[float], list[float]], k: int) -> None:
        expected = mean_over_orders(*query, lambda gains: plain_recall(gains, k))
        assert recall_at(ranked(*query), k)[0] == pytest.approx(expected)

    @pytest.mark.claim("house.metrics.ties")
    @given(QUERIES, st.integers(1, 7))
    def test_ndcg(self, query: tuple[list[float], list[float]], k: int) -> None:
        expected = mean_over_orders(*query, lambda gains: plain_ndcg(gains, k))
        assert ndcg_at(ranked(*query), k)[0] == pytest.approx(expected)

    @pytest.mark.claim("house.metrics.ties")
    @given(QUERIES)
    def test_map_at_r(self, query: tuple[list[float], list[float]]) -> None:
        expected = mean_over_orders(*query, plain_map_at_r)
        assert map_at_r(ranked(*query))[0] == pytest.approx(expected)

    @pytest.mark.claim("house.metrics.ties")
    @given(QUERIES)
    def test_precision_at_r(self, query: tuple[list[float], list[float]]) -> None:
        expected = mean_over_orders(*query, plain_precision_at_r)
        assert precision_at_r(ranked(*query))[0] == pytest.approx(expected)


class TestByHand:
    """Worked on paper: five candidates, relevant ones at ranks 2 and 4 (and 5)."""

    SCORES = (9.0, 7.0, 5.0, 3.0, 1.0)

    def test_one_relevant_at_rank_four(self) -> None:
        ranking = ranked(list(self.SCORES), [0, 0, 0, 1, 0])
        assert reciprocal_rank(ranking)[0] == 0.25
        assert [recall_at(ranking, k)[0] for k in (1, 3, 4, 99)] == [0, 0, 1, 1]
        assert ndcg_at(ranking, 10)[0] == pytest.approx(1 / math.log2(5))
        assert map_at_r(ranking)[0] == 0.0

    def test_relevant_at_two_and_four(self) -> None:
        ranking = ranked(list(self.SCORES), [0, 1, 0, 1, 0])
        # R = 2: only rank 2 counts, with precision 1/2, over R = 2.
        assert map_at_r(ranking)[0] == pytest.approx(0.25)
        assert precision_at_r(ranking)[0] == pytest.approx(0.5)

    def test_map_at_r_of_the_papers_example(self) -> None:
        # Musgrave et al. 2020, figure 3: 10 relevant; only the first retrieved is, so MAP@R
        # is 1/10; and R-precision 0.1.
        gains = [1.0] + [0.0] * 10 + [1.0] * 9
        ranking = ranked([float(-place) for place in range(20)], gains)
        assert map_at_r(ranking)[0] == pytest.approx(0.1)
        assert precision_at_r(ranking)[0] == pytest.approx(0.1)

    def test_graded_gains(self) -> None:
        ranking = ranked([3.0, 2.0, 1.0], [1, 3, 0])
        found = (1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3))
        assert ndcg_at(ranking, 3)[0] == pytest.approx(found)

    def test_all_tied_is_the_mean_over_ranks(self) -> None:
        ranking = ranked([0.0] * 1000, [1.0] + [0.0] * 999)
        harmonic = sum(1 / rank for rank in range(1, 1001))
        assert reciprocal_rank(ranking)[0] == pytest.approx(harmonic / 1000)
        assert recall_at(ranking, 10)[0] == pytest.approx(0.01)


class TestProperties:
    @given(QUERIES, st.randoms(use_true_random=False))
    def test_the_order_of_the_input_does_not_matter(
        self, query: tuple[list[float], list[float]], chance: random.Random
    ) -> None:
        scores, gains = query
        mixed = list(zip(scores, gains, strict=True))
        chance.shuffle(mixed)
        other = ranked([pair[0] for pair in mixed], [pair[1] for pair in mixed])
        for measure in (reciprocal_rank, map_at_r, precision_at_r):
            assert measure(other)[0] == pytest.approx(measure(ranked(scores, gains))[0])

    def test_rows_do_not_touch_each_other(self) -> None:
        generator = np.random.default_rng(7)
        scores = generator.integers(0, 4, size=(40, 25)).astype(float)
        gains = (generator.random((40, 25)) < 0.2).astype(float)
        gains[:, 0] = 1.0
        whole = ranking_of(scores, gains)
        for measure in (reciprocal_rank, map_at_r, precision_at_r, lambda r: ndcg_at(r, 10)):
            alone = [measure(ranking_of(scores[i : i + 1], gains[i : i + 1]))[0] for i in range(40)]
            assert measure(whole) == pytest.approx(alone)

    def test_infinite_scores_rank(self) -> None:
        ranking = ranked([-math.inf, math.inf, 0.0], [1, 0, 0])
        assert reciprocal_rank(ranking)[0] == pytest.approx(1 / 3)

    def test_boolean_gains(self) -> None:
        ranking = ranking_of(np.array([[2.0, 1.0]]), np.array([[False, True]]))
        assert reciprocal_rank(ranking)[0] == 0.5


class TestRefused:
    @pytest.mark.parametrize(
        ("scores", "gains", "words"),
        [
            ([[1.0, 2.0]], [[1.0]], "do not match|shape"),
            ([1.0, 2.0], [1.0, 0.0], "do not match|shape"),
            ([[1.0, math.nan]], [[1.0, 0.0]], "query 0 has a score that is not a number"),
            ([[1.0, 2.0]], [[1.0, -1.0]], "negative or not finite"),
            ([[1.0, 2.0]], [[math.inf, 0.0]], "negative or not finite"),
            ([[1.0], [1.0]], [[1.0], [0.0]], "query 1 has no relevant"),
        ],
    )
    def test_what_has_no_measure(self, scores: object, gains: object, words: str) -> None:
        # Where shapes are checked at run time, that check comes first.
        with pytest.raises((InputError, TypeCheckError), match=words):
            ranking_of(np.array(scores), np.array(gains))

    @pytest.mark.parametrize("measure", [recall_at, ndcg_at])
    def test_a_cut_before_the_first(self, measure: Callable[[Ranking, int], object]) -> None:
        with pytest.raises(InputError, match="cut at 0"):
            measure(ranked([1.0], [1.0]), 0)
