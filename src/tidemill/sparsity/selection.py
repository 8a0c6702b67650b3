"""Choosing masks by magnitude, by kernels where there are any."""

import torch

from tidemill.sparsity import kernels
from tidemill.sparsity.masks import Along, Mask, Matrix, magnitude_mask
from tidemill.sparsity.pattern import NMPattern

__all__ = ["chosen_mask"]


def chosen_mask(weight: Matrix, pattern: NMPattern, *, along: Along = "columns") -> Mask:
    """Return what `magnitude_mask` does, some dozen times as fast.

    Args:
        weight: Rows are outputs, columns inputs.
        pattern: N:M; M divides the side that groups run along.
        along: ``columns`` for the forward product, ``rows`` for the input's gradient.

    Raises:
        SettingError: M does not divide.
    """
    weight = weight.detach()
    is_native = weight.device.type == "cpu" and weight.dtype == torch.float32
    if not (is_native and kernels.available()):
        return magnitude_mask(weight, pattern, along=along)
    mask = kernels.marked(kernels.made(weight.contiguous(), pattern, along=along))
    return mask if along == "columns" else mask.T.contiguous()
