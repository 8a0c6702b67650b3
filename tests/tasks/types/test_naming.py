import pytest

from tests.tasks.types.table import file_of
from tidemill.source.typescript.syntax.wording import read_type
from tidemill.tasks.types.exports import Exports
from tidemill.tasks.types.naming import Namer, Naming
from tidemill.tasks.types.project import ProjectFile
from tidemill.tasks.types.specifiers import Style, specifier, style_of

PROGRAM = (
    file_of("lib/a.ts", "export interface Near {}\nexport { Inner as Outer };\nclass Inner {}\n"),
    file_of("lib/deep/b.ts", "export interface Near {}\nexport type Map = string;\n"),
    file_of("c.ts", "export default class {}\nexport * from './lib/a';\nfunction f<T>(x: T) {}\n"),
)


def namings(file: ProjectFile, text: str, place: int = 0) -> list[Naming]:
    read = read_type(text)
    assert read is not None
    namer = Namer(file, Exports([*PROGRAM, file]), style_of(file) or "none")
    return list(namer.namings(read, file.sites[place]))


def imports(found: Naming) -> list[tuple[str, str, str]]:
    return [(one.module, one.exported, one.local) for one in found.imports]


def test_a_name_is_imported_from_the_nearest_file_that_exports_it() -> None:
    file = file_of("lib/deep/x.ts", "export function f(a) {}\n")
    first, second, last = namings(file, "Near[]")
    assert imports(first) == [("./b", "Near", "Near")]
    assert imports(second) == [("../a", "Near", "Near")]
    assert (last.imports, last.strangers) == ((), ("Near",))


def test_a_name_of_the_language_is_the_languages_first() -> None:
    file = file_of("x.ts", "export function f(a) {}\n")
    first, second = namings(file, "Map<string, string>")
    assert (first.imports, first.strangers) == ((), ())
    assert imports(second) == [("./lib/deep/b", "Map", "Map")]


def test_renamed_exports_are_known_by_their_outer_name() -> None:
    file = file_of("x.ts", "export function f(a) {}\n")
    assert imports(namings(file, "Outer")[0]) == [("./lib/a", "Outer", "Outer")]
    assert namings(file, "Inner")[0].strangers == ("Inner",)


def test_what_is_in_scope_is_not_imported() -> None:
    file = file_of("x.ts", "import { Near } from 'y';\nexport function f<Outer>(a) {}\n")
    (found,) = namings(file, "Map<Near, Outer>", 1)[:1]
    assert found.imports == ()


def test_a_name_that_is_taken_gets_another() -> None:
    file = file_of("x.ts", "const Outer = 1;\nexport function f(a) { return Outer; }\n")
    first = namings(file, "Outer | null", 1)[0]
    assert imports(first) == [("./lib/a", "Outer", "OuterType")]
    assert first.type.text == "OuterType | null"


def test_a_file_that_is_no_module_imports_nothing() -> None:
    file = file_of("x.ts", "function f(a) {}\n")
    assert [one.imports for one in namings(file, "Outer")] == [()]
    script = file_of("x.js", "function f(a) {}\n")
    assert imports(namings(script, "Outer")[0]) == [("./lib/a", "Outer", "Outer")]


@pytest.mark.parametrize(
    ("importer", "target", "style", "expected"),
    [
        ("/p/a.ts", "/p/b.ts", "none", "./b"),
        ("/p/a.ts", "/p/lib/b.tsx", "running", "./lib/b.js"),
        ("/p/lib/a.ts", "/p/b.d.ts", "none", "../b"),
        ("/p/a.ts", "/p/b.ts", "own", "./b.ts"),
        ("/p/a.ts", "/p/b.mts", "none", "./b.mjs"),
        ("/p/a.js", "/p/b.cjs", "none", "./b.cjs"),
        ("/p/a.ts", "/p/.b/c.ts", "none", "./.b/c"),
    ],
)
def test_specifiers(importer: str, target: str, style: Style, expected: str) -> None:
    assert specifier(importer, target, style) == expected


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("import a from './a.js';\n", "running"),
        ("const a = require('./a');\n", "none"),
        ("export * from '../a.ts';\n", "own"),
        ("import './a';import b from './b';import c from './c.js';", "none"),
        ("import a from 'a.js';\n", None),
    ],
)
def test_the_style_of_a_file_is_that_of_its_imports(text: str, style: Style | None) -> None:
    assert style_of(file_of("x.ts", text)) == style
