"""AdamW whose variance can be frozen: what masks need that are learnt under Adam.

STEP (Lu et al. 2023, arXiv 2302.01172): gradients under changing masks spoil Adam's running
mean of squares, so it is learnt in a dense phase and kept from then on. They find the moment of
the switch by watching the variance; here the recipe says it.
"""

from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

__all__ = ["SwitchedAdamW"]

FROZEN_AT = "frozen_at"


class SwitchedAdamW(torch.optim.AdamW):
    """AdamW until it is frozen; from then on the same update with the variance as it was.

    Attributes:
        is_frozen: Whether squares are not averaged any more.
    """

    is_frozen: bool = False

    @override
    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update every parameter that has a gradient."""
        if not self.is_frozen:
            super().step(closure)
            return
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group)

    def _update(self, parameter: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if "exp_avg_sq" not in state:
            # It had no gradient in the dense phase, so nothing is known of its variance.
            return
        if FROZEN_AT not in state:
            state[FROZEN_AT] = state["step"].clone()
        state["step"] += 1
        (first, second), rate = group["betas"], group["lr"]
        mean, variance = state["exp_avg"], state["exp_avg_sq"]
        mean.lerp_(parameter.grad, 1 - first)
        scale = (variance / (1 - second ** float(state[FROZEN_AT]))).sqrt_().add_(group["eps"])
        parameter.mul_(1 - rate * group["weight_decay"])
        parameter.addcdiv_(mean, scale, value=-rate / (1 - first ** float(state["step"])))
