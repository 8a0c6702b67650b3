import pytest

from tests.source.program.programs import syntax
from tidemill.source.program.imports import exports_of, imports_of
from tidemill.source.program.scopes import names_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import a from './m'", [("a", "./m", "default", False)]),
        ("import { a, b as c } from './m'", [("a", "./m", "a", False), ("c", "./m", "b", False)]),
        ("import * as a from './m'", [("a", "./m", "*", False)]),
        (
            "import a, { type B } from './m'",
            [("a", "./m", "default", False), ("B", "./m", "B", True)],
        ),
        ("import type { A } from './m'", [("A", "./m", "A", True)]),
        ("import './m'", []),
        ("import a = require('./m')", [("a", "./m", "*", False)]),
        ("const a = require('./m')", [("require('./m')", "./m", "*", False)]),
        ("import('./m')", [("import('./m')", "./m", "*", False)]),
        ("require(name)", []),
        ("function f(require) { require('./m') }", []),
    ],
)
def test_imports(text: str, expected: list[tuple[str, str, str, bool]]) -> None:
    read = syntax(text, "app.ts")
    found = imports_of(read, names_of(read))
    assert [(read.word(i.at), i.specifier, i.name, i.is_type) for i in found] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("export const a = 1, { b } = c", [("a", "a", "", ""), ("b", "b", "", "")]),
        ("export function a() {}", [("a", "a", "", "")]),
        ("export class A {}", [("A", "A", "", "")]),
        ("export interface A {}", [("A", "A", "", "")]),
        ("export default a", [("default", "a", "", "")]),
        ("export default class {}", [("default", "class {}", "", "")]),
        ("export { a, b as c }", [("a", "a", "", ""), ("c", "b", "", "")]),
        ("export { a as b } from './m'", [("b", "a as b", "./m", "a")]),
        ("export * from './m'", [("*", "export * from './m'", "./m", "*")]),
        ("export * as a from './m'", [("a", "export * as a from './m'", "./m", "*")]),
        ("export = a", [("*", "a", "", "")]),
        ("module.exports = a", [("*", "a", "", "")]),
        ("exports = module.exports = a", [("*", "a", "", "")]),
        ("module.exports.a = b", [("a", "b", "", "")]),
        ("exports.a = b", [("a", "b", "", "")]),
        ("exports['a'] = b", [("a", "b", "", "")]),
        ("exports[a] = b", []),
        ("exports.a.b = c", []),
        ("function f(exports) { exports.a = b }", []),
        ("namespace N { export const a = 1 }", []),
    ],
)
def test_exports(text: str, expected: list[tuple[str, str, str, str]]) -> None:
    read = syntax(text, "app.ts")
    found = exports_of(read, names_of(read))
    assert [(e.name, read.word(e.at), e.specifier, e.imported) for e in found] == expected
