"""Matrices whose rows become float32 where they are asked for, and stay as they are otherwise.

A table of embeddings is mostly looked up: of thousands of rows a text needs some dozens. Kept as
8-bit integers it takes a quarter of the room, in files and in every tier of memory.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from tidemill.experts.dtypes import Floats, Numbers, widened
from tidemill.experts.parts import Shape

__all__ = ["Table"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """A matrix as it is stored.

    Attributes:
        dtype: The kind of its numbers: ``F32``, ``F16``, ``BF16`` or ``I8``.
        numbers: As numpy holds them, often a view of a file or of shared memory.
        scales: What each row of integers is multiplied with; None for floats.
    """

    dtype: str
    numbers: Numbers
    scales: Floats | None = None

    @property
    def shape(self) -> Shape:
        """Rows and columns."""
        return self.numbers.shape

    def rows(self, places: Int[ndarray, " rows"]) -> Float[ndarray, "rows columns"]:
        """Return some rows, equal to those of the whole matrix to the last bit.

        Args:
            places: Which.
        """
        chosen = widened(self.numbers[places], self.dtype)
        return chosen if self.scales is None else chosen * self.scales[places, None]

    def whole(self) -> Float[ndarray, "rows columns"]:
        """Return the matrix; a view where float32 is stored."""
        values = widened(self.numbers, self.dtype)
        return values if self.scales is None else np.multiply(values, self.scales[:, None])
