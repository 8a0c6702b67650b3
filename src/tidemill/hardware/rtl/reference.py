"""The arithmetic of the units in numpy: what they are tested against, bit by bit."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Constants",
    "Updated",
    "dot_in_order",
    "half_of",
    "half_product",
    "single_product",
    "single_sum",
    "update",
]

Half = NDArray[np.float16]
Single = NDArray[np.float32]


class Constants(NamedTuple):
    """What all weights of a layer share in an update.

    Attributes:
        momentum: What the velocity is multiplied with.
        rate: The learning rate.
        decay_kept: The decay of a weight that the mask keeps.
        decay_dropped: Of one that it drops.
    """

    momentum: np.float32
    rate: np.float32
    decay_kept: np.float32
    decay_dropped: np.float32


class Updated(NamedTuple):
    """What an update gives.

    Attributes:
        weight: The master weights.
        velocity: Their momentum.
        half: The weights as the next step multiplies them.
    """

    weight: Single
    velocity: Single
    half: Half


def half_product(a: Half, b: Half) -> Single:
    """Return exact products of FP16 numbers."""
    return single_product(a.astype(np.float32), b.astype(np.float32))


def single_product(a: Single, b: Single) -> Single:
    """Return products of FP32 numbers, rounded."""
    with np.errstate(all="ignore"):
        return _quiet(np.multiply(a, b, dtype=np.float32))


def single_sum(a: Single, b: Single) -> Single:
    """Return sums of FP32 numbers, rounded."""
    with np.errstate(all="ignore"):
        return _quiet(np.add(a, b, dtype=np.float32))


def half_of(numbers: Single) -> Half:
    """Return the FP16 numbers nearest to FP32 ones."""
    with np.errstate(all="ignore"):
        return np.where(np.isnan(numbers), np.float16(np.nan), numbers.astype(np.float16))


def dot_in_order(x: Half, w: Half) -> Single:
    """Return dot products along the last axis, one product after the other added up from +0.

    Args:
        x: FP16, [..., K].
        w: FP16, [..., K].
    """
    products = half_product(x, w)
    total = np.zeros(products.shape[:-1], np.float32)
    for place in range(products.shape[-1]):
        total = single_sum(total, products[..., place])
    return total


def update(
    weight: Single,
    velocity: Single,
    gradient: Half,
    kept: NDArray[np.bool_],
    *,
    constants: Constants,
) -> Updated:
    """Return weights after a step of descent with momentum; each product and sum rounds.

    Args:
        weight: Master weights.
        velocity: Their momentum.
        gradient: FP16.
        kept: Whether the mask keeps each weight.
        constants: What they share.
    """
    decay = np.where(kept, constants.decay_kept, constants.decay_dropped)
    pull = single_sum(gradient.astype(np.float32), single_product(decay, weight))
    moved = single_sum(single_product(np.full_like(velocity, constants.momentum), velocity), pull)
    step = single_product(np.full_like(moved, constants.rate), moved)
    found = single_sum(weight, -step)
    return Updated(weight=found, velocity=moved, half=half_of(found))


def _quiet(numbers: Single) -> Single:
    """Return numbers with the canonical NaN in the place of every other one."""
    return np.where(np.isnan(numbers), np.float32(np.nan), numbers)
