"""Which weights stay: the N largest of every M, by magnitude."""

from typing import Literal, TypeAlias

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from tidemill.sparsity.pattern import NMPattern

__all__ = ["Along", "Mask", "Matrix", "magnitude_mask"]

Along: TypeAlias = Literal["columns", "rows"]
"""Where groups of a matrix [outputs, inputs] run: along its columns lies the contraction of the
forward product, along its rows that of the input's gradient."""

Matrix: TypeAlias = Float[Tensor, "outputs inputs"]
Mask: TypeAlias = Bool[Tensor, "outputs inputs"]


def magnitude_mask(weight: Matrix, pattern: NMPattern, *, along: Along = "columns") -> Mask:
    """Keep the N largest of each M consecutive weights.

    The magnitude is compared by its bits: NaN is larger than infinity, and denormals count.
    Of equals the first stays, as in an engine that replaces a kept weight only by a larger one.

    Args:
        weight: Rows are outputs, columns inputs.
        pattern: N:M; M divides the side that groups run along.
        along: ``columns`` for the forward product, ``rows`` for the input's gradient.

    Raises:
        SettingError: M does not divide.
    """
    if along == "rows":
        return magnitude_mask(weight.T, pattern).T
    rows, columns = weight.shape
    keys = _keys(weight).reshape(rows, pattern.groups(columns), pattern.m)
    if pattern.is_dense:
        return torch.ones(rows, columns, dtype=torch.bool, device=weight.device)
    places = torch.arange(pattern.m, device=weight.device)
    rank = torch.zeros(keys.shape, dtype=torch.int8, device=weight.device)
    for place in range(pattern.m):
        other = keys[..., place : place + 1]
        rank += torch.where(places > place, other >= keys, other > keys)
    return (rank < pattern.n).reshape(rows, columns)


def _keys(weight: Tensor) -> Tensor:
    """Return what orders magnitudes: the bits of their absolute values."""
    return weight.detach().float().abs().contiguous().view(torch.int32)
