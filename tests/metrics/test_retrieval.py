"""One right answer among candidates: figures by hand, and in blocks."""

import math

import numpy as np
import pytest

from tidemill.core.errors import InputError
from tidemill.metrics.retrieval import MEASURES, one_answer_figures


def test_figures_by_hand() -> None:
    scores = [[3.0, 2.0, 1.0], [3.0, 2.0, 1.0], [0.0, 0.0, 0.0]]
    figures = one_answer_figures(scores, [0, 2, 1])
    assert set(figures) == set(MEASURES)
    assert figures["mrr"] == pytest.approx([1, 1 / 3, (1 + 1 / 2 + 1 / 3) / 3])
    assert figures["recall_at_1"] == pytest.approx([1, 0, 1 / 3])
    assert figures["recall_at_5"] == pytest.approx([1, 1, 1])
    assert figures["ndcg_at_10"][1] == pytest.approx(1 / math.log2(4))


def test_blocks_make_no_difference() -> None:
    generator = np.random.default_rng(5)
    scores = generator.integers(0, 9, size=(600, 30)).astype(float)
    answers = generator.integers(0, 30, size=600).tolist()
    whole = one_answer_figures(iter(scores.tolist()), answers)
    for name, values in whole.items():
        alone = [one_answer_figures([scores[i].tolist()], [answers[i]])[name][0] for i in (0, 599)]
        assert len(values) == 600
        assert [values[0], values[599]] == pytest.approx(alone)


def test_no_queries_are_no_figures() -> None:
    assert all(len(values) == 0 for values in one_answer_figures([], []).values())


def test_a_score_must_be_a_number() -> None:
    with pytest.raises(InputError, match="not a number"):
        one_answer_figures([[math.nan, 1.0]], [0])
