"""Where every box and wire of a data-flow picture goes.

The picture keeps text free of wires. A value that stays on its line takes a
small arc above it. A value that travels leaves its box downwards, runs
through the gap between two lines, changes lines in a lane of the gutter left
of the code, and enters its box from above. Each definition owns one wire that
forks to all its uses (a *bus*), so that the number of lanes follows the number
of definitions alive at once, not the number of edges. Ours.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from tidemill.source.dataflow.rendering.excerpt import Excerpt, Place
from tidemill.source.dataflow.rendering.view import FlowView

__all__ = ["Layout", "Wire", "layout_of"]

COLUMN = 7.8
TEXT_HEIGHT = 19.0
TRACK = 3.6
LANE = 5.2
GUTTER_MARGIN = 12.0
NUMBERS = 44.0
GAP = 5.0
ARC = 11.0
RADIUS = 3.2
CLEARANCE = 4.0

Bus: TypeAlias = tuple[str, int]
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One drawn edge.

    Args:
        edge: Index of the edge in the graph.
        path: SVG path data from the source's box to the target's.
        tip: Where the arrowhead points, as (x, y).
    """

    edge: int
    path: str
    tip: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The finished geometry, in pixels.

    Args:
        places: Row and columns of every node.
        tops: Upper edge of the text of every row, and of the row after the last.
        code_left: Where column 0 of the code begins.
        wires: What is drawn, in the order of the graph's edges.
        width: Width up to the end of the longest row.
    """

    places: tuple[Place, ...]
    tops: tuple[float, ...]
    code_left: float
    wires: tuple[Wire, ...]
    width: float

    def left(self, place: Place) -> float:
        """Return the x of a place's left edge."""
        return self.code_left + place.left * COLUMN

    def right(self, place: Place) -> float:
        """Return the x of a place's right edge."""
        return self.code_left + place.right * COLUMN


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    """A drawn edge before it has coordinates."""

    edge: int
    bus: Bus
    source: Place
    target: Place

    @property
    def is_local(self) -> bool:
        return self.source.row == self.target.row and self.source.left != self.target.left

    @property
    def leaves(self) -> int:
        """The gap it leaves through; gap n lies above row n."""
        return self.source.row + 1

    @property
    def enters(self) -> int:
        return self.target.row

    @property
    def needs_lane(self) -> bool:
        return not self.is_local and self.leaves != self.enters


def layout_of(view: FlowView, excerpt: Excerpt) -> Layout:
    """Place the boxes and route the wires of a graph over its code."""
    places = tuple(excerpt.place(node.start, node.end) for node in view.nodes)
    links = _links(view, places)
    lanes = _lanes(links)
    code_left = NUMBERS + GUTTER_MARGIN + LANE * len(set(lanes.values())) + GUTTER_MARGIN
    lane_x = {bus: code_left - GUTTER_MARGIN - LANE * lane for bus, lane in lanes.items()}
    tracks = _tracks(links, lane_x, code_left)
    tops = _tops(len(excerpt.rows), links, tracks)
    router = _Router(code_left=code_left, lane_x=lane_x, tracks=tracks, tops=tops)
    return Layout(
        places=places,
        tops=tops,
        code_left=code_left,
        wires=tuple(router.wire(link) for link in links),
        width=code_left + excerpt.width * COLUMN,
    )


def _links(view: FlowView, places: tuple[Place, ...]) -> list[_Link]:
    """Return the edges worth a wire: a part inside its whole is shown by the boxes alone."""
    links = []
    for index, edge in enumerate(view.edges):
        if view.is_part(edge.source, edge.target):
            continue
        is_definition = view.nodes[edge.target].role == "definition"
        bus = ("into", edge.target) if is_definition else ("from", edge.source)
        links.append(
            _Link(edge=index, bus=bus, source=places[edge.source], target=places[edge.target])
        )
    return links


def _lanes(links: list[_Link]) -> dict[Bus, int]:
    """Give each bus that changes lines the innermost free lane, short ones first."""
    reach: dict[Bus, tuple[int, int]] = {}
    for link in links:
        if link.needs_lane:
            low, high = reach.get(link.bus, (link.leaves, link.leaves))
            reach[link.bus] = (
                min(low, link.leaves, link.enters),
                max(high, link.leaves, link.enters),
            )
    order = sorted(reach, key=lambda bus: (reach[bus][1] - reach[bus][0], reach[bus], bus))
    return _pack((bus, *reach[bus]) for bus in order)


def _tracks(
    links: list[_Link], lane_x: Mapping[Bus, float], code_left: float
) -> dict[tuple[int, Bus], int]:
    """Give each bus its own height in every gap that it runs through."""
    runs: dict[int, dict[Bus, tuple[float, float]]] = {}
    for link in links:
        for gap, xs in _stretches(link, lane_x, code_left):
            reach = runs.setdefault(gap, {})
            known = reach.get(link.bus, (xs[0], xs[0]))
            reach[link.bus] = (min(*known, *xs), max(*known, *xs))
    return {
        (gap, bus): track
        for gap, reach in runs.items()
        for bus, track in _pack(
            (bus, low - CLEARANCE, high + CLEARANCE)
            for bus, (low, high) in sorted(reach.items(), key=lambda item: (item[1], item[0]))
        ).items()
    }


def _stretches(
    link: _Link, lane_x: Mapping[Bus, float], code_left: float
) -> Iterator[tuple[int, tuple[float, float]]]:
    """Yield the gaps that a link runs through, and from where to where."""
    if link.is_local:
        return
    leaving, entering = _exit_x(link, code_left), _entry_x(link, code_left)
    if link.needs_lane:
        yield link.leaves, (leaving, lane_x[link.bus])
        yield link.enters, (lane_x[link.bus], entering)
    else:
        yield link.leaves, (leaving, entering)


def _pack(intervals: Iterable[tuple[Key, float, float]]) -> dict[Key, int]:
    """Give each interval the first shelf on which it overlaps nothing placed before."""
    shelves: list[list[tuple[float, float]]] = []
    place: dict[Key, int] = {}
    for key, low, high in intervals:
        number = next(
            (number for number, shelf in enumerate(shelves) if _fits(shelf, low, high)),
            len(shelves),
        )
        if number == len(shelves):
            shelves.append([])
        shelves[number].append((low, high))
        place[key] = number
    return place


def _fits(shelf: list[tuple[float, float]], low: float, high: float) -> bool:
    return all(high < left or right < low for left, right in shelf)


def _tops(
    rows: int, links: list[_Link], tracks: Mapping[tuple[int, Bus], int]
) -> tuple[float, ...]:
    """Return the upper edge of every row: gaps are as high as what runs through them."""
    heights = [GAP] * (rows + 1)
    for (gap, _bus), track in tracks.items():
        heights[gap] = max(heights[gap], GAP + TRACK * (track + 2))
    with_arcs = {link.target.row for link in links if link.is_local}
    tops, y = [], 0.0
    for row in range(rows + 1):
        y += heights[row] + (ARC if row in with_arcs else 0.0)
        tops.append(y)
        y += TEXT_HEIGHT
    return tuple(tops)


def _exit_x(link: _Link, code_left: float) -> float:
    return code_left + (link.source.left + link.source.right) / 2 * COLUMN - 2.0


def _entry_x(link: _Link, code_left: float) -> float:
    return code_left + (link.target.left + link.target.right) / 2 * COLUMN + 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Router:
    """Turns links into path data once lanes, tracks and rows are known."""

    code_left: float
    lane_x: Mapping[Bus, float]
    tracks: Mapping[tuple[int, Bus], int]
    tops: tuple[float, ...]

    def wire(self, link: _Link) -> Wire:
        return self._arc(link) if link.is_local else self._run(link)

    def _arc(self, link: _Link) -> Wire:
        """Draw a small arc above the line from one box to another."""
        y = self.tops[link.target.row]
        x1, x2 = _exit_x(link, self.code_left), _entry_x(link, self.code_left)
        rise = min(ARC + 2.0, 6.0 + abs(x2 - x1) * 0.08) / 0.75
        path = f"M{x1:.1f} {y:.1f}C{x1:.1f} {y - rise:.1f} {x2:.1f} {y - rise:.1f} {x2:.1f} {y:.1f}"
        return Wire(edge=link.edge, path=path, tip=(x2, y))

    def _run(self, link: _Link) -> Wire:
        """Draw a rounded run through gaps and, where lines lie between, a lane."""
        x1, x2 = _exit_x(link, self.code_left), _entry_x(link, self.code_left)
        bottom, top = self.tops[link.source.row] + TEXT_HEIGHT, self.tops[link.target.row]
        leave = self._track_y(link.leaves, link.bus)
        points = [(x1, bottom), (x1, leave)]
        if link.needs_lane:
            lane, enter = self.lane_x[link.bus], self._track_y(link.enters, link.bus)
            points += [(lane, leave), (lane, enter), (x2, enter)]
        else:
            points += [(x2, leave)]
        points.append((x2, top))
        return Wire(edge=link.edge, path=_rounded(points), tip=(x2, top))

    def _track_y(self, gap: int, bus: Bus) -> float:
        above = self.tops[gap - 1] + TEXT_HEIGHT if gap else 0.0
        return above + GAP / 2 + TRACK * (self.tracks[gap, bus] + 0.5)


def _rounded(points: list[tuple[float, float]]) -> str:
    """Return the path through ``points`` with every corner rounded."""
    parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        start, end = _toward(corner, before), _toward(corner, after)
        parts.append(
            f"L{start[0]:.1f} {start[1]:.1f}"
            f"Q{corner[0]:.1f} {corner[1]:.1f} {end[0]:.1f} {end[1]:.1f}"
        )
    parts.append(f"L{points[-1][0]:.1f} {points[-1][1]:.1f}")
    return "".join(parts)


def _toward(corner: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """Return the point ``RADIUS`` from ``corner`` (at most half way) towards ``other``."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = abs(dx) + abs(dy)
    part = min(RADIUS, length / 2) / length if length else 0.0
    return corner[0] + dx * part, corner[1] + dy * part
