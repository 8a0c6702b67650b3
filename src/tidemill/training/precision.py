"""Whether products are made in bfloat16."""

import torch

from tidemill.core.processor import processor_flags
from tidemill.training.recipe import Precision

__all__ = ["is_bf16"]

AMPERE = (8, 0)
"""The first compute capability with bfloat16 units."""

NATIVE = frozenset({"amx_bf16", "avx512_bf16", "bf16"})
"""Flags of processors that multiply bfloat16 themselves.

For others it is made of fp32: on a core with AVX-512 alone, products took 3.5 times as long.
"""


def is_bf16(wanted: Precision, device: torch.device, flags: frozenset[str] | None = None) -> bool:
    """Say whether a run makes its products in bfloat16, else in fp32.

    Args:
        wanted: As the recipe says; ``auto``: where the device has units for it.
        device: Where the run is.
        flags: What the processor can do; by default, this one.
    """
    if wanted != "auto":
        return wanted == "bf16"
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= AMPERE
    return not NATIVE.isdisjoint(processor_flags() if flags is None else flags)
