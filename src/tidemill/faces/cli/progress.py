"""How far a long job is, on standard error: a live bar on a terminal, rare lines elsewhere."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from tidemill.core.clock import Clock, SystemClock
from tidemill.core.progress import Meter
from tidemill.faces.cli.output import printable

__all__ = ["ProgressLine", "shown_progress"]

BAR_COLUMNS = 24
FULL, EMPTY = "\N{BOX DRAWINGS HEAVY HORIZONTAL}", "\N{BOX DRAWINGS LIGHT HORIZONTAL}"
TERMINAL_SECONDS = 0.1
PLAIN_SECONDS = 5.0
CLEAR = "\r\x1b[2K"


class ProgressLine:
    """Draws the reports of one job.

    On a terminal one line is drawn again and again; elsewhere a plain line is
    printed every few seconds, and none for work that is over before that.

    Args:
        stream: Where to draw.
        clock: Where the time comes from.
        unit: What is counted, in the plural.
    """

    def __init__(self, stream: TextIO, clock: Clock, *, unit: str = "files") -> None:
        self._stream = stream
        self._clock = clock
        self._meter = Meter(clock, unit=unit)
        self._live = stream.isatty()
        self._drawn_at = clock.monotonic() - (TERMINAL_SECONDS if self._live else 0.0)
        self._is_drawn = False

    def advance(self, done: int, total: int | None, note: str) -> None:
        """Take a report, and draw it when the last drawing is old enough."""
        self._meter.advance(done, total, note)
        now = self._clock.monotonic()
        if now - self._drawn_at < (TERMINAL_SECONDS if self._live else PLAIN_SECONDS):
            return
        self._drawn_at = now
        line = self._line(done, total)
        self._stream.write(CLEAR + line if self._live else line + "\n")
        self._stream.flush()
        self._is_drawn = True

    def close(self) -> None:
        """Wipe the live line away; plain lines stay."""
        if self._live and self._is_drawn:
            self._stream.write(CLEAR)
            self._stream.flush()

    def _line(self, done: int, total: int | None) -> str:
        parts = [self._meter.line(), printable(self._meter.note)]
        if self._live and total:
            full = min(BAR_COLUMNS, BAR_COLUMNS * done // total)
            parts.insert(0, FULL * full + EMPTY * (BAR_COLUMNS - full))
        line = "  ".join(part for part in parts if part)
        return line[: shutil.get_terminal_size().columns - 1] if self._live else line


@contextmanager
def shown_progress(*, unit: str = "files", clock: Clock | None = None) -> Iterator[ProgressLine]:
    """Show a job's progress on standard error for as long as the block runs."""
    line = ProgressLine(sys.stderr, clock or SystemClock(), unit=unit)
    try:
        yield line
    finally:
        line.close()
