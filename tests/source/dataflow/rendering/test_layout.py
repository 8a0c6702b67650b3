import re
from itertools import pairwise

import pytest

from tests.source.dataflow.rendering.pictures import MEAN, graph_of
from tidemill.source.dataflow.rendering.excerpt import excerpt_of
from tidemill.source.dataflow.rendering.layout import TEXT_HEIGHT, Layout, layout_of
from tidemill.source.dataflow.rendering.view import view_of

LONG = b"def f(a, b):\n" + b"".join(
    b"    c%d = a + b + c%d\n" % (number, number // 3) for number in range(1, 60)
)


def layout(code: bytes) -> Layout:
    graph, span = graph_of(code)
    return layout_of(view_of(graph), excerpt_of(code, *span))


@pytest.mark.parametrize("code", [MEAN, LONG])
def test_rows_stand_apart(code: bytes) -> None:
    tops = layout(code).tops
    assert all(after - before > TEXT_HEIGHT for before, after in pairwise(tops))


@pytest.mark.parametrize("code", [MEAN, LONG])
def test_horizontal_runs_keep_off_the_text(code: bytes) -> None:
    made = layout(code)
    for wire in made.wires:
        points = [
            tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+) (-?[\d.]+)", wire.path)
        ]
        for (x1, y1), (x2, y2) in pairwise(points):
            if y1 == y2 and x1 != x2:
                assert not any(top < y1 < top + TEXT_HEIGHT for top in made.tops[:-1])


@pytest.mark.parametrize("code", [MEAN, LONG])
def test_lanes_stay_left_of_the_code(code: bytes) -> None:
    made = layout(code)
    for wire in made.wires:
        points = [
            tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+) (-?[\d.]+)", wire.path)
        ]
        for (x1, y1), (x2, y2) in pairwise(points):
            if x1 == x2 and abs(y1 - y2) > 3 * TEXT_HEIGHT:
                assert 44 <= x1 < made.code_left


def test_a_wire_points_at_its_target() -> None:
    graph, _ = graph_of(MEAN)
    made = layout(MEAN)
    for wire in made.wires:
        place = made.places[graph.edges[wire.edge].target]
        x, y = wire.tip
        assert made.left(place) <= x <= made.right(place)
        assert y == made.tops[place.row]
