import io

from typing_extensions import override

from tidemill.core.clock import FixedClock
from tidemill.faces.cli.progress import CLEAR, ProgressLine


class Terminal(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_one_line_again_and_again(clock: FixedClock) -> None:
    stream = Terminal()
    line = ProgressLine(stream, clock)
    for done in (10, 20, 30):
        clock.advance(1)
        line.advance(done, 40, "a\x1bb.py")
    line.close()
    frames = stream.getvalue().split(CLEAR)
    assert [frame.count("\n") for frame in frames] == [0] * 5
    assert "30/40 files  10/s  1 s left  a\\x1bb.py" in frames[3]
    assert frames[3].startswith("\N{BOX DRAWINGS HEAVY HORIZONTAL}" * 18)
    assert frames[4] == ""


def test_a_terminal_is_not_flooded(clock: FixedClock) -> None:
    stream = Terminal()
    line = ProgressLine(stream, clock)
    for done in range(1000):
        clock.advance(0.001)
        line.advance(done, None, "")
    assert 5 <= stream.getvalue().count(CLEAR) <= 11


def test_elsewhere_plain_lines_every_few_seconds(clock: FixedClock) -> None:
    stream = io.StringIO()
    line = ProgressLine(stream, clock, unit="kills")
    for done in range(1, 13):
        clock.advance(1)
        line.advance(done, 100, "at work")
    line.close()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0] == "5/100 kills  1.0/s  1 min 35 s left  at work"
    assert "\x1b" not in stream.getvalue()


def test_short_work_says_nothing_elsewhere(clock: FixedClock) -> None:
    stream = io.StringIO()
    line = ProgressLine(stream, clock)
    clock.advance(1)
    line.advance(1, 1, "")
    line.close()
    assert stream.getvalue() == ""
