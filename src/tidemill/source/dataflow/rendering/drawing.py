"""A data-flow graph as a picture to look at: one self-contained SVG.

The code stands in the middle with every occurrence boxed (definitions filled,
uses outlined, literals dotted, paths around their roots); wires in the colour
of the value that flows lead from where it comes from to where it goes, solid
where it comes unchanged, dashed where it is computed with. Colours come from a
palette that colour-blind readers can tell apart, in a light and a dark set.
Hovering over a wire or a box brings its wires forward; nothing runs, nothing
is fetched. Ours.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from tidemill.core.errors import InputError
from tidemill.source.dataflow.graph import DataFlowGraph, Edge
from tidemill.source.dataflow.rendering.excerpt import Excerpt, Place, excerpt_of, runs_of
from tidemill.source.dataflow.rendering.layout import (
    COLUMN,
    NUMBERS,
    TEXT_HEIGHT,
    Layout,
    Wire,
    layout_of,
)
from tidemill.source.dataflow.rendering.view import FlowView, view_of

__all__ = ["draw"]

HEADER = 58.0
FOOTER = 46.0
MARGIN = 20.0
NARROWEST = 560.0
BASELINE = 14.0
MOST_COLUMNS = 2_000
MOST_EDGES = 20_000
SVG = "http://www.w3.org/2000/svg"
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
DOT = " \N{MIDDLE DOT} "

LIGHT = ("#0072b2", "#d1500a", "#00855f", "#a8479a", "#8a6d00", "#0f8fb8", "#6a56c4", "#b3273d")
DARK = ("#58b4f0", "#ff9457", "#37cfa0", "#e58fd6", "#e3c14a", "#66d4ef", "#ab9dff", "#ff7d8c")


def draw(graph: DataFlowGraph, data: bytes, *, span: tuple[int, int], title: str) -> str:
    """Draw ``graph`` over the code it was read from.

    Args:
        graph: The graph of one unit.
        data: The text of the whole file, UTF-8.
        span: First byte of the unit and the byte after its last one.
        title: The unit's name, as the reader knows it.

    Returns:
        A well-formed SVG document without scripts or outside references.

    Raises:
        InputError: Nobody could look at the picture: too wide, or too many edges.
    """
    view, excerpt = view_of(graph), excerpt_of(data, *span)
    _refuse_beyond_sight(view, excerpt, title)
    layout = layout_of(view, excerpt)
    picture = _Picture(view=view, excerpt=excerpt, layout=layout, colours=_colours(view))
    width = max(layout.width + MARGIN, NARROWEST)
    height = HEADER + layout.tops[-1] + FOOTER
    size = f'width="{width:.0f}" height="{height:.0f}"'
    parts = [
        f'<svg xmlns="{SVG}" viewBox="0 0 {width:.0f} {height:.0f}" {size} role="img">',
        f"<title>Data flow of {_text(title)}</title>",
        f"<style>{_style(len(view.nodes))}</style>",
        f'<rect class="page" {size} rx="10"/>',
        *_header(view, excerpt, title),
        f'<g transform="translate(0 {HEADER:.0f})">',
        *picture.boxes(),
        *picture.wires(),
        *picture.code(),
        "</g>",
        *_legend(height - FOOTER / 2),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _refuse_beyond_sight(view: FlowView, excerpt: Excerpt, title: str) -> None:
    columns = max(len(row.text) for row in excerpt.rows)
    if columns > MOST_COLUMNS or len(view.edges) > MOST_EDGES:
        raise InputError(
            f"the picture of {title} would be {columns:,} columns wide,"
            f" with {len(view.edges):,} edges: more than anybody can look at",
            hint="draw a smaller function, put its statements on lines of their own,"
            " or take --format json",
        )


def _colours(view: FlowView) -> Mapping[str, str]:
    """Give every name that is connected to another place a colour class.

    Names take colours in the order in which they appear; a ninth name begins
    the palette again. Literals and names that are free stay grey.
    """
    colours: dict[str, str] = {}
    for node in view.nodes:
        if node.kind != "literal" and node.name not in view.free:
            colours.setdefault(node.name, f"c{len(colours) % len(LIGHT)}")
    return colours


@dataclass(frozen=True, slots=True, kw_only=True)
class _Picture:
    """The parts of the drawing that stand on the code's page."""

    view: FlowView
    excerpt: Excerpt
    layout: Layout
    colours: Mapping[str, str]

    def _colour(self, node: int) -> str:
        return self.colours.get(self.view.nodes[node].name, "free")

    def boxes(self) -> Iterator[str]:
        """Yield a box for every node; larger ones first, so that all can be touched."""
        places = self.layout.places
        order = sorted(range(len(places)), key=lambda i: places[i].left - places[i].right)
        for index in order:
            yield self._box(index, places[index])

    def _box(self, index: int, place: Place) -> str:
        node = self.view.nodes[index]
        grow = 1.5 if node.kind == "path" else 0.0
        x, y = self.layout.left(place) - 1.5 - grow, self.layout.tops[place.row] + 0.5 - grow
        width = (place.right - place.left) * COLUMN + 3.0 + 2 * grow
        look = "lit" if node.kind == "literal" else "def" if node.role == "definition" else "use"
        title = self.view.sentence(index, self._line)
        return (
            f'<rect class="n n{index} {look} {self._colour(index)}" x="{x:.1f}" y="{y:.1f}" '
            f'width="{width:.1f}" height="{TEXT_HEIGHT - 1 + 2 * grow:.1f}" rx="3.5">'
            f"<title>{_text(title)}</title></rect>"
        )

    def wires(self) -> Iterator[str]:
        """Yield a wire for every drawn edge, long ones first, so that short ones lie on top."""
        edges = self.view.edges

        def rows(wire: Wire) -> int:
            edge = edges[wire.edge]
            return abs(self._row(edge.source) - self._row(edge.target))

        for wire in sorted(self.layout.wires, key=rows, reverse=True):
            yield self._wire(wire, edges[wire.edge])

    def _row(self, node: int) -> int:
        return self.layout.places[node].row

    def _wire(self, wire: Wire, edge: Edge) -> str:
        look = "same" if edge.kind == "comes_from" else "made"
        x, y = wire.tip
        tip = f"M{x:.1f} {y + 1:.1f}l-2.9 -5.6q2.9 1.5 5.8 0z"
        title = self.view.link(edge, self._line)
        return (
            f'<g class="e {look} {self._colour(edge.source)} f{edge.source} t{edge.target}">'
            f'<title>{_text(title)}</title><path class="reach" d="{wire.path}"/>'
            f'<path class="line" d="{wire.path}"/><path class="tip" d="{tip}"/></g>'
        )

    def _line(self, offset: int) -> int:
        return self.excerpt.rows[self.excerpt.place(offset, offset).row].number

    def code(self) -> Iterator[str]:
        """Yield the line numbers and the code, its variables in their colours."""
        looks = self._looks()
        for index, row in enumerate(self.excerpt.rows):
            y = self.layout.tops[index] + BASELINE
            yield f'<text class="number" x="{NUMBERS - 12:.0f}" y="{y:.1f}">{row.number}</text>'
            spans = "".join(self._span(*part) for part in _segments(row.text, looks[index]))
            if spans:
                yield f'<text class="code" y="{y:.1f}" xml:space="preserve">{spans}</text>'

    def _looks(self) -> list[dict[int, str]]:
        """Return the class of every coloured column, row by row; roots win over paths."""
        looks: list[dict[int, str]] = [{} for _ in self.excerpt.rows]
        places = self.layout.places
        for index in sorted(range(len(places)), key=lambda i: places[i].left - places[i].right):
            place, node = places[index], self.view.nodes[index]
            strong = " strong" if node.role == "definition" else ""
            for column in range(place.left, place.right):
                looks[place.row][column] = self._colour(index) + strong
        return looks

    def _span(self, column: int, signs: str, look: str) -> str:
        x = self.layout.code_left + column * COLUMN
        length = f' textLength="{len(signs) * COLUMN:.1f}"' if len(signs) > 1 else ""
        name = f' class="{look}"' if look else ""
        return f'<tspan{name} x="{x:.1f}"{length}>{_text(signs)}</tspan>'


def _segments(text: str, looks: Mapping[int, str]) -> Iterator[tuple[int, str, str]]:
    """Cut a row into (column, signs, class) where the class or the glyph width changes."""
    for start, run in runs_of(text):
        begin = 0
        for here in range(1, len(run) + 1):
            look = looks.get(start + begin, "")
            if here == len(run) or looks.get(start + here, "") != look:
                signs = run[begin:here]
                if signs.strip():
                    lead = len(signs) - len(signs.lstrip(" "))
                    yield start + begin + lead, signs.strip(" "), look
                begin = here


def _header(view: FlowView, excerpt: Excerpt, title: str) -> Iterator[str]:
    names = {node.name for node in view.nodes if node.kind == "variable"} - view.free
    first, last = excerpt.rows[0].number, excerpt.rows[-1].number
    lines = f"line {first}" if first == last else f"lines {first}\N{EN DASH}{last}"
    facts = [lines, _count(len(names), "variable"), _count(len(view.edges), "edge")]
    if view.free:
        facts.append(_count(len(view.free), "free name"))
    yield f'<text class="title" x="{MARGIN:.0f}" y="28">{_text(title)}</text>'
    yield f'<text class="facts" x="{MARGIN:.0f}" y="46">{DOT.join(facts)}</text>'


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _legend(y: float) -> Iterator[str]:
    x = MARGIN
    yield f'<g class="facts c0" transform="translate(0 {y:.1f})">'
    for look, words in (("def", "definition"), ("use", "use"), ("lit", "literal")):
        yield f'<rect class="n {look}" x="{x:.0f}" y="-7" width="20" height="14" rx="3.5"/>'
        yield f'<text class="facts" x="{x + 27:.0f}" y="4">{words}</text>'
        x += 27 + len(words) * 6.2 + 18
    for look, words in (("same", "handed on"), ("made", "computed with")):
        yield (
            f'<g class="e {look}"><path class="line" d="M{x:.0f} 0h24"/>'
            f'<path class="tip" d="M{x + 28:.0f} 0l-5.6 -2.9q1.5 2.9 0 5.8z"/></g>'
        )
        yield f'<text class="facts" x="{x + 34:.0f}" y="4">{words}</text>'
        x += 34 + len(words) * 6.2 + 18
    yield "</g>"


def _text(words: str) -> str:
    """Escape for XML, with signs that XML 1.0 cannot hold replaced."""
    return escape(FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", words))


def _style(nodes: int) -> str:
    light = "".join(f".c{i}{{color:{colour}}}" for i, colour in enumerate(LIGHT))
    dark = "".join(f".c{i}{{color:{colour}}}" for i, colour in enumerate(DARK))
    near = ",".join(f".n{i}:hover~.f{i},.n{i}:hover~.t{i}" for i in range(nodes))
    lift = f"{near}{{opacity:1;stroke-width:2.6}}" if near else ""
    return f"{STYLE}{light}@media(prefers-color-scheme:dark){{{DARK_STYLE}{dark}}}{lift}"


STYLE = (
    "text{font:13px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace}"
    ".page{fill:#fdfdfb}"
    ".title{font:600 17px system-ui,'DejaVu Sans',sans-serif;fill:#1c2733}"
    ".facts{font:11.5px system-ui,'DejaVu Sans',sans-serif;fill:#66717d}"
    ".number{fill:#b4bac1;text-anchor:end;font-size:11px}"
    ".code{fill:#6b747d;pointer-events:none}"
    ".code tspan[class]{fill:currentColor}"
    ".strong{font-weight:700}"
    ".free{color:#7a838c}"
    ".n{fill:currentColor;fill-opacity:0;stroke:currentColor;stroke-opacity:.45}"
    ".def{fill-opacity:.17;stroke-opacity:.8}"
    ".lit{stroke-dasharray:1.2 2.2;stroke-opacity:.8}"
    ".free.n{stroke-opacity:.28}"
    ".n:hover{stroke-opacity:1;stroke-width:1.6}"
    ".e{stroke-width:1.25;opacity:.78;fill:none}"
    ".line{stroke:currentColor;stroke-linecap:round}"
    ".made .line{stroke-dasharray:4 3.2}"
    ".tip{fill:currentColor}"
    ".reach{stroke:transparent;stroke-width:7;pointer-events:stroke}"
    ".e:hover{opacity:1;stroke-width:2.6}"
)
DARK_STYLE = (
    ".page{fill:#14191f}.title{fill:#eef2f6}.facts{fill:#93a0ad}"
    ".number{fill:#4d5966}.code{fill:#97a3ae}.free{color:#8d99a5}"
)
