"""Seeded sequences of requests: the shapes that traffic on a set of experts takes.

Every generator gives the same sequence for the same arguments. Experts are named by number,
and their numbers say nothing of their popularity.
"""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate, islice
from random import Random

from tidemill.core.randomness import stream

__all__ = [
    "EXPERTS",
    "drifting",
    "expert_names",
    "looping",
    "repeating",
    "scanning",
    "sizes_of",
    "zipf",
]

EXPERTS = 150
"""How many experts there are where nobody says otherwise: as many as Samba-CoE has."""

_MOVED_SHARE = 0.1
_AGAIN = 0.5
_SIZES = (1, 2, 4)


def expert_names(experts: int = EXPERTS) -> tuple[str, ...]:
    """Return the names that traces of so many experts use."""
    return tuple(f"expert-{number:03}" for number in range(experts))


def zipf(requests: int, *, alpha: float, seed: int, experts: int = EXPERTS) -> list[str]:
    """Return independent requests: the r-th most popular has a probability of ~ 1 / r^alpha.

    Args:
        requests: How many.
        alpha: Skew: 0 asks for all alike, 1.2 mostly for a few.
        seed: Any integer.
        experts: How many there are.
    """
    popularity = _Popularity(alpha, experts, stream(seed, "zipf"))
    return [popularity.draw() for _ in range(requests)]


def drifting(
    requests: int, *, alpha: float, every: int, seed: int, experts: int = EXPERTS
) -> list[str]:
    """Return requests whose popularity moves: a tenth of the ranks change hands now and then.

    Args:
        requests: How many.
        alpha: Skew, the same at all times.
        every: After how many requests a tenth of the ranks, drawn at random, pass their experts
            on among each other.
        seed: Any integer.
        experts: How many there are.
    """
    popularity = _Popularity(alpha, experts, stream(seed, "drifting"))
    trace = []
    for place in range(requests):
        if place and place % every == 0:
            popularity.move(max(2, round(_MOVED_SHARE * experts)))
        trace.append(popularity.draw())
    return trace


def repeating(requests: int, *, alpha: float, seed: int, experts: int = EXPERTS) -> list[str]:
    """Return requests of people who stay: each is for the last expert again with p = .5.

    Args:
        requests: How many.
        alpha: Skew of those that are not.
        seed: Any integer.
        experts: How many there are.
    """
    random = stream(seed, "repeating")
    popularity = _Popularity(alpha, experts, random)
    trace = [popularity.draw() for _ in range(min(requests, 1))]
    while len(trace) < requests:
        trace.append(trace[-1] if random.random() < _AGAIN else popularity.draw())
    return trace


def scanning(
    requests: int, *, alpha: float, every: int, seed: int, experts: int = EXPERTS
) -> list[str]:
    """Return requests with bursts in between that walk through all experts once.

    Args:
        requests: How many, bursts included.
        alpha: Skew outside of bursts.
        every: How many requests lie between two bursts.
        seed: Any integer.
        experts: How many there are.
    """
    popularity = _Popularity(alpha, experts, stream(seed, "scanning"))

    def endless() -> Iterator[str]:
        while True:
            yield from (popularity.draw() for _ in range(every))
            yield from expert_names(experts)

    return list(islice(endless(), requests))


def looping(requests: int, *, seed: int, experts: int = EXPERTS) -> list[str]:
    """Return requests that go round all experts, in one order: a job that asks each in turn.

    Args:
        requests: How many.
        seed: Where the order comes from.
        experts: How many there are.
    """
    names = list(expert_names(experts))
    stream(seed, "looping").shuffle(names)
    return [names[place % experts] for place in range(requests)]


def sizes_of(unit_bytes: int, *, seed: int, experts: int = EXPERTS) -> dict[str, int]:
    """Return sizes of one, two or four units, drawn alike and with no regard to popularity."""
    random = stream(seed, "sizes")
    return {name: unit_bytes * random.choice(_SIZES) for name in expert_names(experts)}


class _Popularity:
    """Experts in the order of their ranks, and how often each rank is drawn."""

    def __init__(self, alpha: float, experts: int, random: Random) -> None:
        self._random = random
        self._by_rank = list(expert_names(experts))
        random.shuffle(self._by_rank)
        self._below = list(accumulate(rank**-alpha for rank in range(1, experts + 1)))

    def draw(self) -> str:
        """Return the expert of one request."""
        return self._by_rank[bisect_left(self._below, self._random.random() * self._below[-1])]

    def move(self, count: int) -> None:
        """Let so many ranks, drawn at random, pass their experts on in a circle."""
        ranks = self._random.sample(range(len(self._by_rank)), min(count, len(self._by_rank)))
        experts = [self._by_rank[rank] for rank in ranks]
        for rank, expert in zip(ranks, experts[1:] + experts[:1], strict=True):
            self._by_rank[rank] = expert
