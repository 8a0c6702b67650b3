import re
from xml.etree import ElementTree as ET

import pytest

from tests.source.dataflow.rendering.pictures import MEAN, graph_of
from tidemill.core.errors import InputError
from tidemill.source.dataflow.rendering.drawing import DARK, LIGHT, draw

SVG = "{http://www.w3.org/2000/svg}"

AWKWARD = {
    "markup": b"def f(a):\n    b = a + '<&\"]]>'\n    return b\n",
    "wide": "def f(日本):\n\té = 日本\n\treturn é\n".encode(),
    "controls": b"def f(a):\n    b = '\x0b\x1b\x7f' + a\n    return b\n",
    "crlf": b"def f(a):\r\n    b = a\r\n    return b\r\n",
    "empty": b"def f(): pass\n",
    "one line": b"def f(a): b = a; return b",
    "many lines": b"def f(a):\n    return [\n        a,\n        a,\n        (a +\n a)]\n",
}


def picture_of(code: bytes, title: str = "f") -> ET.Element:
    graph, span = graph_of(code)
    return ET.fromstring(draw(graph, code, span=span, title=title))  # noqa: S314 - our own text


def texts(root: ET.Element, look: str) -> list[str]:
    return [
        "".join(node.itertext())
        for node in root.iter(f"{SVG}text")
        if look in node.get("class", "")
    ]


@pytest.mark.parametrize("code", AWKWARD.values(), ids=AWKWARD)
def test_every_picture_is_well_formed(code: bytes) -> None:
    graph, span = graph_of(code)
    root = picture_of(code, title='a<b>&"c"\x00')
    assert len(
        [node for node in root.iter(f"{SVG}rect") if node.get("class", "").startswith("n n")]
    ) == len(graph.nodes)
    assert span[0] == 0


def test_nothing_runs_and_nothing_is_fetched() -> None:
    graph, span = graph_of(MEAN)
    svg = draw(graph, MEAN, span=span, title="f")
    tags = {node.tag.removeprefix(SVG) for node in ET.fromstring(svg).iter()}  # noqa: S314
    assert tags <= {"svg", "title", "style", "rect", "g", "path", "text", "tspan"}
    assert not re.search(r"href|url\(|@import|on\w+=|javascript", svg)


@pytest.mark.claim("gcb.dataflow.pictures")
def test_the_code_is_all_there() -> None:
    shown = "".join(texts(picture_of(MEAN), "code")).replace(" ", "")
    assert shown == re.sub(r"\s", "", MEAN.decode())


@pytest.mark.claim("gcb.dataflow.pictures")
def test_every_edge_that_leaves_its_box_has_a_wire_that_says_so() -> None:
    graph, _ = graph_of(MEAN)
    root = picture_of(MEAN)
    wires = [
        node for node in root.iter(f"{SVG}g") if re.search(r"\bf\d+ t\d+", node.get("class", ""))
    ]
    assert len(wires) == len(graph.edges)
    titles = {node.findtext(f"{SVG}title") for node in wires}
    assert {f"total (line 7) comes from total (line {line})" for line in (2, 5)} < titles
    assert any("is computed from" in (title or "") for title in titles)


def test_kinds_of_edges_look_different() -> None:
    graph, _ = graph_of(MEAN)
    root = picture_of(MEAN)
    drawn = {"same": 0, "made": 0}
    for node in root.iter(f"{SVG}g"):
        words = node.get("class", "").split()
        if words[:1] == ["e"] and len(words) > 2:
            drawn[words[1]] += 1
    kinds = [edge.kind for edge in graph.edges]
    assert drawn == {"same": kinds.count("comes_from"), "made": kinds.count("computed_from")}


def test_the_header_counts() -> None:
    graph, _ = graph_of(MEAN)
    facts = texts(picture_of(MEAN, title="stats.py:mean_above"), "facts")[0]
    assert facts == f"lines 1\u20137 \u00b7 5 variables \u00b7 {len(graph.edges)} edges"
    assert texts(picture_of(MEAN, title="stats.py:mean_above"), "title") == ["stats.py:mean_above"]


def test_both_palettes_are_there() -> None:
    graph, span = graph_of(MEAN)
    light, _, dark = draw(graph, MEAN, span=span, title="f").partition("prefers-color-scheme")
    assert all(colour in light for colour in LIGHT)
    assert all(colour in dark for colour in DARK)
    assert len(set(LIGHT)) == len(set(DARK)) == len(LIGHT)


def test_a_picture_grows_with_its_edges_alone() -> None:
    def size(count: int) -> int:
        root = picture_of(b"def f():\n    x = [\n" + b"        1,\n" * count + b"    ]\n")
        return len(ET.tostring(root))

    assert size(400) < 2.5 * size(200)


def test_what_nobody_could_look_at_is_refused() -> None:
    wide = b"def f():\n    return [" + b"1, " * 1_000 + b"]\n"
    with pytest.raises(InputError, match=r"3,0\d\d columns wide"):
        picture_of(wide)
    tangled = b"def f(c, x, a):\n" + b"    if c: x = x + a\n" * 200 + b"    return x\n"
    with pytest.raises(InputError, match=r"with 20,\d\d\d edges|with 2\d,\d\d\d edges"):
        picture_of(tangled)
