import pytest

from tests.source.program.programs import syntax
from tidemill.source.program.scopes import Names, Variable, names_of


def resolved(text: str, path: str = "app.ts") -> tuple[Names, dict[str, list[Variable | None]]]:
    """The names of a text, and the variable of every occurrence of each name."""
    found = syntax(text, path)
    names = names_of(found)
    occurrences: dict[str, list[Variable | None]] = {}
    for at, kind in enumerate(found.kinds):
        if kind in {"identifier", "type_identifier"} or kind.startswith("shorthand"):
            occurrences.setdefault(found.word(at), []).append(names.variables.get(at))
    return names, occurrences


def test_a_block_hides_what_is_around_it() -> None:
    _, of = resolved("const x = 1; { const x = 2; f(x); } g(x);")
    outer, inner, used_inside, used_outside = of["x"]
    assert used_inside is inner is not outer
    assert used_outside is outer
    assert of["f"] == [None]


def test_var_and_functions_are_hoisted() -> None:
    _, of = resolved("g(); x; { var x = 1; } function g() { y; var y; }")
    assert of["x"][0] is of["x"][1] is not None
    assert of["g"][0] is of["g"][1] is not None
    assert of["y"][0] is of["y"][1] is not None


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("import a from 'm'; a", "a", "import"),
        ("import { b as a } from 'm'; a", "a", "import"),
        ("import * as a from 'm'; a", "a", "import"),
        ("import a = require('m'); a", "a", "import"),
        ("function f({ x: [a = 1] }, ...b) { a }", "a", "parameter"),
        ("(a: string) => a", "a", "parameter"),
        ("try {} catch (a) { a }", "a", "catch"),
        ("for (const a of b) a", "a", "let"),
        ("for (var a in b) a", "a", "var"),
        ("class a {} ; a", "a", "class"),
        ("enum a { B } ; a", "a", "enum"),
        ("namespace a {} ; a", "a", "namespace"),
        ("interface a {} ; let b: a", "a", "interface"),
        ("type a = 1; let b: a", "a", "alias"),
        ("const f = function a() { a }", "a", "function"),
    ],
)
def test_what_declares_a_name(text: str, name: str, kind: str) -> None:
    _, of = resolved(text)
    assert {variable.kind for variable in of[name] if variable is not None} == {kind}
    assert None not in of[name][-1:]


def test_a_name_of_an_import_that_is_renamed_is_none_here() -> None:
    _, of = resolved("import { b as a } from 'm'; b")
    assert of["b"] == [None, None]


def test_a_variable_that_never_changes_is_plain() -> None:
    plain = {
        "const x = 1; f(x)": True,
        "let x = 1; x = 2": False,
        "let x; x = 1": False,
        "let x = 1; function f() { x = 2 }": False,
        "const x = {}; x.a = 1": False,
        "const x = []; x.push(1)": False,
        "const x = {}; Object.assign(x, {})": False,
        "function x() {}": True,
    }
    for text, expected in plain.items():
        variable = resolved(text)[1]["x"][0]
        assert variable is not None
        assert variable.is_plain is expected, text


def test_what_is_written_in_a_closure_has_no_order() -> None:
    _, of = resolved("let x = 1; let y = 2; y = 3; function f() { x = y }")
    assert of["x"][0] is not None
    assert of["x"][0].written_outside
    assert of["y"][0] is not None
    assert not of["y"][0].written_outside


def test_a_function_knows_what_it_captures() -> None:
    names, of = resolved("let x = 1; x = 2; const y = 1; function f() { return () => x + y }")
    assert list(names.captured.values()) == [[of["x"][0]], [of["x"][0]]]
