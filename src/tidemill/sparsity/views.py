"""Arrays as tensors over the same memory."""

import warnings
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["as_tensor"]


def as_tensor(array: NDArray[Any]) -> Tensor:
    """Return an array as a tensor over the same memory, which may be read-only.

    Nobody writes into the weights that answers are made of; where they are shared, the memory
    itself is read-only, and a write would end the process.

    Args:
        array: Of a kind that torch has; the tensor keeps it.
    """
    if not array.flags.writeable:
        _hear_the_warning()
    return torch.from_numpy(array)


@cache
def _hear_the_warning() -> None:
    """Let torch say here that it knows no read-only tensors: it does so once in a process.

    Catching warnings takes longer than making a tensor, and other threads would notice.
    """
    array = np.zeros(1, dtype=np.float32)
    array.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        torch.from_numpy(array)
