"""A run's journal as a picture: losses on the left axis, measurements on the right."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from tidemill.core.files import write_output
from tidemill.training.journal import Entry, entries

__all__ = ["CURVE", "Series", "curve", "lines", "write_curve"]

CURVE = "curve.svg"
WIDTH, HEIGHT = 760, 360
LEFT, RIGHT, TOP, BOTTOM = 56, 120, 40, 44
COLOURS = ("#1f6f8b", "#d1495b", "#66a182", "#8d6a9f", "#edae49")
TICKS = 5

Series = dict[str, list[tuple[int, float]]]


def write_curve(folder: Path, title: str) -> Path:
    """Draw a run's curve into its folder.

    Raises:
        CapacityError: The disk is full.
    """
    path = folder / CURVE
    write_output(path, curve(list(entries(folder)), title).encode(), mode=0o644)
    return path


def curve(journal: Sequence[Entry], title: str) -> str:
    """Return the picture of a journal as SVG.

    Args:
        journal: In order of the steps.
        title: Of the picture.
    """
    losses = _series((entry.step, entry.losses) for entry in journal)
    chief = _chief(journal)
    measures = _series(
        (entry.step, {chief: entry.measures[chief]}) for entry in journal if chief in entry.measures
    )
    last = max((entry.step for entry in journal), default=1)
    parts = [_frame(title), _steps_axis(last)]
    parts += _drawn(losses, last, _range(losses), dashed=False)
    parts += _drawn(measures, last, (0.0, 1.0), dashed=True, first=len(losses))
    parts += _loss_axis(_range(losses))
    return "\n".join((*parts, "</svg>\n"))


def lines(series: Series, title: str, *, span: tuple[float, float] | None = None) -> str:
    """Return some values over steps as SVG, with a line for each.

    Args:
        series: The points of each line, by its name, in order of the steps.
        title: Of the picture.
        span: Lowest and highest value of the axis; by default from 0 to the highest.
    """
    last = max((points[-1][0] for points in series.values()), default=1)
    shown = span or _range(series)
    parts = [_frame(title), _steps_axis(last), *_drawn(series, last, shown, dashed=False)]
    return "\n".join((*parts, *_loss_axis(shown), "</svg>\n"))


def _chief(journal: Sequence[Entry]) -> str:
    """Return the name of the measurement that stands for the others: the shortest."""
    names = {name for entry in journal for name in entry.measures}
    return min(names, key=lambda name: (len(name), name), default="")


def _series(rows: Iterable[tuple[int, dict[str, float]]]) -> Series:
    found: Series = {}
    for step, values in rows:
        for name, value in values.items():
            found.setdefault(name, []).append((step, value))
    return found


def _range(series: Series) -> tuple[float, float]:
    values = [value for points in series.values() for _, value in points]
    return (0.0, max(values, default=1.0) or 1.0)


def _frame(title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12" fill="#333">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        f'<text x="{LEFT}" y="24" font-size="15" font-weight="bold">{escape(title)}</text>'
        f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" fill="none" stroke="#999"/>'
    )


def _steps_axis(last: int) -> str:
    marks = []
    for tick in range(TICKS + 1):
        step = last * tick / TICKS
        marks.append(
            f'<text x="{_x(step, last):.1f}" y="{HEIGHT - BOTTOM + 18}" '
            f'text-anchor="middle">{step:,.0f}</text>'
        )
    marks.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">steps</text>')
    return "".join(marks)


def _loss_axis(span: tuple[float, float]) -> list[str]:
    return [
        f'<text x="{LEFT - 8}" y="{_y(value, span) + 4:.1f}" text-anchor="end">{value:.2g}</text>'
        for value in (span[0] + (span[1] - span[0]) * tick / TICKS for tick in range(TICKS + 1))
    ]


def _drawn(
    series: Series, last: int, span: tuple[float, float], *, dashed: bool, first: int = 0
) -> list[str]:
    """Return a line for each series, with its name and last value at its end."""
    parts = []
    for number, (name, points) in enumerate(sorted(series.items()), start=first):
        colour = COLOURS[number % len(COLOURS)]
        places = " ".join(f"{_x(step, last):.1f},{_y(value, span):.1f}" for step, value in points)
        # Where the colours begin again, a line is told from the first of its colour.
        again = number >= len(COLOURS)
        dash = ' stroke-dasharray="5 4"' if dashed or again else ""
        parts.append(
            f'<polyline points="{places}" fill="none" stroke="{colour}" '
            f'stroke-width="1.6"{dash}/>'
            f'<text x="{WIDTH - RIGHT + 8}" y="{TOP + 14 + 18 * number}" fill="{colour}">'
            f"{escape(name)} {points[-1][1]:.3f}</text>"
        )
    return parts


def _x(step: float, last: int) -> float:
    return LEFT + (WIDTH - RIGHT - LEFT) * step / max(last, 1)


def _y(value: float, span: tuple[float, float]) -> float:
    share = (value - span[0]) / (span[1] - span[0])
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * min(max(share, 0.0), 1.0)
