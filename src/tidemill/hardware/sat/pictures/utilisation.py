"""How well each layer's products use the array, as bars."""

from tidemill.hardware.sat.pictures.canvas import Canvas
from tidemill.hardware.sat.pictures.schedule import told
from tidemill.hardware.sat.step import StepTime
from tidemill.hardware.workload.gemm import STAGES

__all__ = ["utilisation_picture"]

LEFT, TOP, HEIGHT, BELOW = 60, 66, 200, 130
BAR, GAP = 7, 6
TICKS = 4


def utilisation_picture(step: StepTime, title: str) -> str:
    """Draw a bar for each product of a step, by layers in the order in which they run, as SVG.

    Args:
        step: The step.
        title: Of the picture.
    """
    bars: dict[str, list[tuple[str, float, str]]] = {}
    for part in step.parts:
        if part.scheduled is not None:
            bar = (part.phase, part.scheduled.utilisation, told(part))
            bars.setdefault(part.layer, []).append(bar)
    count = sum(len(found) for found in bars.values())
    width = max(700, LEFT + count * BAR + len(bars) * GAP + 40)
    canvas = Canvas(width, TOP + HEIGHT + BELOW, title)
    canvas.legend(STAGES, (LEFT, 48))
    for tick in range(TICKS + 1):
        y = TOP + HEIGHT * (1 - tick / TICKS)
        canvas.line((LEFT, y), (width - 20, y))
        canvas.words((LEFT - 6, y + 4), f"{100 * tick // TICKS} %", anchor="end")
    x = float(LEFT + GAP)
    for layer, found in bars.items():
        middle = x + len(found) * BAR / 2
        for phase, share, words in sorted(found, key=lambda bar: STAGES.index(bar[0])):
            canvas.box((x, TOP + HEIGHT * (1 - share)), (BAR - 1, HEIGHT * share), phase, words)
            x += BAR
        canvas.words((middle + 4, TOP + HEIGHT + 14), layer[-24:], anchor="end", turned=True)
        x += GAP
    return canvas.svg()
