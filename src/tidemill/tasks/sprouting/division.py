"""Code is divided into packages of about one size: folders, modules, and runs of small ones.

Ours. At first every top-level folder with enough functions is a package; then the largest is
divided, again and again, until there are enough of them. A folder is divided into those of its
members that are large enough alone and the rest; where none is, the members, in order of
their names, are cut into two runs near the middle.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Division", "divided"]

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """A package: some members of one folder.

    Attributes:
        folder: Where they lie; empty for the top.
        members: Their paths, in order.
        size: Functions in all of them.
    """

    folder: Path
    members: tuple[Path, ...]
    size: int


@dataclass(slots=True, kw_only=True, eq=False)
class _Node:
    """A folder or module with what lies in it."""

    path: Path
    size: int = 0
    inner: dict[str, "_Node"] = field(default_factory=dict)

    def ordered(self) -> list["_Node"]:
        return [self.inner[name] for name in sorted(self.inner)]


def divided(
    counts: Mapping[Path, int], *, least: int, wanted: int, depth: int = 1
) -> list[Division]:
    """Divide code into packages.

    Args:
        counts: Functions at each place.
        least: Functions in a package at least.
        wanted: Packages; there are fewer where more cannot be made, and what is in none is left.
        depth: Names that a package's path has at least: what is above is none by itself.

    Returns:
        The packages, the largest first.
    """
    root = _tree(counts)
    top = [root]
    for _ in range(depth):
        top = [inner for node in top for inner in node.ordered()]
    start = [_division(node.path[:-1], [node]) for node in top if node.size >= least]
    open_ = [(-own.size, own.members, own) for own in start]
    heapq.heapify(open_)
    whole: list[Division] = []
    while open_ and len(open_) + len(whole) < wanted:
        _, _, own = heapq.heappop(open_)
        parts = _parts([_at(root, path) for path in own.members], own.folder, least)
        if len(parts) < 2:
            whole.append(own)
        for part in parts if len(parts) >= 2 else ():
            heapq.heappush(open_, (-part.size, part.members, part))
    whole += [own for _, _, own in open_]
    return sorted(whole, key=lambda own: (-own.size, own.members))


def _tree(counts: Mapping[Path, int]) -> _Node:
    root = _Node(path=())
    for place, count in counts.items():
        node = root
        for depth, name in enumerate(place, start=1):
            node = node.inner.setdefault(name, _Node(path=place[:depth]))
            node.size += count
    return root


def _at(root: _Node, path: Path) -> _Node:
    node = root
    for name in path:
        node = node.inner[name]
    return node


def _division(folder: Path, nodes: Sequence[_Node]) -> Division:
    members = tuple(node.path for node in nodes)
    return Division(folder=folder, members=members, size=sum(node.size for node in nodes))


def _parts(nodes: Sequence[_Node], folder: Path, least: int) -> list[Division]:
    """Return the packages that some members fall into; one or none where they do not."""
    while len(nodes) == 1:
        (only,) = nodes
        folder, nodes = only.path, only.ordered()
    large = [node for node in nodes if node.size >= least]
    small = [node for node in nodes if node.size < least]
    if not large:
        return _halves(small, folder, least)
    parts = [_division(folder, [node]) for node in large]
    rest = _division(folder, small)
    return [*parts, rest] if rest.size >= least else parts


def _halves(nodes: Sequence[_Node], folder: Path, least: int) -> list[Division]:
    """Cut members into two runs, as near the middle as both are large enough; or return none."""
    total = sum(node.size for node in nodes)
    before, best, cut = 0, total, 0
    for place, node in enumerate(nodes[:-1], start=1):
        before += node.size
        uneven = abs(total - 2 * before)
        if min(before, total - before) >= least and uneven < best:
            best, cut = uneven, place
    if not cut:
        return []
    return [_division(folder, nodes[:cut]), _division(folder, nodes[cut:])]
