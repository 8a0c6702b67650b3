"""Pairs become stars: one in the middle, and around it what is near the middle.

Why stars and not what hangs together: docs/why, "Clone classes are stars".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import TypeAlias

__all__ = ["Links", "Star", "linked", "stars"]

Links: TypeAlias = dict[int, dict[int, float]]
"""For each node its neighbours, and how alike they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Star:
    """A group of nodes.

    Attributes:
        middle: The node that all others are near.
        points: The others.
        is_whole: Whether the middle belongs to this star; else it belongs to another,
            and stands here for nodes that would otherwise be in none.
    """

    middle: int
    points: tuple[int, ...]
    is_whole: bool = True


def linked(pairs: Iterable[tuple[int, int, float]]) -> Links:
    """Return the neighbours of every node that is in a pair."""
    links: Links = {}
    for left, right, likeness in pairs:
        links.setdefault(left, {})[right] = likeness
        links.setdefault(right, {})[left] = likeness
    return links


def stars(weights: Sequence[int], links: Links) -> list[Star]:
    """Cover nodes with stars, greedily: the heaviest star first.

    Args:
        weights: How much each node counts, 1 or more; of equally heavy stars the one
            with the smaller middle comes first, so nodes should be in an order that
            means something.
        links: Neighbours. The links decide alone: their order does not matter.

    Returns:
        Stars that hold every node with neighbours, and every node of a weight above 1.
        A node is a point of at most one star, and the middle of a whole star or a point,
        never both.
    """
    free = [weight > 1 or bool(links.get(node)) for node, weight in enumerate(weights)]
    nodes = [node for node, is_free in enumerate(free) if is_free]
    heap = [(-_weight(node, weights, links, free), node) for node in nodes]
    heapify(heap)
    found: list[Star] = []
    alone: list[int] = []
    while heap:
        promised, node = heappop(heap)
        if not free[node]:
            continue
        weight = _weight(node, weights, links, free)
        if weight < -promised:
            heappush(heap, (-weight, node))
            continue
        free[node] = False
        points = tuple(sorted(other for other in links.get(node, ()) if free[other]))
        if points or weights[node] > 1:
            found.append(Star(middle=node, points=points))
        else:
            alone.append(node)
        for other in points:
            free[other] = False
    return found + _rests(alone, links)


def _weight(node: int, weights: Sequence[int], links: Links, free: Sequence[bool]) -> int:
    """Return what a star around a node would weigh now."""
    return weights[node] + sum(weights[other] for other in links.get(node, ()) if free[other])


def _rests(alone: Iterable[int], links: Mapping[int, Mapping[int, float]]) -> list[Star]:
    """Put each node whose neighbours are all taken beside the neighbour it is most like."""
    groups: dict[int, list[int]] = {}
    for node in alone:
        nearest = max(links[node].items(), key=lambda entry: (entry[1], -entry[0]))[0]
        groups.setdefault(nearest, []).append(node)
    return [
        Star(middle=middle, points=tuple(sorted(points)), is_whole=False)
        for middle, points in sorted(groups.items())
    ]
