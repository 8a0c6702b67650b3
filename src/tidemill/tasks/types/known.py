"""What a compiler objected to before types were written."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import TypeAlias

from tidemill.source.typescript.messages import gist_of, is_more_precise
from tidemill.source.typescript.service import Diagnostic

__all__ = ["Known"]

Placed: TypeAlias = tuple[int, Diagnostic]
"""What a compiler says, and where: a byte of the text without types."""

Place: TypeAlias = tuple[str, int, int]
"""A file, the number of a message, and that byte."""


class Known:
    """What was said, by place; and what of that is said in other words by now.

    In which words the compiler names a type hangs on what it has seen before, so that some
    messages change whatever is written. But they change by wrong types, too.
    """

    def __init__(self) -> None:
        self._counts: Counter[Place] = Counter()
        self._words: defaultdict[Place, set[str]] = defaultdict(set)
        self._messages: defaultdict[Place, set[str]] = defaultdict(set)

    def learn(self, said: Iterable[Placed]) -> None:
        """Take down what is said in one look; at each place the most in any look counts."""
        counts: Counter[Place] = Counter()
        for origin, one in said:
            place, words = _gist(origin, one)
            counts[place] += 1
            self._words[place].add(words)
            self._messages[place].add(one.message)
        self._counts |= counts

    def parted(self, said: Iterable[Placed]) -> tuple[list[Diagnostic], list[Diagnostic]]:
        """Return what is new, and what was there before in other words.

        Where there is more than before, what was not said there before is new first.
        """
        by_place: defaultdict[Place, list[tuple[bool, Diagnostic]]] = defaultdict(list)
        for origin, one in said:
            place, words = _gist(origin, one)
            by_place[place].append((self._is_said(place, words, one.message), one))
        new: list[Diagnostic] = []
        reworded: list[Diagnostic] = []
        for place, found in by_place.items():
            more = max(0, len(found) - self._counts[place])
            found.sort(key=lambda pair: pair[0])
            new += [one for _, one in found[:more]]
            reworded += [one for is_said, one in found[more:] if not is_said]
        return new, reworded

    def _is_said(self, place: Place, words: str, message: str) -> bool:
        if words in self._words.get(place, ()):
            return True
        return any(is_more_precise(message, one) for one in self._messages.get(place, ()))


def _gist(origin: int, one: Diagnostic) -> tuple[Place, str]:
    code, words = gist_of(one.code, one.message)
    return (one.path, code, origin), words
