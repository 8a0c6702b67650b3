"""Curves over steps: what is drawn, and where."""

import re

from tidemill.training.curve import curve, lines
from tidemill.training.journal import Entry


def polylines(picture: str) -> list[list[tuple[float, ...]]]:
    found = re.findall(r'<polyline points="([^"]+)"', picture)
    return [[tuple(map(float, p.split(","))) for p in points.split(" ")] for points in found]


def test_lines_rise_where_values_do_and_end_with_their_last_value() -> None:
    picture = lines({"dense": [(10, 0.5), (20, 0.75), (40, 1.0)]}, "A <title>", span=(0.5, 1.0))
    (points,) = polylines(picture)
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    heights = [y for _, y in points]
    assert heights[0] - heights[1] == heights[1] - heights[2] > 0
    assert "A &lt;title&gt;" in picture
    assert "dense 1.000" in picture
    assert ">0.5</text>" in picture


def test_values_outside_the_axis_stay_on_its_ends() -> None:
    (points,) = polylines(lines({"a": [(0, -1.0), (1, 9.0)]}, "t", span=(0.0, 1.0)))
    (inside,) = polylines(lines({"a": [(0, 0.0), (1, 1.0)]}, "t", span=(0.0, 1.0)))
    assert points == inside


def test_more_lines_than_colours_are_dashed() -> None:
    series = {f"line {number}": [(0, 0.0), (1, 1.0)] for number in range(7)}
    assert lines(series, "t").count("stroke-dasharray") == 2


def test_a_journal_is_drawn_with_its_losses_and_its_chief_measurement() -> None:
    journal = [
        Entry(step=10, stage=0, seconds=1, places=1, losses={"classes": 2.0}),
        Entry(
            step=20, stage=0, seconds=2, places=2, measures={"accuracy": 0.5, "cross_entropy": 1}
        ),
    ]
    picture = curve(journal, "t")
    assert ">accuracy 0.500" in picture
    assert "cross_entropy" not in picture


def test_nothing_to_draw_is_a_picture_too() -> None:
    assert lines({}, "empty").startswith("<svg")
