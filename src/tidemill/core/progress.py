"""How far a long job is: the seam that jobs report to, and the arithmetic behind the line.

Nothing here draws; faces do.
"""

from collections import deque
from typing import Protocol

from tidemill.core.clock import Clock

WINDOW_SECONDS = 10.0
SAMPLE_SECONDS = 0.1
_MINUTE = 60
_HOUR = 3600


class Progress(Protocol):
    """Whoever wants to know how far a job is."""

    def advance(self, done: int, total: int | None, note: str) -> None:
        """Take a report.

        Args:
            done: Items finished so far, in all.
            total: Items in all, or None while that is not known.
            note: What is being worked on.
        """
        ...


class Silence:
    """A listener who does not care."""

    def advance(self, done: int, total: int | None, note: str) -> None:
        """Take a report and forget it."""


class Meter:
    """Rate and time left, from reports and a clock.

    The rate is that of the last ten seconds, so that a slow start is forgotten.

    Args:
        clock: Where the time comes from.
        unit: What is counted, in the plural.
    """

    def __init__(self, clock: Clock, *, unit: str = "files") -> None:
        self._clock = clock
        self._unit = unit
        self._samples: deque[tuple[float, int]] = deque([(clock.monotonic(), 0)])
        self._total: int | None = None
        self.note: str = ""

    def advance(self, done: int, total: int | None, note: str) -> None:
        """Take a report.

        Args:
            done: Items finished so far, in all; the first report's number counts as
                work done since the meter was made.
            total: Items in all, or None while that is not known.
            note: What is being worked on.
        """
        now = self._clock.monotonic()
        if len(self._samples) > 1 and now - self._samples[-2][0] < SAMPLE_SECONDS:
            self._samples.pop()  # keep ten samples a second, however often reports come
        self._samples.append((now, done))
        while len(self._samples) > 2 and now - self._samples[1][0] >= WINDOW_SECONDS:
            self._samples.popleft()
        self._total = total
        self.note = note

    @property
    def done(self) -> int:
        """Items finished so far."""
        return self._samples[-1][1]

    @property
    def rate(self) -> float:
        """Items a second over the last ten seconds; 0 when nothing can be said."""
        (start, first), (end, last) = self._samples[0], self._samples[-1]
        return max(0.0, (last - first) / (end - start)) if end > start else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the job ends at this rate, or None when nothing can be said."""
        if self._total is None or self.rate <= 0:
            return None
        return max(0, self._total - self.done) / self.rate

    def line(self) -> str:
        """Return the state as people read it: ``1,234/5,000 files  812/s  4 s left``."""
        counted = f"{self.done:,}" if self._total is None else f"{self.done:,}/{self._total:,}"
        parts = [f"{counted} {self._unit}"]
        if self.rate > 0:
            parts.append(f"{_rate(self.rate)}/s")
        if self.seconds_left is not None:
            parts.append(f"{duration(self.seconds_left)} left")
        return "  ".join(parts)


def duration(seconds: float) -> str:
    """Say a duration the way people do, in at most two units.

    Args:
        seconds: How long; not negative.

    Returns:
        For example ``4 s``, ``3 min 05 s`` or ``2 h 10 min``.
    """
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02} min"


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
