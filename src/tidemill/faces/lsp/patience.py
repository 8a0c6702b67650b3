"""How much time is left for something."""

import time
from collections.abc import Callable

__all__ = ["Patience", "timer"]


class Patience:
    """How much time is left; when it is over, it stays over.

    Args:
        seconds: How much that is at any moment.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._is_over = False

    def __call__(self) -> float:
        """Return how much time is left."""
        left = 0.0 if self._is_over else self._seconds()
        self._is_over = left <= 0
        return left


def timer(seconds: float) -> Callable[[], float]:
    """Return what says how much of some seconds is left."""
    end = time.monotonic() + seconds
    return lambda: end - time.monotonic()
