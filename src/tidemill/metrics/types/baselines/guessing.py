"""What baselines learn from, and how they are asked."""

from collections import Counter
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Guess", "Guesser", "TypedName", "most_frequent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedName:
    """A name and its type.

    Attributes:
        name: What is typed: a parameter, variable or field, or the function of a result.
        kind: ``parameter``, ``return``, ``variable`` or ``field``.
        label: Its type, or the head of it.
        package: Where it is from.
        uses: Members that are invoked on it, and calls that it is passed to.
    """

    name: str
    kind: str
    label: str
    package: str
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A type, and how sure it is.

    Attributes:
        label: The type.
        confidence: Between 0 and 1.
    """

    label: str
    confidence: float


class Guesser(Protocol):
    """A baseline that has learnt."""

    def guess(self, row: TypedName) -> Guess:
        """Guess the type of a name; its label is not looked at."""
        ...


def most_frequent(counts: Counter[str]) -> Guess:
    """Return the most frequent label with its share; of equals, the first in the alphabet.

    Args:
        counts: At least one label.
    """
    label, times = min(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return Guess(label=label, confidence=times / counts.total())
