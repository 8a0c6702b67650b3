"""Programs that nobody writes: everything ends, and says what it left out."""

import time
from datetime import UTC, datetime

import pytest

from tests.source.program.programs import flows, graph
from tidemill.source.program.flows import FlowLimits, Query, flows_in
from tidemill.source.program.patterns import read_table

DEEP = {
    "parentheses": "sink(" + "(" * 3_000 + "source()" + ")" * 3_000 + ")",
    "sums": "sink(" + "+".join(["a"] * 3_000) + "+ source())",
    "chains": "sink(source()" + ".a()" * 2_000 + ")",
    "members": "sink(source()" + ".a" * 3_000 + ")",
    "blocks": "{" * 3_000 + "const x = source(); sink(x)" + "}" * 3_000,
    "functions": "function f() {" * 2_000 + "const x = source(); sink(x)" + "}" * 2_000,
    "branches": "let x = source();" + "if (a) x += 1;" * 1_000 + "sink(x)",
    "loops": "let x = source();" + "while (a) { x += 1;" * 500 + "}" * 500 + "sink(x)",
    "calls": "".join(f"function f{n}(x) {{ f{n + 1}(x) }}" for n in range(1_000))
    + "function f1000(x) { sink(x) } f0(source())",
    "recursion": "function a(x) { b(x); c(x) } function b(x) { a(x); return a(b(x)) }"
    " function c(x) { a(b(x)); sink(x) } a(source())",
}
BROKEN = {
    "brackets": "[({" * 3_000,
    "half a class": "class A { constructor(x) { this.x = source(; } get( } sink(new A().x)",
    "nothing but errors": "}}}} )))) => => class class extends extends ... import from",
    "half an import": "import { a, from './b' ; export * ; export { } from ; require(",
    "missing parts": "if () ; for (;;) ; a = ; new ; `${}` ; x. ; x?.() ; try ; switch",
    "no text": "",
    "surrogates": "const \ud800 = '\udfff'",
    "nul": "const a = '\0'; sink(source())",
    "a class of itself": "class A extends A { f() { super.f() } } new A().f()",
    "classes in a circle": "class A extends B { f() { this.g() } } class B extends A {}"
    " new B().f()",
    "spreads": "f(...[...[...source()]], ...f()); function f(a, ...b) { sink(...b) }",
    "names of Object": "const o = { __proto__: source(), constructor: 1 }; sink(o.constructor)",
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
def test_depth_and_length_cost_no_flow(text: str) -> None:
    assert len(flows(text).flows) == 1


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_broken_and_strange_texts_do_no_harm(text: str) -> None:
    report = flows({"a.ts": text, "b.js": text, "c.js": "sink(source())"})
    assert report.flows
    assert not report.cut


def test_what_stands_beside_damage_is_found() -> None:
    text = "function f(x) { sink(x) }\nf(source());\nconst a = ] ;\nclass {"
    assert flows(text).flows


def test_files_that_name_each_other_or_nothing() -> None:
    files = {
        "a.js": "export * from './b'; export * from './a'; import { x } from './a'; sink(x)",
        "b.js": "export * from './a'; export { x } from './a'; require('./gone'); import './b'",
    }
    assert not flows(files).flows


def test_a_limit_of_states_is_told() -> None:
    text = "const x = source();" + "const y = [x];" + "sink(y);" * 50
    report = flows(text, limits=FlowLimits(states=20))
    assert report.cut == ("more than 20 states from one source",)
    assert not flows(text).cut


def test_a_limit_of_flows_is_told() -> None:
    text = "const x = source();" + "sink(x);" * 20
    report = flows(text, limits=FlowLimits(flows=5))
    assert len(report.flows) == 5
    assert report.cut == ("more than 5 flows",)


class Impatient:
    """A clock that a second passes on whenever somebody looks."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        self._seconds += 1
        return self._seconds


def test_a_limit_of_time_is_told() -> None:
    query = Query(
        sources=read_table({"source": ["source"]}),
        sinks=read_table({"sink": ["sink"]}),
        limits=FlowLimits(seconds=3),
    )
    report = flows_in(graph("sink(source());" * 20), query, clock=Impatient())
    assert 0 < len(report.flows) < 20
    assert report.cut == ("3 s were over",)


def test_fields_beyond_the_limit_are_one() -> None:
    text = "const o = { a: { b: { c: source() } } }; const p = { o }; sink(p.o.a.b.d)"
    assert not flows(text, limits=FlowLimits(fields=8)).flows
    assert flows(text, limits=FlowLimits(fields=2)).flows


@pytest.mark.slow
def test_ten_thousand_functions_in_one_file() -> None:
    count = 10_000
    text = "".join(f"function f{n}(x) {{ return f{n + 1}(x) }}\n" for n in range(count))
    text += f"function f{count}(x) {{ sink(x) }}\nf0(source())"
    start = time.perf_counter()
    report = flows(text)
    assert len(report.flows) == 1
    assert len(report.flows[0].steps) > count
    assert time.perf_counter() - start < 60
