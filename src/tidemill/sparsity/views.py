"""Arrays as tensors over the same memory."""

import warnings
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["as_tensor"]


def as_tensor(array: NDArray[Any]) -> Tensor:
    """Return an array as a tensor over the same memory, which may be read-only.

    Nobody writes into the weights that answers are made of; where they are shared, the memory
    itself is read-only, and a write would end the process.

    Args:
        array: Of a kind that torch has.
    """
    if array.flags.writeable:
        return torch.from_numpy(array)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that torch knows no read-only tensors
        return torch.from_numpy(array)
