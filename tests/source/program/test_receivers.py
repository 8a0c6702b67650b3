import pytest

from tests.source.program.programs import declared, program
from tidemill.source.program.receivers import FirstOf, GivenTypes, NoTypes, ReceiverType
from tidemill.source.program.typenames import parameter_type_names, type_name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Connection", "Connection"),
        (" mysql . Connection ", "mysql.Connection"),
        ("Map<string, number>", "Map"),
        ("Promise<Connection>", "Connection"),
        ("Readonly<Promise<a.B>>", "a.B"),
        ("Foo | null | undefined", "Foo"),
        ("?Foo", "Foo"),
        ("(Foo)", "Foo"),
        ('import("./model").Order', "model.Order"),
        ("Foo | Bar", None),
        ("A<B> | C<D>", None),
        ("string[]", None),
        ("(a: string) => void", None),
        ("{ a: string }", None),
        ("'literal'", None),
        ("any", None),
        ("unknown", None),
        ("null | undefined", None),
        ("", None),
        ("<" * 1_000, None),
        ("Promise<" * 500, None),
        ("x" * 10_000, None),
    ],
)
def test_the_name_in_a_type(written: str, name: str | None) -> None:
    assert type_name(written) == name


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("(a: Request, b: Promise<mysql.Connection>) => void", ("Request", "mysql.Connection")),
        ("((err: Error | null, rows: Row[]) => void)", ("Error", None)),
        ("(a: (b: B) => C, d: D) => (e: E) => F", (None, "D")),
        ("(a?: Map<string, A>, ...rest: B[]) => { c: C }", ("Map", None)),
        ("({ a, b }: Options) => void", ("Options",)),
        ("() => void", ()),
        ("(a, b) => void", (None, None)),
        ("Handler", ()),
        ("new (a: A) => B", ()),
        ("(a: A) => B | (c: C) => D", ("A",)),
        ("(" * 1_000 + "=>", ()),
        ("=>", ()),
    ],
)
def test_the_names_in_a_function_type(written: str, names: tuple[str | None, ...]) -> None:
    assert parameter_type_names(written) == names


def known(text: str, path: str = "app.ts") -> dict[str, str]:
    """Declared types by the word at their offset."""
    found = program({path: text})
    types = declared(found)
    syntax = found.files[0].syntax
    result: dict[str, str] = {}
    for at, start in enumerate(syntax.starts):
        answer = types.type_of(path, start)
        if answer is not None and syntax.kinds[at].endswith(("identifier", "pattern")):
            assert answer.origin == "declared"
            result.setdefault(syntax.word(at), answer.name)
    return result


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("const a: A = f(), b = 1", {"a": "A"}),
        ("function f(a: A, b?: B, { c }: C, ...d: D[]) {}", {"a": "A", "b": "B", "{ c }": "C"}),
        (
            "class K { a: A; private static b: b.B; constructor(c: C) {} }",
            {"a": "A", "b": "b.B", "c": "C"},
        ),
        ("(a: A = x) => a", {"a": "A"}),
        ("const a: string = ''", {"a": "string"}),
    ],
)
def test_annotations(text: str, types: dict[str, str]) -> None:
    assert known(text) == types


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("/** @param {A} a\n * @param {B=} b */\nfunction f(a, b) {}", {"a": "A", "b": "B"}),
        ("/** @param {A} [a=1] the first */\nexport default function (a) {}", {"a": "A"}),
        ("/** @param {A} a */\nexports.f = (a) => a", {"a": "A"}),
        ("/** @param {A} a */\nconst f = async a => a", {"a": "A"}),
        ("class K { /** @param {A} a */\n m(a) {} }", {"a": "A"}),
        (
            "const o = { /** @param {A} a */\n m(a) {}, /** @param {B} b */ n: b => b }",
            {"a": "A", "b": "B"},
        ),
        ("/** @type {A} */\nlet a;", {"a": "A"}),
        ("class K { /** @type {A} */\n a = 1 }", {"a": "A"}),
        ("/** @type {{ a: A }} */\nlet a;", {}),
        ("/** @param {A */\nfunction f(a) {}", {}),
        ("// @type {A}\nlet a;", {}),
        ("/** @type {A} */", {}),
    ],
)
def test_jsdoc(text: str, types: dict[str, str]) -> None:
    assert known(text, "app.js") == types


def test_what_a_function_returns() -> None:
    text = "function f(): Promise<A> {}\n/** @returns {B} */\nfunction g() {}"
    types = declared(program({"app.ts": text}))
    assert types.returned_by("app.ts", 0) == ReceiverType(name="A", origin="declared")
    assert types.returned_by("app.ts", text.index("function g")) == ReceiverType(
        name="B", origin="declared"
    )


def test_the_first_who_knows_is_believed() -> None:
    first = GivenTypes({("a.js", 1): "A"}, {("a.js", 9): "R"}, origin="declared")
    second = GivenTypes({("a.js", 1): "B", ("a.js", 2): "C"})
    both = FirstOf(NoTypes(), first, second)
    assert both.type_of("a.js", 1) == ReceiverType(name="A", origin="declared")
    assert both.type_of("a.js", 2) == ReceiverType(name="C", origin="inferred")
    assert both.type_of("a.js", 3) is None
    assert both.returned_by("a.js", 9) == ReceiverType(name="R", origin="declared")
    assert both.returned_by("b.js", 9) is None
