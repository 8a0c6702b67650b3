"""One matrix product, as machines see it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

__all__ = ["STAGES", "Gemm", "Stage"]

Stage = Literal["forward", "backward", "update"]
"""Of a training step: Y = X W^T, the input's gradient dX = dY W, the weight's dW = dY^T X."""

STAGES: tuple[Stage, ...] = ("forward", "backward", "update")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gemm:
    """A left matrix [rows, contraction] times a right one [contraction, columns].

    A convolution is the product of its unfolded windows with its weights (im2col), so that an
    element of what it reads stands in the left matrix as often as windows see it.

    Attributes:
        rows: Of the left matrix and of the result: tokens or places of the whole batch in the
            forward pass and the input's gradient, inputs in the weight's gradient.
        contraction: What is added up.
        columns: Of the right matrix and of the result.
        count: Independent products of these sides: groups of a convolution, heads of attention.
        distinct: Share of the left matrix that has to be fetched; 1/9 for windows of 3 x 3 that
            are one place apart. The rest are repetitions. Halos of blocks are left out of it.
    """

    rows: int
    contraction: int
    columns: int
    count: int = 1
    distinct: Fraction = Fraction(1)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of a dense product, all `count` of them."""
        return self.count * self.rows * self.contraction * self.columns
