"""Python functions made at random agree with the bytecode, and keep the properties."""

import re
import sys

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.source.dataflow.bytecode_oracle import compare
from tests.source.dataflow.python_functions import functions
from tests.source.dataflow.snippets import flow_of, shape_of

# The same functions in every run: where the compiler's own copies of `finally` differ from
# the language, a new one could fail at any time.
made = settings(
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
judged = pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="joined loads lose their places from 3.13 on"
)


def compiles(source: str) -> bool:
    """Say whether CPython takes the text."""
    try:
        compile(source, "<made>", "exec")
    except SyntaxError:
        return False
    return True


def check_against_bytecode(source: str) -> None:
    """Compare the edges between variables with the oracle's."""
    graph = flow_of(source.encode(), "python").graphs[0]
    nodes = graph.nodes
    edges = {
        (nodes[one.target].start, nodes[one.source].start)
        for one in graph.edges
        if nodes[one.target].kind == nodes[one.source].kind == "variable"
    }
    found = compare(source, edges)
    explained = {use for use, _ in edges}
    assert not found.false_positive
    # A comprehension that nothing leads to is compiled all the same.
    assert not [
        (use, origin)
        for use, origin in found.false_negative
        if use in explained or not re.fullmatch(r"[^\n]* for ", source[use:origin])
    ]


@judged
@settings(made, max_examples=60)
@given(functions())
def test_generated_functions_agree_with_the_bytecode(source: str) -> None:
    assume(compiles(source))
    check_against_bytecode(source)


@judged
@pytest.mark.slow
@settings(made, max_examples=1_500)
@given(functions())
def test_very_many_generated_functions_agree_with_the_bytecode(source: str) -> None:
    assume(compiles(source))
    check_against_bytecode(source)


@settings(made, max_examples=60)
@given(functions(), st.sampled_from("abcd"))
def test_renaming_a_variable_renames_nothing_else(source: str, name: str) -> None:
    before = flow_of(source.encode(), "python").graphs[0]
    after = flow_of(re.sub(rf"\b{name}\b", "other", source).encode(), "python").graphs[0]
    assert shape_of(after) == shape_of(before)
    names = ["other" if one == name else one for one in before.names]
    assert [one for one in after.names if one.isidentifier()] == [
        one for one in names if one.isidentifier()
    ]


@settings(made, max_examples=60)
@given(functions(), st.sampled_from(["\n", "  # a = b\n", "\n# a = b\n", "\n\n    # c\n"]))
def test_blank_lines_and_comments_change_spans_only(source: str, line: str) -> None:
    before = flow_of(source.encode(), "python").graphs[0]
    after = flow_of(source.replace("\n", line).encode(), "python").graphs[0]
    assert shape_of(after) == shape_of(before)
    assert after.names == before.names
