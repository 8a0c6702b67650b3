"""Finding one right answer among candidates: the usual measures, query by query."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import numpy as np
from jaxtyping import Float

from tidemill.metrics.ranking import Ranking, ndcg_at, ranking_of, recall_at, reciprocal_rank

__all__ = ["MEASURES", "QueryFigures", "one_answer_figures"]

QueryFigures = dict[str, Float[np.ndarray, " queries"]]
"""For each measure its figure of every query."""

MEASURES: dict[str, Callable[[Ranking], Float[np.ndarray, " queries"]]] = {
    "mrr": reciprocal_rank,
    "recall_at_1": lambda ranking: recall_at(ranking, 1),
    "recall_at_5": lambda ranking: recall_at(ranking, 5),
    "recall_at_10": lambda ranking: recall_at(ranking, 10),
    "ndcg_at_10": lambda ranking: ndcg_at(ranking, 10),
}

_BLOCK_QUERIES = 256


def one_answer_figures(scores: Iterable[Sequence[float]], answers: Sequence[int]) -> QueryFigures:
    """Measure queries that have one right answer each.

    Args:
        scores: For each query the score of every candidate; read in blocks, so
            an iterator may make them as it goes.
        answers: For each query the number of its right candidate.

    Raises:
        InputError: A score is not a number.
    """
    parts: dict[str, list[Float[np.ndarray, " block"]]] = {name: [] for name in MEASURES}
    rows, expected = iter(scores), iter(answers)
    while block := list(islice(rows, _BLOCK_QUERIES)):
        table = np.array(block, dtype=np.float64)
        right = np.zeros_like(table)
        right[np.arange(len(block)), list(islice(expected, len(block)))] = 1.0
        ranking = ranking_of(table, right)
        for name, measure in MEASURES.items():
            parts[name].append(measure(ranking))
    return {name: np.concatenate([np.zeros(0), *found]) for name, found in parts.items()}
