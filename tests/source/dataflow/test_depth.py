"""Texts of any depth and length: a graph in bounded work, or a reason why there is none."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.source.dataflow.labels import labelled_edges
from tidemill.core.errors import InputError
from tidemill.source.dataflow.extractor import data_flow
from tidemill.source.dataflow.graph import DataFlowGraph
from tidemill.source.dataflow.limits import MAX_EDGES
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.source.units import units_of

LOW_LIMIT = 200


def graph_of(code: str, language: str) -> DataFlowGraph:
    """Return the graph of the first unit, made under a recursion limit that is soon hit."""
    tree = parse(code.encode(), LANGUAGES[language])
    units = units_of(tree)
    with recursion_limit(LOW_LIMIT):
        return data_flow(tree, units[0], units)


@contextmanager
def recursion_limit(more: int) -> Iterator[None]:
    """Allow just so many more frames than are open now."""
    before = sys.getrecursionlimit()
    depth = sum(1 for _ in traceback.walk_stack(None))
    sys.setrecursionlimit(depth + more)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def nested(before: str, inside: str, after: str, depth: int) -> str:
    """Put ``inside`` into ``depth`` layers."""
    return before * depth + inside + after * depth


def python(body: str) -> str:
    """Wrap an expression into a function of ``x``."""
    return f"def f(x):\n    return {body}\n"


DEEP = {
    "parentheses": (python(nested("(", "x", ")", 100_000)), 1),
    "unary operators": (python("-" * 20_000 + "x"), 1),
    "binary operators": (python("+".join(["x"] * 20_000)), 20_000),
    "operators to the right": (python(nested("x**(", "x", ")", 10_000)), 10_001),
    "conjunctions": (python(" and ".join(["x"] * 20_000)), 20_000),
    "comparisons": (python("<".join(["x"] * 20_000)), 20_000),
    "conditional expressions": (python(nested("x if x else ", "x", "", 10_000)), 20_001),
    "calls": (python(nested("f(", "x", ")", 20_000)), 1),
    "method calls": (python("x" + ".a()" * 20_000), 1),
    "members": (python("x" + ".a" * 20_000), 2),
    "subscripts": (python("x" + "[0]" * 20_000), 2),
    "lists": (python(nested("[", "x", "]", 20_000)), 1),
    "lambdas": (python(nested("lambda: ", "x", "", 2_000)), 1),
    "arguments": (python("f(" + ",".join(["x"] * 20_000) + ")"), 20_000),
    "a long list": (python("[" + ",".join(["x"] * 30_000) + "]"), 30_000),
    "a long string": (python("'" + "x" * 1_000_000 + "'"), 0),
}


@pytest.mark.claim("gcb.dataflow.depth")
@pytest.mark.parametrize("shape", sorted(DEEP))
def test_python_expressions_of_any_depth(shape: str) -> None:
    code, edges = DEEP[shape]
    assert len(graph_of(code, "python").targets) == edges


def test_python_parameters_and_targets_by_the_thousand() -> None:
    names = [f"v{number}" for number in range(10_000)]
    code = f"def f({', '.join(names)}):\n    {' = '.join(names)} = v0\n    return v9\n"
    graph = graph_of(code, "python")
    assert len(graph.targets) == 10_000 + 2
    assert {str(edge) for edge in labelled_edges(graph)} >= {"v0#3 <- v0#1", "v9#3 <- v9#2"}


def test_a_long_python_function() -> None:
    lines = "".join(f"    v{number + 1} = v{number} + x\n" for number in range(10_000))
    graph = graph_of(f"def f(x, v0):\n{lines}    return v10000\n", "python")
    assert len(graph.targets) == 4 * 10_000 + 1


def test_a_chain_of_elif() -> None:
    arms = "".join(f"    elif x == {number}: y = {number}\n" for number in range(5_000))
    graph = graph_of(f"def f(x):\n    if x: y = 0\n{arms}    return y\n", "python")
    assert len(graph.targets) == 1 + 5_000 + 5_001 + 5_001


def test_nested_python_functions() -> None:
    lines = "".join(" " * depth + f"def f{depth}(x):\n" for depth in range(500))
    graph = graph_of(lines + " " * 500 + "return x\n", "python")
    assert len(graph.targets) == 1


BODIES = {
    "blocks": ("{", "x=x+1;", "}", 2_000, 3),
    "else-if": ("if(x){x=1}else ", "{x=2}", "", 5_000, None),
    "conditional expressions": ("x?1:", "x", ";", 1, None),
    "assignments": ("x=", "x", "", 10_000, None),
    "arrow functions": ("(a)=>", "x", "", 1_000, None),
    "callbacks": ("g(function(y){x=y;", "", "})", 1_000, None),
    "breaks": ("", "while(x){" + "if(x){x=1;break}" * 3_000 + "}", "", 1, None),
    "cases": ("", "switch(x){" + "case 1:x=x+1;" * 3_000 + "}", "", 1, None),
    "conditions that assign": ("", "return " + "x?(x=1):" * 5_000 + "2", "", 1, None),
    "conditions": ("", "return " + "x?1:" * 10_000 + "2", "", 1, None),
    "optional members": ("", "return x" + "?.a" * 10_000, "", 1, 2),
    "templates": ("`${", "x", "}`", 5_000, 1),
    "arrays": ("[", "x", "]", 20_000, 1),
    "spread": ("", "g(" + "...x," * 10_000 + "x)", "", 1, 10_001),
    "a loop of many variables": (
        "",
        "while(x){" + "".join(f"v{n}=v{n + 1};" for n in range(3_000)) + "}",
        "",
        1,
        None,
    ),
}


@pytest.mark.claim("gcb.dataflow.depth")
@pytest.mark.parametrize("shape", sorted(BODIES))
def test_javascript_bodies_of_any_depth(shape: str) -> None:
    before, inside, after, depth, edges = BODIES[shape]
    graph = graph_of(f"function f(x){{{nested(before, inside, after, depth)}}}", "javascript")
    assert graph.starts
    assert edges is None or len(graph.targets) == edges


NESTS = {
    "loops": ("for(let i=0;i<x;i++){x=x+i;", "}", 300),
    "while": ("while(x){x=x+1;", "}", 300),
    "try": ("try{x=g(x);", "}catch(e){x=e}", 300),
    "finally": ("try{x=g(x);", "}finally{x=g(x)}", 100),
    "switch": ("switch(x){case 1:x=x+1;", "}", 300),
    "labels": ("a:while(x){x=g(x);if(x)continue a;", "}", 200),
}


@pytest.mark.claim("gcb.dataflow.depth")
@pytest.mark.parametrize("shape", sorted(NESTS))
def test_nests_of_hundreds_have_a_graph(shape: str) -> None:
    before, after, depth = NESTS[shape]
    code = f"function f(x){{{nested(before, '', after, depth)} return x}}"
    graph = graph_of(code, "javascript")
    assert len(graph.targets) > 2 * depth


@pytest.mark.slow
@pytest.mark.parametrize("shape", sorted(NESTS))
def test_nests_of_thousands_have_one_or_are_refused(shape: str) -> None:
    before, after, _ = NESTS[shape]
    code = f"function f(x){{{nested(before, '', after, 4_000)} return x}}"
    try:
        edges, refused = len(graph_of(code, "javascript").targets), ""
    except InputError as error:
        edges, refused = 0, error.message
    assert edges <= MAX_EDGES
    assert edges or "data-flow graph of" in refused


def test_scopes_without_end_are_refused() -> None:
    with pytest.raises(InputError, match="scopes more than"):
        graph_of(f"function f(x){{{nested('{', 'x', '}', 6_000)}}}", "javascript")


@pytest.mark.slow
def test_as_many_edges_as_the_square_of_the_text_are_refused() -> None:
    arms = "".join(f"    if x: y = {number}\n" for number in range(2_000))
    uses = "    g(y)\n" * 1_000
    with pytest.raises(InputError, match="edges"):
        graph_of(f"def f(x):\n{arms}{uses}", "python")
