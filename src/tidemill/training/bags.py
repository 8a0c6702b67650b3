"""Examples as a static expert reads them: features and weights, in flat columns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidemill.models.ngrams import Bag, NgramSpace, TokenHashes
from tidemill.training.columns import Ragged, ragged

__all__ = ["BagColumns", "bag_columns"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BagColumns:
    """The features of some texts.

    Attributes:
        features: Feature numbers.
        weights: What each counts.
    """

    features: Ragged
    weights: Ragged

    def bag(self, row: int) -> Bag:
        """Return the features of one text."""
        return Bag(features=self.features[row], weights=self.weights[row])


def bag_columns(texts: Sequence[TokenHashes], space: NgramSpace) -> BagColumns:
    """Return the features of texts."""
    bags = [space.bag(text) for text in texts]
    return BagColumns(
        features=ragged([bag.features for bag in bags], np.zeros(0, np.int32)),
        weights=ragged([bag.weights for bag in bags], np.zeros(0, np.float32)),
    )
