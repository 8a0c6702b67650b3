"""Images with their classes, as every source of them hands them over."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray

from tidemill.core.hashing import content_hash

__all__ = ["Images", "LabelledImages", "Labels", "held_out"]

Images = UInt8[np.ndarray, "images rows columns channels"]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledImages:
    """Some images and what they show.

    Attributes:
        images: All of one size.
        labels: The class of each, by number.
        names: What each is called: a path in an archive, or a number.
        classes: Names of the classes.
    """

    images: Images
    labels: Labels
    names: Sequence[str]
    classes: tuple[str, ...]


def held_out(found: LabelledImages, share: float, seed: int) -> NDArray[np.bool_]:
    """Say of each image whether it is to be measured with: the same share of every class.

    Which ones, the hash of their names decides, so that no order of reading does.

    Args:
        found: All of them.
        share: Of each class, rounded.
        seed: Changes which ones.
    """
    chosen = np.zeros(len(found.labels), np.bool_)
    ranks = [content_hash(f"{seed} {name}".encode()) for name in found.names]
    for label in range(len(found.classes)):
        own = np.flatnonzero(found.labels == label).tolist()
        own.sort(key=lambda place: ranks[place])
        chosen[own[: round(share * len(own))]] = True
    return chosen
