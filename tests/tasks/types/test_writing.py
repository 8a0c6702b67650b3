import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tasks.types.table import file_of
from tidemill.source.annotations.finding import sites_of
from tidemill.source.parsing import parse
from tidemill.source.typescript.syntax.wording import read_type
from tidemill.tasks.types.naming import Import
from tidemill.tasks.types.offer import Offer
from tidemill.tasks.types.project import ProjectFile
from tidemill.tasks.types.writing import written

PIECES = (
    "function f(a, b?, c = 1, ...d) { return a }",
    "const g = x => x, h = async y => y;",
    "const gäu = (größe, [x, y]) => größe;",
    "class A { v; static w = 1; #p; m(a) {} get n() { return 1 } set n(v) {} async *o() {} }",
    "export default function (z) {}",
    "const o = { a: function (q) {}, b(r) {}, c: s => s };",
    "let u, w;",
    "[1].map(k => k, (l, ...m) => l);",
    "// 😀 a comment: string",
    "for (let i = 0; i < 1; i++) {}",
    "const j = (a) => (b) => c => a;",
    "export const k = async (a, b) => { await a; };",
    "abstract class B<T> { private x; constructor(public y, readonly z = 1) {} }",
)
TYPES = ("string", "Map<A, B[]>", "(x: A) => B", "{ a: A; b?: B }", "A | null", "'a' | \"b\"")


def offer(text: str, *imports: Import) -> Offer:
    read = read_type(text)
    assert read is not None
    return Offer(type=read, confidence=0.5, imports=imports)


def said(text: bytes, file: ProjectFile) -> list[str | None]:
    """The types of all sites of a text."""
    found = sites_of(parse(text, file.tree.language))
    return [one.type.of(text).decode() if one.type is not None else None for one in found]


@given(st.data(), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["a.ts", "a.tsx"]))
def test_what_is_written_is_found_again_and_nothing_else_changes(
    data: st.DataObject, newline: str, name: str
) -> None:
    more = data.draw(st.lists(st.sampled_from(PIECES), max_size=4))
    pieces = [PIECES[0], *more]
    file = file_of(name, newline.join(pieces) + newline)
    numbers = range(len(file.sites))
    chosen = data.draw(st.dictionaries(st.sampled_from(numbers), st.sampled_from(TYPES)))
    new = written(file, {number: offer(text) for number, text in chosen.items()})
    assert said(new.text, file) == [chosen.get(number) for number in numbers]
    kept = bytearray(new.text)
    for span in reversed(new.edited.spans()):
        del kept[span.start : span.end]
    assert bytes(kept) == file.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("const f = x => x;", "const f = (x: T): T => x;"),
        ("const f = async x => x;", "const f = async (x: T): T => x;"),
        ("const f = (x, y = 1) => x;", "const f = (x: T, y: T = 1): T => x;"),
        ("function f(a?, ...b) {}", "function f(a?: T, ...b: T): T {}"),
        ("class A { x = 1; y?; m() {} }", "class A { x: T = 1; y?: T; m(): T {} }"),
    ],
)
def test_the_forms_of_annotations(text: str, expected: str) -> None:
    file = file_of("a.ts", text)
    wanted = [n for n, site in enumerate(file.sites) if site.kind != "variable"]
    assert written(file, dict.fromkeys(wanted, offer("T"))).text.decode() == expected


HEAD = "#!/usr/bin/env node\n// @ts-check\n'use strict';\n\n"
POINT = Import(module="./point", exported="Point", local="Point")
SHAPE = Import(module="./point", exported="default", local="Shape")
RENAMED = Import(module="./other", exported="Point", local="PointType")


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (
            "import a from \"a\"\nimport b from 'b'; // last\nuse(x => x);\n",
            "import a from \"a\"\nimport b from 'b'; // last\n{}use((x: T) => x);\n",
        ),
        ('import a from "a"\nuse(x => x);\n', 'import a from "a"\n{}use((x: T) => x);\n'),
        ("import a from 'a'; use(x => x);\n", "import a from 'a';\n{!} use((x: T) => x);\n"),
        ("use(x => x);\nexport {};\n", "{}use((x: T) => x);\nexport {};\n"),
        (
            f"{HEAD}/** Doc. */\nexport const f = x => x;",
            f"{HEAD}{{}}/** Doc. */\nexport const f = (x: T) => x;",
        ),
        ("import a from 'a';\r\nuse(x => x);\r\n", "import a from 'a';\r\n{}use((x: T) => x);\r\n"),
    ],
)
def test_imports_stand_behind_others_or_before_all(before: str, expected: str) -> None:
    file = file_of("a.ts", before)
    number = next(n for n, site in enumerate(file.sites) if site.kind == "parameter")
    new = written(file, {number: offer("T", POINT, SHAPE, RENAMED)}).text.decode()
    quote = '"' if before.startswith('import a from "a"\nuse') else "'"
    end = "" if before.startswith('import a from "a"\nuse') else ";"
    lines = [
        f"import type {{ Point as PointType }} from {quote}./other{quote}{end}",
        f"import type Shape from {quote}./point{quote}{end}",
        f"import type {{ Point }} from {quote}./point{quote}{end}",
    ]
    newline = "\r\n" if "\r\n" in before else "\n"
    block = "".join(line + newline for line in lines)
    assert new == expected.replace("{!}", block.rstrip()).replace("{}", block, 1)


def test_one_module_is_imported_once_for_all_sites() -> None:
    file = file_of("a.ts", "export function f(a, b) {}\n")
    new = written(file, {0: offer("A"), 1: offer("Point", POINT), 2: offer("Point[]", POINT)})
    assert new.text.count(b"import type") == 1
    assert new.sites[0] == (1, 2)
