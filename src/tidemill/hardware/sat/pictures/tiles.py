"""The first tiles of a product, unit by unit, as the event-level simulation sees them."""

from itertools import islice

from tidemill.hardware.sat.pictures.canvas import Canvas
from tidemill.hardware.sat.simulation import Span, Track, spans
from tidemill.hardware.sat.walk import Walk

__all__ = ["tiles_picture"]

WIDTH, LEFT, RIGHT, TOP, ROW = 1100, 90, 30, 56, 26
TRACKS: tuple[Track, ...] = ("fetch", "load", "array", "drain", "write")
SHOWN = 40
"""Things that are done, until which the picture goes."""

TICKS = 5


def tiles_picture(walk: Walk, title: str) -> str:
    """Draw the beginning of a product, as SVG.

    Args:
        walk: Its steps.
        title: Of the picture.
    """
    seen = list(islice(spans(walk), SHOWN))
    tracks = [track for track in TRACKS if any(span.track == track for span in seen)]
    last = max(span.end for span in seen)
    canvas = Canvas(WIDTH, TOP + len(tracks) * ROW + 40, title)
    scale = (WIDTH - LEFT - RIGHT) / last
    for row, track in enumerate(tracks):
        canvas.words((LEFT - 8, TOP + row * ROW + 16), track, anchor="end")
    for number, span in enumerate(seen):
        y = TOP + tracks.index(span.track) * ROW
        # A hair of paper between two that follow each other.
        size = (max((span.end - span.start) * scale - 0.7, 0.3), ROW - 6)
        canvas.box((LEFT + span.start * scale, y + 3), size, span.track, _told(span, number))
    y = TOP + len(tracks) * ROW
    canvas.line((LEFT, y), (WIDTH - RIGHT, y))
    for tick in range(TICKS + 1):
        x = LEFT + (WIDTH - LEFT - RIGHT) * tick / TICKS
        canvas.line((x, y), (x, y + 4))
        canvas.words((x, y + 18), f"{last * tick // TICKS:,}", anchor="middle")
    return canvas.svg()


def _told(span: Span, number: int) -> str:
    return f"{span.track} {number}: cycles {span.start:,} to {span.end:,}"
