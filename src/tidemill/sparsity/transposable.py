"""Masks that hold N:M along rows and columns at once (Hubara et al. 2021, arXiv 2102.08124).

Their linear-time approximation: entries of a block of M x M by falling magnitude, each taken
while its row and its column have room. Where that ends short, a swap makes the mask whole.
"""

import torch
from torch import Tensor

from tidemill.sparsity.masks import Mask, Matrix
from tidemill.sparsity.pattern import NMPattern

__all__ = ["transposable_mask"]


def transposable_mask(weight: Matrix, pattern: NMPattern) -> Mask:
    """Return one mask with N of M along the columns and along the rows.

    Args:
        weight: Both its sides are multiples of M.
        pattern: N:M.

    Raises:
        SettingError: M does not divide a side.
    """
    rows, columns = weight.shape
    m = pattern.m
    high, wide = pattern.groups(rows), pattern.groups(columns)
    blocks = weight.detach().float().reshape(high, m, wide, m).transpose(1, 2).reshape(-1, m, m)
    taken = _greedy(blocks.abs(), pattern)
    for block in (taken.sum(dim=(1, 2)) < pattern.n * m).nonzero()[:, 0].tolist():
        _complete(taken[block], pattern.n)
    return taken.reshape(high, wide, m, m).transpose(1, 2).reshape(rows, columns)


def _greedy(magnitudes: Tensor, pattern: NMPattern) -> Tensor:
    """Take entries by magnitude, in all blocks at once."""
    count, m, _ = magnitudes.shape
    order = torch.sort(magnitudes.reshape(count, -1), descending=True, stable=True).indices
    blocks = torch.arange(count, device=magnitudes.device)
    taken = torch.zeros(count, m, m, dtype=torch.bool, device=magnitudes.device)
    in_row, in_column = (
        torch.zeros(count, m, dtype=torch.long, device=magnitudes.device) for _ in range(2)
    )
    for entry in order.T:
        row, column = entry // m, entry % m
        has_room = (in_row[blocks, row] < pattern.n) & (in_column[blocks, column] < pattern.n)
        taken[blocks, row, column] = has_room
        in_row[blocks, row] += has_room
        in_column[blocks, column] += has_room
    return taken


def _complete(taken: Tensor, n: int) -> None:
    """Give rows and columns that are short their entries, moving others out of the way.

    A short row and a short column meet at a taken entry, or it would have been taken. Some
    other entry (r, c) lies where neither (row, c) nor (r, column) is taken: moving it to both
    of these leaves the counts of r and c as they were.
    """
    while int(taken.sum()) < n * len(taken):
        row = int((taken.sum(dim=1) < n).nonzero()[0, 0])
        column = int((taken.sum(dim=0) < n).nonzero()[0, 0])
        if not taken[row, column]:
            taken[row, column] = True
            continue
        movable = taken & ~taken[row][None, :] & ~taken[:, column][:, None]
        other_row, other_column = movable.nonzero()[0].tolist()
        taken[other_row, other_column] = False
        taken[row, other_column] = True
        taken[other_row, column] = True
