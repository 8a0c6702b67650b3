"""The most frequent type of each kind."""

from collections import Counter
from collections.abc import Iterable

from tidemill.core.errors import InputError
from tidemill.metrics.types.baselines.guessing import Guess, TypedName, most_frequent

__all__ = ["Majority"]


class Majority:
    """Guesses for every parameter what parameters are most often, and so on.

    A kind that was never seen gets the most frequent type of all.

    Args:
        rows: What to learn from.

    Raises:
        InputError: There is nothing to learn from.
    """

    def __init__(self, rows: Iterable[TypedName]) -> None:
        kinds: dict[str, Counter[str]] = {}
        for row in rows:
            kinds.setdefault(row.kind, Counter())[row.label] += 1
        if not kinds:
            raise InputError("no majority is to be had of no rows")
        together = sum(kinds.values(), Counter[str]())
        self._guesses = {kind: most_frequent(counts) for kind, counts in kinds.items()}
        self._otherwise = most_frequent(together)

    def guess(self, row: TypedName) -> Guess:
        """Return the most frequent type of the row's kind, with its share."""
        return self._guesses.get(row.kind, self._otherwise)
