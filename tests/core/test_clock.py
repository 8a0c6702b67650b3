from datetime import UTC, datetime, timedelta, timezone

import pytest

from tidemill.core.clock import FixedClock, SystemClock


def test_the_system_clock_knows_its_zone_and_never_goes_back() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    first = clock.monotonic()
    assert clock.monotonic() >= first


def test_a_fixed_clock_moves_only_when_told(clock: FixedClock) -> None:
    start = clock.now()
    assert clock.now() == start
    clock.advance(90)
    assert clock.now() - start == timedelta(seconds=90)
    assert clock.monotonic() == 90


def test_a_fixed_clock_speaks_utc() -> None:
    east = timezone(timedelta(hours=2))
    clock = FixedClock(datetime(2026, 1, 1, 2, tzinfo=east))
    assert clock.now().isoformat() == "2026-01-01T00:00:00+00:00"


def test_a_fixed_clock_refuses_nonsense(clock: FixedClock) -> None:
    with pytest.raises(ValueError, match="time zone"):
        FixedClock(datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test
    with pytest.raises(ValueError, match="go back by 1"):
        clock.advance(-1)
