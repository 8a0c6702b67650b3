"""How far the mean of few values can be trusted."""

from collections.abc import Sequence
from statistics import stdev

__all__ = ["half_width"]

T_95 = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}
"""Student's t for 95 %, by how many values there are."""


def half_width(values: Sequence[float]) -> float:
    """Return half the width of the 95 % interval of a mean of two to five values."""
    half: float = T_95[len(values)] * stdev(values) / len(values) ** 0.5
    return half
