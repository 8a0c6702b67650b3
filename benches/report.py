"""What every bench prints: a table for people, and one last line of JSON for programs."""

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

__all__ = ["Figure", "median", "percentile", "show"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number.

    Attributes:
        name: What was measured.
        value: The number.
        unit: Its unit.
        peer: The peer of the same run that it is compared with, and the peer's number.
        target: What it should be, in words.
        met: Whether it is; None when there is no target.
    """

    name: str
    value: float
    unit: str
    peer: str = ""
    target: str = ""
    met: bool | None = None


def median(values: Iterable[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least ``share`` of the values do not exceed."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, max(0, round(share * len(ranked)) - 1))]


def show(bench: str, figures: Sequence[Figure], *, quick: bool = False) -> None:
    """Print the figures as a table, then as one line of JSON.

    Args:
        bench: Its name.
        figures: What was measured.
        quick: With less than the targets speak of; so none is judged.
    """
    if quick:
        figures = [replace(figure, met=None) for figure in figures]
    verdicts = {True: "met", False: "NOT met", None: ""}
    width = max((len(figure.name) for figure in figures), default=0)
    print(f"\n{bench}")
    for figure in figures:
        number = f"{figure.value:,.3f}" if abs(figure.value) < 100 else f"{figure.value:,.0f}"
        line = f"  {figure.name:<{width}}  {number:>12} {figure.unit:<13} "
        notes = (figure.peer, figure.target, verdicts[figure.met])
        print(line + "  ".join(note for note in notes if note))
    rows = [asdict(figure) for figure in figures]
    print(json.dumps({"bench": bench, "figures": rows}, ensure_ascii=False))
