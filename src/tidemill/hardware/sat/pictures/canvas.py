"""A page to draw on: boxes, lines and words as SVG, in colours that most can tell apart."""

import re
from collections.abc import Mapping
from html import escape
from types import MappingProxyType

__all__ = ["COLOURS", "Canvas"]

COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "forward": "#0072b2",
        "backward": "#d1500a",
        "update": "#00855f",
        "fetch": "#8a6d00",
        "write": "#a8479a",
        "load": "#6a56c4",
        "array": "#0072b2",
        "drain": "#00855f",
    }
)
FONT = 'font-family="sans-serif" font-size="12"'
INK, FAINT, PAPER = "#333", "#999", "#fff"
UNKNOWN_TO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Canvas:
    """What has been drawn so far.

    Args:
        width: In pixels.
        height: In pixels.
        title: Above everything, and what a screen reader says first.
    """

    def __init__(self, width: float, height: float, title: str) -> None:
        size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {FONT} fill="{INK}">',
            f"<title>{_escaped(title)}</title>",
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="{PAPER}"/>',
            f'<text x="20" y="26" font-size="15" font-weight="bold">{_escaped(title)}</text>',
        ]

    def box(
        self, corner: tuple[float, float], size: tuple[float, float], colour: str, told: str = ""
    ) -> None:
        """Draw a filled box.

        Args:
            corner: Its left upper one.
            size: Width and height; what is thinner than a hair is drawn as one.
            colour: A name in `COLOURS`, or a colour.
            told: What it says when somebody points at it.
        """
        (x, y), (width, height) = corner, size
        title = f"<title>{_escaped(told)}</title>" if told else ""
        self._parts.append(
            f'<rect x="{x:.2f}" y="{y:.2f}" width="{max(width, 0.1):.2f}"'
            f' height="{max(height, 0.1):.2f}" fill="{COLOURS.get(colour, colour)}">{title}</rect>'
        )

    def line(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Draw a thin line."""
        self._parts.append(
            f'<line x1="{start[0]:.2f}" y1="{start[1]:.2f}" x2="{end[0]:.2f}" y2="{end[1]:.2f}"'
            f' stroke="{FAINT}" stroke-width="0.5"/>'
        )

    def words(
        self, place: tuple[float, float], text: str, *, anchor: str = "start", turned: bool = False
    ) -> None:
        """Write some words.

        Args:
            place: Where they begin, or end.
            text: The words.
            anchor: ``start``, ``middle`` or ``end``.
            turned: Whether they run upwards.
        """
        x, y = place
        turn = f' transform="rotate(-60 {x:.1f} {y:.1f})"' if turned else ""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{turn}>{_escaped(text)}</text>'
        )

    def legend(self, names: tuple[str, ...], place: tuple[float, float]) -> None:
        """Say which colour is what, side by side."""
        x, y = place
        for name in names:
            self.box((x, y - 9), (10, 10), name)
            self.words((x + 14, y), name)
            x += 30 + 7 * len(name)

    def svg(self) -> str:
        """Return the picture."""
        return "\n".join((*self._parts, "</svg>\n"))


def _escaped(text: str) -> str:
    """Return text as XML takes it, whatever a layer or a file is called."""
    return escape(UNKNOWN_TO_XML.sub("\N{REPLACEMENT CHARACTER}", text))
