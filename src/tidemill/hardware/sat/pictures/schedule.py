"""A Gantt picture of training steps: which unit does what when."""

from collections.abc import Mapping

from tidemill.hardware.sat.part import StepPart
from tidemill.hardware.sat.pictures.canvas import Canvas
from tidemill.hardware.sat.step import StepTime
from tidemill.hardware.workload.gemm import STAGES

__all__ = ["schedule_picture"]

WIDTH, LEFT, RIGHT, TOP = 1100, 110, 50, 66
ROW, GAP = 20, 14
UNITS = {"array": "array", "vector": "between", "pruner": "pruning", "updater": "update"}
TICKS = 5


def schedule_picture(steps: Mapping[str, StepTime], title: str) -> str:
    """Draw steps below each other on one scale of time, as SVG.

    Args:
        steps: By what they are called; at least one.
        title: Of the picture.
    """
    longest = max(step.cycles for step in steps.values())
    shown = {name: _units(step) for name, step in steps.items()}
    height = TOP + sum(len(units) * ROW + GAP + ROW for units in shown.values()) + 40
    canvas = Canvas(WIDTH, height, title)
    canvas.legend(STAGES, (LEFT, 48))
    scale = (WIDTH - LEFT - RIGHT) / longest
    y = float(TOP)
    for name, step in steps.items():
        took = f"{name}: {1000 * step.seconds:,.1f} ms, {step.cycles:,} cycles"
        canvas.words((20, y + 12), took)
        y += ROW
        for row, unit in enumerate(shown[name]):
            canvas.words((LEFT - 8, y + row * ROW + 14), UNITS[unit], anchor="end")
        _draw(canvas, step, shown[name], (y, scale))
        y += len(shown[name]) * ROW + GAP
    _axis(canvas, y, longest, next(iter(steps.values())).machine.hertz)
    return canvas.svg()


def _units(step: StepTime) -> list[str]:
    used = {part.unit for part in step.parts}
    return [unit for unit in UNITS if unit in used]


def _draw(canvas: Canvas, step: StepTime, units: list[str], at: tuple[float, float]) -> None:
    top, scale = at
    begin = 0
    for part in step.parts:
        y = top + units.index(part.unit) * ROW
        canvas.box(
            (LEFT + begin * scale, y + 2), (part.cycles * scale, ROW - 4), part.phase, told(part)
        )
        begin += part.cycles


def told(part: StepPart) -> str:
    """Return what a part says when somebody points at it."""
    words = [f"{part.layer}, {part.phase}: {part.what}", f"{part.cycles:,} cycles"]
    if part.scheduled is not None:
        found = part.scheduled
        kept = "dense" if found.job.pattern.is_dense else str(found.job.pattern)
        words += [kept, str(found.mapping), f"{found.utilisation:.0%} used"]
    return ", ".join(words)


def _axis(canvas: Canvas, y: float, longest: int, hertz: int) -> None:
    width = WIDTH - LEFT - RIGHT
    canvas.line((LEFT, y), (LEFT + width, y))
    for tick in range(TICKS + 1):
        x = LEFT + width * tick / TICKS
        canvas.line((x, y), (x, y + 4))
        milliseconds = 1000 * longest * tick / TICKS / hertz
        shown = f"{milliseconds:,.0f}" if milliseconds >= 100 else f"{milliseconds:.3g}"
        canvas.words((x, y + 18), f"{shown} ms", anchor="middle")
