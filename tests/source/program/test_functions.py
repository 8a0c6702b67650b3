from tests.source.program.programs import syntax
from tidemill.source.program.functions import Definitions, definitions_of

TEXT = """
function a(x, { y }, ...rest) {}
const b = (x) => x;
const o = { c() {}, d: function () {}, get e() { return 1 } };
o.f = async function () {};
class K extends base.L implements M<number>, N {
  static s = 1;
  t: string;
  constructor(private u: U, v: string) {}
  m() {}
  get g() { return 1 }
  set g(x) {}
  static n() {}
}
export default class {}
"""


def found() -> Definitions:
    """The definitions of the text."""
    return definitions_of(syntax(TEXT, "app.ts"))


def test_functions_have_the_name_of_what_holds_them() -> None:
    functions = [(f.name, f.kind) for f in found().functions.values()]
    assert functions == [
        ("a", "function"),
        ("b", "arrow"),
        ("c", "method"),
        ("d", "function"),
        ("e", "getter"),
        ("f", "function"),
        ("constructor", "constructor"),
        ("m", "method"),
        ("g", "getter"),
        ("g", "setter"),
        ("n", "method"),
    ]


def test_parameters_know_what_they_bind() -> None:
    read = syntax(TEXT, "app.ts")
    first = next(iter(found().functions.values()))
    bound = [([read.word(at) for at in p.names], p.is_rest) for p in first.parameters]
    assert bound == [(["x"], False), (["y"], False), (["rest"], True)]


def test_a_class_knows_its_members() -> None:
    read = syntax(TEXT, "app.ts")
    named, unnamed = found().classes.values()
    assert (named.name, read.word(named.extends)) == ("K", "base.L")
    assert [read.word(at) for at in named.implements] == ["M<number>", "N"]
    assert set(named.methods) == {"m"}
    assert set(named.getters) == {"g"}
    assert set(named.statics) == {"n"}
    assert set(named.static_fields) == {"s"}
    assert set(named.fields) == {"t", "u"}
    assert read.kinds[named.constructor] == "method_definition"
    assert (unnamed.name, unnamed.constructor, unnamed.extends) == ("<anonymous>", -1, -1)


def test_a_declaration_without_a_body_is_no_function() -> None:
    text = "function f(a: string): void; function f(a: any) {} declare function g(): void;"
    assert len(definitions_of(syntax(text, "app.ts")).functions) == 1
