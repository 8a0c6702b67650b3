"""Which segments to merge, and when: pure arithmetic on their sizes."""

from collections import defaultdict
from collections.abc import Mapping

__all__ = ["FAN_IN", "LARGEST", "due", "due_at_end"]

FAN_IN = 8
"""Segments of a like size that are merged while indexing goes on."""

LARGEST = 1 << 16
"""Documents of the largest segment: two bytes number them, and scores fit the cache."""

RATIO = 4
"""At the end each segment is this much larger than all smaller ones together, or a large one."""

DEAD_SHARE = 0.2
"""Share of dead documents at which a segment is written anew at the end."""


def due(sizes: Mapping[int, int]) -> list[list[int]]:
    """Return the groups to merge now: `FAN_IN` segments of one order of size.

    Args:
        sizes: Documents of each segment, by its row.
    """
    tiers: defaultdict[int, list[int]] = defaultdict(list)
    for number, size in sorted(sizes.items()):
        tiers[(max(size, 1).bit_length() - 1) // 3].append(number)
    groups = []
    for numbers in tiers.values():
        group = fitting(numbers, sizes)
        if len(group) >= FAN_IN:
            groups.append(group)
    return groups


def fitting(numbers: list[int], sizes: Mapping[int, int]) -> list[int]:
    """Return the first of ``numbers`` that together make no more than `LARGEST`."""
    group: list[int] = []
    total = 0
    for number in numbers:
        if total + sizes[number] <= LARGEST:
            group.append(number)
            total += sizes[number]
    return group


def due_at_end(
    living: Mapping[int, int], sizes: Mapping[int, int], *, written: int = 0
) -> list[list[int]]:
    """Return the groups to merge when indexing ends, for fast queries.

    Small segments are joined until each is `RATIO` times larger than all smaller
    ones together, or larger than all that was written; segments with many dead
    documents are written anew. So a run that wrote much leaves few segments, and
    one that wrote little does not rewrite the rest.

    Args:
        living: Living documents of each segment.
        sizes: All its documents.
        written: Documents that the run wrote.
    """
    groups: list[list[int]] = []
    group: list[int] = []
    total = 0
    for number in sorted(living, key=lambda key: (living[key], key)):
        is_near = living[number] < max(RATIO * total, written)
        joins = is_near and total + living[number] <= LARGEST
        if group and not joins:
            groups.append(group)
            group, total = [], 0
        group.append(number)
        total += living[number]
    groups.append(group)
    return [group for group in groups if len(group) > 1 or wasteful(group, living, sizes)]


def wasteful(group: list[int], living: Mapping[int, int], sizes: Mapping[int, int]) -> bool:
    """Whether a lone segment holds so many dead documents that writing it anew pays."""
    return any(sizes[number] - living[number] > DEAD_SHARE * sizes[number] for number in group)
