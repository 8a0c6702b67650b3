"""Words bring along what stands around them, before any attention."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

__all__ = ["Neighbours"]


class Neighbours(nn.Module):
    """A depthwise convolution over words (ours; as in Primer, So et al. 2021, but on the words).

    A fresh T5 looks everywhere alike, and spends most of a short training on learning to look
    around; this one sees its surroundings from the first step. At first the one half of the
    numbers of a word gets the sum of those after it, the other half of those before it.

    Args:
        width: Of a word.
        reach: Words before and after that are seen.
    """

    def __init__(self, width: int, reach: int) -> None:
        super().__init__()
        self._reach = reach
        weight = torch.zeros(width, 2 * reach + 1)
        weight[: width // 2, reach + 1 :] = 1.0
        weight[width // 2 :, :reach] = 1.0
        self.weight: nn.Parameter = nn.Parameter(weight)

    @override
    def forward(
        self,
        words: Float[Tensor, "batch source width"],
        there: Bool[Tensor, "batch source"] | None,
    ) -> Float[Tensor, "batch source width"]:
        """Return what stands around each word, weighted by distance.

        Args:
            words: Of some texts.
            there: What of them is no padding; None where all are words.
        """
        if there is not None:
            words = words * there[:, :, None]
        # One channel a number; the words lie along the last side there.
        around = functional.conv1d(
            words.transpose(1, 2),
            self.weight[:, None],
            padding=self._reach,
            groups=len(self.weight),
        )
        return around.transpose(1, 2)
