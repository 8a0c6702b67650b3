"""Time, passed in: the system's clock for work, a fixed one for tests."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What a job may know about time."""

    def now(self) -> datetime:
        """Return the moment, in UTC: for what is written down."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an unknown start, never going back: for durations."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the moment, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since the machine started."""
        return time.monotonic()


class FixedClock:
    """A clock that stands still until it is told to go on.

    Args:
        start: Its first moment; must know its time zone.

    Raises:
        ValueError: ``start`` has no time zone.
    """

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            message = f"a clock needs a time zone, {start.isoformat()} has none"
            raise ValueError(message)
        self._start = start.astimezone(UTC)
        self._seconds = 0.0

    def now(self) -> datetime:
        """Return the start plus every advance, in UTC."""
        return self._start + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        """Return the seconds advanced so far."""
        return self._seconds

    def advance(self, seconds: float) -> None:
        """Let time pass.

        Args:
            seconds: How long; not negative.

        Raises:
            ValueError: ``seconds`` is negative.
        """
        if seconds < 0:
            message = f"a clock cannot go back by {-seconds} seconds"
            raise ValueError(message)
        self._seconds += seconds
