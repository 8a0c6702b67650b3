"""The right operand of a product as the array takes it: values, and whom each meets."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tidemill.core.errors import SettingError
from tidemill.sparsity.pattern import NMPattern

__all__ = ["RightOperand", "dense_operand", "packed_operand"]

Halves = NDArray[np.float16]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class RightOperand:
    """A matrix [contraction, columns], of which each column keeps its own places.

    Attributes:
        values: What is kept, [depth, columns].
        indices: Place of each value in its group, [depth, columns].
        group: Elements of the contraction in a group.
        kept: Values of a group; all of them in a dense matrix.
        contraction: Of the whole matrix.
    """

    values: Halves = field(repr=False)
    indices: NDArray[np.uint8] = field(repr=False)
    group: int
    kept: int
    contraction: int

    @property
    def depth(self) -> int:
        """Multiply-accumulates of one result."""
        return int(self.values.shape[0])

    @property
    def columns(self) -> int:
        """Of the matrix."""
        return int(self.values.shape[1])


def dense_operand(matrix: Halves, *, group: int) -> RightOperand:
    """Return a dense matrix as an operand.

    Args:
        matrix: [contraction, columns].
        group: Elements that one link of the array carries.
    """
    contraction, columns = matrix.shape
    indices = np.repeat((np.arange(contraction) % group)[:, None], columns, axis=1)
    return RightOperand(
        values=matrix,
        indices=indices.astype(np.uint8),
        group=group,
        kept=group,
        contraction=contraction,
    )


def packed_operand(matrix: Halves, mask: Mask, pattern: NMPattern) -> RightOperand:
    """Return what a mask keeps of a matrix.

    Args:
        matrix: [contraction, columns].
        mask: Which values stay, of the same shape; N of each M down every column.
        pattern: N:M.

    Raises:
        SettingError: M does not divide, or the mask keeps another number.
    """
    contraction, columns = matrix.shape
    groups = pattern.groups(contraction)
    grouped = mask.T.reshape(columns, groups, pattern.m)
    if not (grouped.sum(axis=2) == pattern.n).all():
        raise SettingError(
            f"the mask does not keep {pattern}", hint="Groups run along the contraction."
        )
    indices = np.nonzero(grouped)[2].reshape(columns, groups * pattern.n)
    values = matrix.T[mask.T].reshape(columns, groups * pattern.n)
    return RightOperand(
        values=np.ascontiguousarray(values.T),
        indices=np.ascontiguousarray(indices.T).astype(np.uint8),
        group=pattern.m,
        kept=pattern.n,
        contraction=contraction,
    )
