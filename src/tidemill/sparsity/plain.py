"""Products with sparse weights in torch alone: what kernels must equal, and their stand-in."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

__all__ = ["masked", "masked_linear", "pruned_gradient"]

from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.selection import chosen_mask


def masked(weight: Tensor, kept: Bool[Tensor, "..."]) -> Tensor:
    """Return a weight without what is dropped, be that a number or not."""
    return weight.detach().masked_fill(~kept, 0.0)


def masked_linear(
    x: Float[Tensor, "*tokens inputs"],
    weight: Float[Tensor, "outputs inputs"],
    kept: Bool[Tensor, "outputs inputs"],
    bias: Float[Tensor, " outputs"] | None = None,
) -> Float[Tensor, "*tokens outputs"]:
    """Return X W^T + b of the kept weights alone.

    A dropped weight takes no part: an infinite or missing input does not spread through it,
    as it would through a product with zero.

    Args:
        x: Inputs.
        weight: Any values; those that are dropped are not looked at.
        kept: What is kept.
        bias: Added.
    """
    matrix = masked(weight, kept)
    is_number = torch.isfinite(x)
    if bool(is_number.all()):
        return functional.linear(x, matrix, bias)
    found = functional.linear(torch.where(is_number, x, 0.0), matrix, bias)
    return found + _what_spreads(x, matrix, kept)


def _what_spreads(x: Tensor, matrix: Tensor, kept: Tensor) -> Tensor:
    """Return infinities and NaN that reach the outputs through kept weights, else zero."""

    def reached(inputs: Tensor, weights: Tensor) -> Tensor:
        return functional.linear(inputs.float(), weights.float()) > 0

    above, below, strange = x == torch.inf, x == -torch.inf, x.isnan()
    rises = reached(above, matrix > 0) | reached(below, matrix < 0)
    falls = reached(above, matrix < 0) | reached(below, matrix > 0)
    nothing = kept & ((matrix == 0) | matrix.isnan())
    is_nan = reached(strange, kept) | reached(above | below, nothing) | (rises & falls)
    zeros = torch.zeros(rises.shape, dtype=x.dtype, device=x.device)
    spread = zeros.masked_fill(rises, torch.inf).masked_fill(falls, -torch.inf)
    return spread.masked_fill(is_nan, torch.nan)


def pruned_gradient(
    gradient: Float[Tensor, "*tokens outputs"], pattern: NMPattern
) -> Float[Tensor, "*tokens outputs"]:
    """Keep the N largest of each M outputs of a gradient (SDGP)."""
    rows = gradient.reshape(-1, gradient.shape[-1])
    return torch.where(chosen_mask(rows.float(), pattern), rows, 0.0).view(gradient.shape)
