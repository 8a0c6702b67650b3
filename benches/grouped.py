"""How well programs find the others of their group."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidemill.metrics.ranking import map_at_r, precision_at_r, ranking_of

__all__ = ["BLOCK", "Retrieved", "by_group"]

BLOCK = 200
"""Programs that ask at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """How one way of reading answers: a figure for each query."""

    map_at_r: NDArray[np.float64]
    precision_at_r: NDArray[np.float64]


def by_group(vectors: NDArray[np.float32], groups: Sequence[str]) -> Retrieved:
    """Let every example ask for the others of its group."""
    label = np.unique(groups, return_inverse=True)[1]
    maps, precisions = [], []
    for start in range(0, len(label), BLOCK):
        here = np.arange(start, min(start + BLOCK, len(label)))
        others = np.stack([np.delete(np.arange(len(label)), place) for place in here])
        scores = np.take_along_axis(vectors[here] @ vectors.T, others, axis=1)
        ranking = ranking_of(scores, label[others] == label[here, None])
        maps.append(map_at_r(ranking))
        precisions.append(precision_at_r(ranking))
    return Retrieved(map_at_r=np.concatenate(maps), precision_at_r=np.concatenate(precisions))
