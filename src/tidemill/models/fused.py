"""The layers of an encoder as one native call, where all of them are packed.

It is for networks whose weights are put in by a skeleton: only there is it known when weights go.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from tidemill.core.errors import InputError
from tidemill.sparsity import kernels
from tidemill.sparsity.chain import MOST_PLACES, Chain, ChainLayer

__all__ = ["Fused"]


class Fused:
    """The chain of one expert's layers, made when they are first gone through.

    Args:
        heads: Of attention.
        epsilon: What the norms add to the variance.
    """

    def __init__(self, heads: int, epsilon: float) -> None:
        self._heads = heads
        self._epsilon = epsilon
        self._chain: Chain | None = None
        self._is_made = False

    def chain(
        self, hidden: Tensor, layers: Callable[[], Iterable[ChainLayer] | None]
    ) -> Chain | None:
        """Return what goes through the layers in one call, or None where that cannot be.

        Args:
            hidden: What the first layer reads: only fp32 on a processor, without gradients.
            layers: Gathers them; None where some are not packed.
        """
        if not _is_plain(hidden):
            return None
        if not self._is_made:
            self._chain = self._made(layers())
            self._is_made = True
        return self._chain

    def _made(self, layers: Iterable[ChainLayer] | None) -> Chain | None:
        if layers is None:
            return None
        try:
            return Chain(tuple(layers), heads=self._heads, epsilon=self._epsilon)
        except InputError:  # norms or biases of another kind than fp32
            return None


def _is_plain(hidden: Tensor) -> bool:
    return (
        hidden.dtype == torch.float32
        and hidden.device.type == "cpu"
        and hidden.shape[1] <= MOST_PLACES
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
        and kernels.available()
    )
