import json

import pytest

from tests.source.program.programs import Files, flows, graph, program
from tidemill.source.program.callgraph import call_graph_of
from tidemill.source.program.surface import offered_functions


def offered(files: Files) -> set[str]:
    """The names of the functions that others can call."""
    found = graph(files)
    return {found.program.functions[node].name for node in offered_functions(found)}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("module.exports = function f() {}", {"f"}),
        ("exports.a = a; function a() {} function b() {}", {"a"}),
        ("export default function f() {}; function g() {}", {"f"}),
        ("export const api = { f() {}, g: { h: () => 1 } }", {"f", "h"}),
        ("const api = { a: { f() {} }, b: { g() {} } }; module.exports = api.a", {"f"}),
        ("const api = module.exports = {}; api.f = function () {}", {"f"}),
        ("module.exports = function f() { return { g() {} } }", {"f", "g"}),
        ("module.exports = promisify(function f() {})", {"f"}),
        (("function A() { this.g = function () {} } A.prototype.f = function () {};"
         " module.exports = A"), {"A", "f", "g"}),
        ("function A() {} A.prototype.f = function () {}; module.exports = new A()", {"A", "f"}),
        ("class A { f() {} static g() {} set s(v) {} } module.exports = A", {"f", "g", "s"}),
        ("class A { f() {} static g() {} } module.exports = new A()", {"f"}),
        (("class A { f() {} } class B extends A { constructor() { super() } g = () => 1 }"
         " export { B }"), {"f", "constructor", "g"}),
        ("function f() {} f()", set()),
        ("exports.a = require('other').f; function f() {}", set()),
    ],
)  # fmt: skip
def test_what_others_can_call(text: str, names: set[str]) -> None:
    assert offered(text) == names


def test_only_what_the_entry_of_a_package_hands_on() -> None:
    files = {
        "index.js": "const { f } = require('./lib/inner'); module.exports = { f }",
        "lib/inner.js": "exports.f = () => 1; exports.g = () => 2",
    }
    manifest = {"package.json": json.dumps({"name": "a", "main": "index.js"})}
    found = call_graph_of(program(files, manifest))
    names = [found.program.functions[node].name for node in offered_functions(found)]
    assert names == ["f"]
    assert offered(files) == {"f", "g"}


def test_exported_parameters_are_sources() -> None:
    text = "exports.run = ({ cmd }, x) => sink(cmd); function other(x) { sink(x) }"
    (flow,) = flows(text, sources=["exported parameter"]).flows
    assert flow.steps[0].text == "{ cmd }"
    typed = {"a.ts": "export function f(a: Options, b: string) { sink(a); sink(b) }"}
    (flow,) = flows(typed, sources=["exported parameter Options"]).flows
    assert flow.steps[0].text == "a"


def test_parameters_of_callbacks_are_sources() -> None:
    text = "serve((req, res) => { sink(req.url); sink(res) }); serve(other)"
    (flow,) = flows(text, sources=["callback serve(0)"]).flows
    assert flow.steps[0].text == "req"


def test_a_large_tangle_ends() -> None:
    text = "".join(f"const a{n} = {{ f: () => a{n + 1}, g: a{n + 1} }};" for n in range(300))
    assert offered(text + "const a300 = () => a0; module.exports = a0") == {"f", "a300"}
