"""The most frequent type of the same name."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tidemill.metrics.types.baselines.guessing import Guess, TypedName, most_frequent
from tidemill.metrics.types.baselines.majority import Majority
from tidemill.metrics.types.baselines.subtokens import subtokens_of

__all__ = ["NameLookup"]


class NameLookup:
    """Guesses what names like this one were most often.

    It asks for the same name and kind, then the same name, then the same last word and kind,
    then the kind alone: the first that was ever seen decides.

    Args:
        rows: What to learn from.

    Raises:
        InputError: There is nothing to learn from.
    """

    def __init__(self, rows: Sequence[TypedName]) -> None:
        self._majority = Majority(rows)
        self._guesses = {key: most_frequent(counts) for key, counts in _counted(rows).items()}

    def guess(self, row: TypedName) -> Guess:
        """Return the most frequent type of the nearest names, with its share among them."""
        seen = (self._guesses[key] for key in _keys(row) if key in self._guesses)
        return next(seen, None) or self._majority.guess(row)


def _counted(rows: Iterable[TypedName]) -> dict[tuple[str, ...], Counter[str]]:
    counted: dict[tuple[str, ...], Counter[str]] = {}
    for row in rows:
        for key in _keys(row):
            counted.setdefault(key, Counter())[row.label] += 1
    return counted


def _keys(row: TypedName) -> Iterator[tuple[str, ...]]:
    """Return what a row is found by, from near to far."""
    if row.name:
        yield "name and kind", row.name, row.kind
        yield "name", row.name
    words = subtokens_of(row.name)
    if words:
        yield "last word and kind", words[-1], row.kind
