"""Which of many sequences are nearly equal, without comparing all with all.

Two sequences are near when a share of their runs of six signs is common to both, and
their likeness (`tidemill.metrics.sequences`) reaches the threshold. Runs go into an
inverted index. A sequence looks up its rarer runs alone: of its most frequent ones so
many are left aside that they cannot make up the share by themselves, and they are the
ones with the long lists (prefix filtering: Chaudhuri et al., "A primitive operator for
similarity joins in data cleaning", ICDE 2006). Nothing is sampled: the answer is exact.

Where very many are near each other, the pairs would be what costs. So a sequence that
is near one with `CROWD` neighbours is that one's neighbour, and is compared with no
more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, UInt

from tidemill.core.progress import Progress, Silence
from tidemill.metrics.sequences import Pattern

__all__ = ["CROWD", "RUN", "NearPair", "near_sequences", "shared_runs"]

RUN = 6
"""Signs in a run."""

RUNS_BELOW = 0.5
"""The share of runs that must be common is the likeness less this ..."""

FEWEST_RUNS = 0.1
"""... and at least this."""

CROWD = 256
ROWS_A_REPORT = 64
ROUNDING = 1e-9
ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True, kw_only=True)
class NearPair:
    """Two sequences that are near each other.

    Attributes:
        left: Place of one in the input, the smaller.
        right: Place of the other.
        likeness: How alike they are.
    """

    left: int
    right: int
    likeness: float


def shared_runs(likeness: float) -> float:
    """Return the share of runs that two sequences of this likeness must have in common.

    Of 3,561 pairs of Java methods with a likeness of .7 and more that people called
    clones (BigCloneBench), one in 200 has a smaller share.
    """
    return max(FEWEST_RUNS, likeness - RUNS_BELOW)


def near_sequences(
    sequences: Sequence[Sequence[int]], *, likeness: float, progress: Progress | None = None
) -> Iterator[NearPair]:
    """Find the pairs of near sequences.

    Args:
        sequences: Of signs between 0 and 2^32; those of fewer than six have no partners.
            They are looked up from short to long, equally long ones in their order.
        likeness: The least likeness of a pair, above 0 and at most 1.
        progress: Told how many sequences have been looked up.

    Yields:
        Each pair once.
    """
    progress = progress or Silence()
    order = sorted(range(len(sequences)), key=lambda at: len(sequences[at]))
    index = _RunIndex([np.array(sequences[at], dtype=np.uint32) for at in order], likeness)
    neighbours = np.zeros(len(order), dtype=np.int64)
    stands_aside = np.zeros(len(order), dtype=bool)
    for row, place in enumerate(order):
        partners = index.partners(row)
        partners = partners[~stands_aside[partners]]
        crowded = neighbours[partners] >= CROWD
        pattern = Pattern(sequences[place]) if len(partners) else None
        for at in (*partners[crowded].tolist(), *partners[~crowded].tolist()):
            found = pattern.likeness(sequences[order[at]]) if pattern else 0.0
            if found + ROUNDING < likeness:
                continue
            left, right = sorted((place, order[at]))
            yield NearPair(left=left, right=right, likeness=found)
            stands_aside[row] = neighbours[at] >= CROWD
            neighbours[[row, at]] += 1
            if stands_aside[row]:
                break
        if row % ROWS_A_REPORT == 0:
            progress.advance(row, len(order), "comparing functions")


class _RunIndex:
    """An inverted index of runs over sequences that rise in length.

    Args:
        sequences: The sequences.
        likeness: The least likeness that is asked for.
    """

    def __init__(self, sequences: Sequence[UInt[np.ndarray, " _"]], likeness: float) -> None:
        runs = [_runs(sequence) for sequence in sequences]
        self._likeness = likeness
        self._share = shared_runs(likeness)
        self._lengths = np.array([len(sequence) for sequence in sequences])
        self._sizes = np.array([len(own) for own in runs], dtype=np.int64)
        self._first = np.concatenate(([0], np.cumsum(self._sizes)))
        _, numbers, self._frequency = np.unique(
            np.concatenate(runs) if runs else np.empty(0, np.uint64),
            return_inverse=True,
            return_counts=True,
        )
        self._numbers = numbers.astype(np.int64)
        owners = np.repeat(np.arange(len(runs)), self._sizes)
        # One sorted column answers both questions: who has a run, and whether one has it.
        self._keys = np.sort(self._numbers * len(runs) + owners)

    def partners(self, row: int) -> Int[np.ndarray, " partners"]:
        """Return the earlier rows that have enough runs in common with this one."""
        low = self._shortest_partner(row)
        own = self._numbers[self._first[row] : self._first[row + 1]]
        if low >= row or not len(own):
            return np.empty(0, dtype=np.int64)
        by_frequency = own[np.argsort(self._frequency[own], kind="stable")]
        # The size of a partner that shares enough is at least share / (2 - share) of ours.
        aside = int(np.ceil(self._share / (2 - self._share) * len(own) - ROUNDING)) - 1
        asked, left = np.split(by_frequency, [len(own) - max(aside, 0)])
        counts = self._counts(asked, low, row)
        needed = self._share / 2 * (len(own) + self._sizes[low:row]) - ROUNDING
        places: Int[np.ndarray, " rows"] = np.flatnonzero(
            (counts > 0) & (counts + len(left) >= needed)
        )
        whole = counts[places] + self._held(left, places + low)
        near: Int[np.ndarray, " partners"] = places[whole >= needed[places]] + low
        return near

    def _shortest_partner(self, row: int) -> int:
        """Return the first row that is long enough: a common part is no longer than either."""
        least = self._likeness / (2 - self._likeness) * self._lengths[row]
        return int(np.searchsorted(self._lengths, least - ROUNDING))

    def _counts(
        self, asked: Int[np.ndarray, " runs"], low: int, high: int
    ) -> Int[np.ndarray, " rows"]:
        """Return for each row of a range how many of the runs it has."""
        rows = len(self._sizes)
        asked = asked[self._frequency[asked] > 1]
        first = np.searchsorted(self._keys, asked * rows + low)
        lengths = np.searchsorted(self._keys, asked * rows + high) - first
        skipped = np.repeat(first - np.cumsum(lengths) + lengths, lengths)
        owners = self._keys[skipped + np.arange(len(skipped))] % rows
        return np.bincount(owners - low, minlength=high - low)

    def _held(
        self, runs: Int[np.ndarray, " runs"], rows: Int[np.ndarray, " rows"]
    ) -> Int[np.ndarray, " rows"]:
        """Return how many of the runs each of the rows has."""
        keys = runs[None, :] * len(self._sizes) + rows[:, None]
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        held: Int[np.ndarray, " rows"] = (self._keys[places] == keys).sum(axis=1)
        return held


def _runs(sequence: UInt[np.ndarray, " signs"]) -> UInt[np.ndarray, " runs"]:
    """Return the distinct runs of a sequence as hashes, sorted."""
    count = max(0, len(sequence) - RUN + 1)
    mixed = np.zeros(count, dtype=np.uint64)
    for step in range(RUN):
        mixed = (mixed ^ sequence[step : step + count]) * ODD
        mixed ^= mixed >> np.uint64(29)
    return np.unique(mixed)
