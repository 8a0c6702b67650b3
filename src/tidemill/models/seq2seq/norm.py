"""The norm of T5: scaled by the root of the mean square, with no mean and no shift."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from typing_extensions import override

__all__ = ["RootMeanSquareNorm"]


class RootMeanSquareNorm(nn.Module):
    """Brings every place to a mean square of 1 (Zhang and Sennrich 2019, as T5 uses it).

    Args:
        width: Of a place.
        epsilon: Added to the mean square.
    """

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.weight: nn.Parameter = nn.Parameter(torch.ones(width))

    @override
    def forward(self, hidden: Float[Tensor, "*places width"]) -> Float[Tensor, "*places width"]:
        """Return the places, scaled; the mean is made in fp32 whatever they are."""
        # Written out, it trains twice as fast on a processor as `functional.rms_norm`.
        mean = hidden.float().pow(2).mean(dim=-1, keepdim=True)
        return self.weight * (hidden * torch.rsqrt(mean + self.epsilon))
