from xml.etree import ElementTree as ET

from tests.tasks.flows.conftest import Teller
from tidemill.source.dataflow.rendering.drawing import draw
from tidemill.source.dataflow.rendering.export import to_dot
from tidemill.tasks.flows.picture import picture_of

FILES = {
    "a.js": "import { f } from './longer-name';\n  const é = source(); f(é);\n",
    "longer-name.js": "export function f(x) {\n  sink('a' +\n    x);\n}\n",
}


def test_lines_of_all_files_stand_below_one_another(tell: Teller) -> None:
    (flow,) = tell(FILES).flows
    picture = picture_of(flow)
    assert picture.text.decode().splitlines() == [
        "a.js:2            const é = source(); f(é);",
        "longer-name.js:1  export function f(x) {",
        "longer-name.js:3  x);",
        "longer-name.js:2  sink('a' +",
    ]
    names = list(picture.graph.names)
    assert names == ["é", "source()", "é", "x", "x", "sink('a'+", "'a'+"]
    graph = picture.graph
    assert list(graph.starts) == sorted(graph.starts)
    assert len(graph.targets) == len(names) - 1


def test_it_can_be_drawn(tell: Teller) -> None:
    (flow,) = tell(FILES).flows
    picture = picture_of(flow)
    span = (0, len(picture.text))
    svg = draw(picture.graph, picture.text, span=span, title=picture.title)
    assert ET.fromstring(svg).tag.endswith("svg")  # noqa: S314  our own text
    assert to_dot(picture.graph, picture.text, title=picture.title).count("->") == 6


def test_a_way_of_one_step(tell: Teller) -> None:
    (flow,) = tell({"a.js": "sink(source())"}).flows
    assert list(picture_of(flow).graph.names) == ["sink(source())", "source()"]
