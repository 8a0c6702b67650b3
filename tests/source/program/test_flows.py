from collections.abc import Mapping

import pytest

from tests.source.program.flow_cases import (
    ACROSS_FILES,
    FLOWS,
    NO_FLOWS,
    NOT_ACROSS_FILES,
    TYPESCRIPT,
)
from tests.source.program.programs import flows, graph
from tidemill.source.program.flows import Query, flows_in
from tidemill.source.program.patterns import pattern_from, read_table


@pytest.mark.parametrize("text", FLOWS.values(), ids=FLOWS.keys())
def test_a_flow_is_found(text: str) -> None:
    assert flows(text).flows


@pytest.mark.parametrize("text", TYPESCRIPT.values(), ids=TYPESCRIPT.keys())
def test_a_flow_through_what_only_typescript_has_is_found(text: str) -> None:
    assert flows({"app.ts": text}).flows


@pytest.mark.parametrize("text", NO_FLOWS.values(), ids=NO_FLOWS.keys())
def test_what_does_not_flow_is_not_found(text: str) -> None:
    assert not flows(text).flows


@pytest.mark.parametrize("files", ACROSS_FILES.values(), ids=ACROSS_FILES.keys())
def test_a_flow_between_files_is_found(files: Mapping[str, str]) -> None:
    assert len(flows(files).flows) == 1


@pytest.mark.parametrize("files", NOT_ACROSS_FILES.values(), ids=NOT_ACROSS_FILES.keys())
def test_what_does_not_flow_between_files_is_not_found(files: Mapping[str, str]) -> None:
    assert not flows(files).flows


def test_the_shortest_way_is_told_step_by_step() -> None:
    text = "function f(x) {\n  const q = 'a' + x;\n  sink(q);\n}\nf(source());\n"
    (flow,) = flows(text).flows
    assert [(step.text, step.why) for step in flow.steps] == [
        ("source()", "source"),
        ("x", "argument of a call"),
        ("x", "passed on"),
        ("'a' + x", "computed from it"),
        ("q", "passed on"),
        ("q", "passed on"),
    ]
    assert (flow.call.text, flow.call.path) == ("sink(q)", "app.js")
    first, last = flow.steps[0], flow.steps[-1]
    assert text[first.start : first.end] == "source()"
    assert text[last.start : last.end] == "q"


def test_the_short_way_is_taken_where_there_are_two() -> None:
    text = "const a = source(); const b = id(a); function id(x) { return x } sink(c ? b : a)"
    (flow,) = flows(text).flows
    assert "argument of a call" not in {step.why for step in flow.steps}


def test_every_pair_of_source_and_sink_is_told_once() -> None:
    text = "let a; if (c) a = source(); else a = source(); sink(a); sink(a, a)"
    report = flows(text)
    assert len(report.flows) == 6
    assert (report.sources, report.sinks) == (2, 3)


def test_a_sanitizer_of_one_harm_lets_the_others_pass() -> None:
    query = Query(
        sources=read_table({"source": ["source"]}),
        sinks=read_table({"page": ["send"], "query": ["ask"]}),
        sanitizers={pattern_from("escape"): frozenset({"page"})},
    )
    report = flows_in(graph("const x = escape(source()); send(x); ask(x); send(source())"), query)
    assert [(flow.kind, flow.call.text) for flow in report.flows] == [
        ("query", "ask(x)"),
        ("page", "send(source())"),
    ]


def test_calls_of_nobody_knows_what_can_be_closed() -> None:
    query = Query(
        sources=read_table({"source": ["source"]}),
        sinks=read_table({"sink": ["sink"]}),
        through_unknown=False,
    )
    found = flows_in(graph("sink(unknown(source())); sink(source())"), query)
    assert [flow.steps[-1].text for flow in found.flows] == ["source()"]


def test_a_closure_does_not_remember_which_call_made_it() -> None:
    # A limit: what a closure captures is told apart by function and not by call.
    text = "function f(x) { return () => x } f(source()); sink(f(1)())"
    assert flows(text).flows
