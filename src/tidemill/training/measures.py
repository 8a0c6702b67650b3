"""What a run is measured with on the valid part, while it goes."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tidemill.core.randomness import stream
from tidemill.metrics.ranking import map_at_r, ranking_of, reciprocal_rank
from tidemill.training.trainees.images import ImageTrainee
from tidemill.training.trainees.trainee import Rows, TextTrainee

__all__ = ["class_measure", "group_measure", "search_measure"]

MOST_PAIRS = 500
MOST_MEMBERS = 100
BLOCK = 500


def search_measure(
    trainee: TextTrainee, rows: Mapping[str, Rows], *, seed: int, most: int = MOST_PAIRS
) -> dict[str, float]:
    """Return the MRR of each language, every query among the code of up to 500 pairs.

    Args:
        trainee: What is measured.
        rows: The valid pairs of each language.
        seed: Of the draw where there are more.
        most: Pairs of a language that are drawn.
    """
    found = {}
    for language, own in sorted(rows.items()):
        if len(own) < 2:
            continue
        drawn = sorted(
            stream(seed, "measure", language).sample(range(len(own)), min(most, len(own)))
        )
        chosen = own[drawn]
        scores = _scores(trainee.queries(chosen, None), trainee.code(chosen, None))
        ranking = ranking_of(scores, np.eye(len(chosen)))
        found[f"mrr.{language}"] = float(reciprocal_rank(ranking).mean())
    if found:
        found["mrr"] = sum(found.values()) / len(found)
    return found


def group_measure(
    trainee: TextTrainee, groups: Sequence[Rows], *, seed: int, most: int = MOST_MEMBERS
) -> dict[str, float]:
    """Return MAP@R over groups, each member asking for its fellows among all members.

    Args:
        trainee: What is measured.
        groups: The valid members of each group.
        seed: Of the draw where there are more.
        most: Members of a group that are drawn.
    """
    drawn = [
        rows[
            sorted(
                stream(seed, "measure", str(place)).sample(range(len(rows)), min(most, len(rows)))
            )
        ]
        for place, rows in enumerate(groups)
        if len(rows) >= 2
    ]
    if len(drawn) < 2:
        return {}
    chosen = np.concatenate(drawn)
    label = np.repeat(np.arange(len(drawn)), [len(rows) for rows in drawn])
    vectors = trainee.code(chosen, None).float().cpu().numpy()
    figures = []
    for start in range(0, len(chosen), BLOCK):
        here = np.arange(start, min(start + BLOCK, len(chosen)))
        others = np.stack([np.delete(np.arange(len(chosen)), place) for place in here])
        scores = np.take_along_axis(vectors[here] @ vectors.T, others, axis=1)
        figures.append(map_at_r(ranking_of(scores, label[others] == label[here, None])))
    return {"map_at_r": float(np.concatenate(figures).mean())}


def class_measure(trainee: ImageTrainee, rows: Rows) -> dict[str, float]:
    """Return the share of images that are classified right, and their mean cross-entropy.

    Args:
        trainee: What is measured.
        rows: The valid images.
    """
    right, loss = 0, 0.0
    for start in range(0, len(rows), BLOCK):
        part = rows[start : start + BLOCK]
        scores, labels = trainee.scores(part, None), trainee.labels(part)
        right += int((scores.argmax(dim=1) == labels).sum())
        loss += functional.cross_entropy(scores, labels, reduction="sum").item()
    return {"accuracy": right / len(rows), "cross_entropy": loss / len(rows)}


def _scores(queries: Tensor, codes: Tensor) -> NDArray[np.float64]:
    rows = [np.asarray(part.float().cpu()) for part in (queries, codes)]
    scores: NDArray[np.float64] = (rows[0] @ rows[1].T).astype(np.float64)
    return scores
