"""The seam to matrices whose rows are made float32 where they are asked for."""

from typing import Protocol

import numpy as np
from jaxtyping import Float, Int

__all__ = ["Rows"]


class Rows(Protocol):
    """A matrix that is looked up, and mostly left as it is stored."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        ...

    def rows(self, places: Int[np.ndarray, " rows"]) -> Float[np.ndarray, "rows columns"]:
        """Return some rows as float32.

        Args:
            places: Which.
        """
        ...
