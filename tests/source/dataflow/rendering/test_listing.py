from tests.source.dataflow.rendering.pictures import MEAN, graph_of
from tidemill.source.dataflow.rendering.listing import list_flow


def listed(code: bytes) -> list[str]:
    graph, span = graph_of(code)
    return list(list_flow(graph, code, span=span))


def test_sources_stand_beside_the_code() -> None:
    lines = listed(MEAN)
    assert len(lines) == 7
    assert lines[0] == "1 │ def mean_above(values, floor):"
    assert lines[4].startswith("5 │             total += value  ")
    assert lines[4].endswith("total ⇐ :2, :5, value   value ← :3")
    assert lines[6].endswith("total ← :2, :5   count ← :2, :6")


def test_a_name_cannot_move_the_cursor() -> None:
    text = "\n".join(listed(b"def f(d):\n    d['\x1b[2J'] = 1\n    return d['\x1b[2J']\n"))
    assert "\x1b" not in text
    assert "←" in text


def test_long_names_are_cut() -> None:
    name = b"x" * 60
    lines = listed(b"def f(a):\n    " + name + b" = a\n    return " + name + b"\n")
    assert lines[2].endswith("x\N{HORIZONTAL ELLIPSIS} ← :2")
