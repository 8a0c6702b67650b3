from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.clock import FixedClock
from tidemill.core.progress import Meter, Progress, Silence, duration


def test_the_line_people_read(clock: FixedClock) -> None:
    meter = Meter(clock)
    clock.advance(2)
    meter.advance(1_624, 5_000, "lib/os.py")
    assert meter.line() == "1,624/5,000 files  812/s  4 s left"
    assert meter.note == "lib/os.py"


def test_without_a_total_nothing_is_said_of_the_end(clock: FixedClock) -> None:
    meter = Meter(clock, unit="functions")
    clock.advance(4)
    meter.advance(10, None, "")
    assert meter.seconds_left is None
    assert meter.line() == "10 functions  2.5/s"


def test_before_anything_happened(clock: FixedClock) -> None:
    meter = Meter(clock)
    assert meter.line() == "0 files"
    meter.advance(0, 7, "")
    assert (meter.rate, meter.seconds_left, meter.line()) == (0.0, None, "0/7 files")


def test_a_slow_start_is_forgotten(clock: FixedClock) -> None:
    meter = Meter(clock)
    clock.advance(1_000)
    meter.advance(1, 2_001, "")
    for second in range(1, 21):
        clock.advance(1)
        meter.advance(1 + 100 * second, 2_101, "")
    assert meter.rate == pytest.approx(100)
    assert meter.seconds_left == pytest.approx(1)


def test_the_memory_of_a_meter_is_bounded(clock: FixedClock) -> None:
    meter = Meter(clock)
    for done in range(10_000):
        clock.advance(0.001)
        meter.advance(done, None, "")
    kept = len(meter._samples)  # noqa: SLF001 - memory is what is tested
    assert kept <= 110


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 10**9)), max_size=30))
def test_no_report_breaks_the_line(reports: list[tuple[float, int]]) -> None:
    clock = FixedClock(datetime(2026, 1, 2, tzinfo=UTC))
    meter = Meter(clock)
    for seconds, done in reports:
        clock.advance(seconds)
        meter.advance(done, 100, "")
        assert meter.rate >= 0
        assert meter.seconds_left is None or meter.seconds_left >= 0
        assert "files" in meter.line()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3_599.7, "1 h 00 min"),
        (7_800, "2 h 10 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_silence_listens_too() -> None:
    listener: Progress = Silence()
    listener.advance(1, 2, "a")
