import json
import re

import pytest

from tests.source.dataflow.rendering.pictures import MEAN, graph_of
from tidemill.source.dataflow.rendering.export import to_dot, to_json


@pytest.mark.claim("gcb.dataflow.exports")
def test_json_is_the_whole_graph_with_lines_and_columns() -> None:
    graph, _ = graph_of(MEAN)
    facts = json.loads(json.dumps(to_json(graph, MEAN)))
    assert len(facts["nodes"]) == len(graph.nodes)
    assert len(facts["edges"]) == len(graph.edges)
    assert facts["free"] == []
    for node in facts["nodes"]:
        line = MEAN.split(b"\n")[node["line"] - 1]
        assert line[node["column"] - 1 :].startswith(MEAN[node["start"] : node["end"]])
    edge = facts["edges"][0]
    assert set(edge) == {"target", "source", "kind"}


@pytest.mark.claim("gcb.dataflow.exports")
def test_dot_has_every_node_and_edge() -> None:
    graph, _ = graph_of(MEAN)
    dot = to_dot(graph, MEAN, title="f")
    assert len(re.findall(r"^  n\d+ \[", dot, re.MULTILINE)) == len(graph.nodes)
    assert len(
        re.findall(r"^  n\d+ -> n\d+ \[style=(?:solid|dashed)\];$", dot, re.MULTILINE)
    ) == len(graph.edges)


def test_dot_quotes_what_it_must() -> None:
    code = b'def f(a):\n    b = a + "q\\"\\\\"\n    return b\n'
    graph, _ = graph_of(code)
    dot = to_dot(graph, code, title='a"b\n\\')
    assert dot.startswith('digraph "a\\"b\\n\\\\" {')
    label = re.search(r'label=("(?:[^"\\]|\\.)*q(?:[^"\\]|\\.)*")', dot)
    assert label is not None
