"""Learning rates over the steps of a stage."""

import math
from collections.abc import Callable
from typing import Literal

__all__ = ["Shape", "learning_rate"]

Shape = Literal["linear", "cosine", "constant"]

_SHAPES: dict[str, Callable[[float], float]] = {
    "linear": lambda done: 1.0 - done,
    "cosine": lambda done: 0.5 * (1.0 + math.cos(math.pi * done)),
    "constant": lambda _: 1.0,
}


def learning_rate(step: int, steps: int, *, peak: float, warmup: float, shape: Shape) -> float:
    """Return the rate of one step: up from near 0 in a straight line, then down by its shape.

    Args:
        step: From 0.
        steps: Steps of the stage.
        peak: The highest rate.
        warmup: Share of the steps on the way up.
        shape: How it comes down to 0, or does not.
    """
    rising = round(warmup * steps)
    if step < rising:
        return peak * (step + 1) / rising
    return peak * _SHAPES[shape]((step - rising) / max(1, steps - rising))
