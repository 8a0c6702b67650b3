"""Backward masks inside the forward one (Bi-Mask, Zhang et al. 2023, arXiv 2302.06058)."""

import torch
from torch import Tensor

from tidemill.sparsity.masks import Mask, Matrix
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.selection import chosen_mask

__all__ = ["BiMask"]

TRIES = 100
"""Permutations of which the best is used (the authors' choice)."""

EVERY = 100
"""Updates after which permutations are drawn anew (the authors' choice)."""


class BiMask:
    """One layer's backward masks: N of M of what the forward mask left, rows permuted.

    The rows are put in the order, of some drawn by chance, in which the second mask drops
    least: the fewer of a group's weights the first mask left, the less there is to drop.

    Args:
        tries: Permutations that are drawn.
        every: Masks made before they are drawn anew.

    Attributes:
        made: Masks that were made so far.
        order: The permutation in use.
    """

    def __init__(self, tries: int = TRIES, every: int = EVERY) -> None:
        self._tries = tries
        self._every = every
        self.made: int = 0
        self.order: Tensor | None = None

    def mask(
        self,
        weight: Matrix,
        forward: Mask,
        pattern: NMPattern,
        chance: torch.Generator | None,
    ) -> Mask:
        """Return the backward mask, a part of the forward one.

        Args:
            weight: The layer's.
            forward: Its forward mask.
            pattern: N:M.
            chance: Draws the permutations; without one, rows keep their order.
        """
        left = torch.where(forward, weight.detach(), 0.0)
        if self.made % self._every == 0 and chance is not None:
            self.order = self._best_order(left, pattern, chance)
        self.made += 1
        if self.order is None:
            return chosen_mask(left, pattern, along="rows") & forward
        back = torch.empty_like(self.order)
        back[self.order] = torch.arange(len(back), device=back.device)
        return chosen_mask(left[self.order], pattern, along="rows")[back] & forward

    def _best_order(self, left: Matrix, pattern: NMPattern, chance: torch.Generator) -> Tensor:
        """Return the permutation that loses least magnitude."""
        best, most = None, -1.0
        magnitudes = left.abs()
        for _ in range(self._tries):
            order = torch.randperm(len(left), generator=chance).to(left.device)
            permuted = magnitudes[order]
            kept = float(permuted[chosen_mask(permuted, pattern, along="rows")].sum())
            if best is None or kept > most:
                best, most = order, kept
        return best if best is not None else torch.arange(len(left), device=left.device)
