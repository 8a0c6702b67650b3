"""Rows of different lengths in two flat arrays, so that a whole corpus is a few of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ragged", "ragged"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ragged:
    """Rows of different lengths.

    Attributes:
        values: All rows one after the other; more dimensions follow the first.
        offsets: Where each row begins, and the end of the last.
    """

    values: NDArray[Any]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> NDArray[Any]:
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def lengths(self) -> NDArray[np.int64]:
        """Return the length of each row."""
        return np.diff(self.offsets)


def ragged(rows: Iterable[NDArray[Any]], like: NDArray[Any]) -> Ragged:
    """Put rows one after the other.

    Args:
        rows: They differ in their first dimension only.
        like: An empty array that says type and other dimensions, for no rows at all.
    """
    parts = [like, *rows]
    lengths = [len(part) for part in parts[1:]]
    return Ragged(
        values=np.concatenate(parts),
        offsets=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
    )
