import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.source.typescript.syntax.wording import MOST_CHARACTERS, read_type, says_any


@pytest.mark.parametrize(
    ("text", "shape", "head", "names"),
    [
        ("string", "predefined_type", "string", []),
        ("Map<string, Foo>", "generic_type", "Map", ["Map", "Foo"]),
        ("ns.Part.Inner", "nested_type_identifier", "ns.Part.Inner", ["ns"]),
        ("(x: Foo) => Bar", "function_type", "", ["Foo", "Bar"]),
        ("{ foo: Foo }", "object_type", "", ["Foo"]),
        ("typeof config", "type_query", "", ["config"]),
        ("<T>(x: T) => T", "function_type", "", []),
        ("{ [K in Keys]: K }", "object_type", "", ["Keys"]),
        ("Record<string, unknown>", "generic_type", "Record", ["Record"]),
        ("  Größe ", "type_identifier", "Größe", ["Größe"]),
    ],
)
def test_a_type_is_read(text: str, shape: str, head: str, names: list[str]) -> None:
    read = read_type(text)
    assert read is not None
    assert (read.shape, read.head, [name for name, _ in read.names]) == (shape, head, names)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "string; rm",
        "string = 1",
        "string, b",
        "(string",
        "string)",
        "string) {} function f(",
        "Foo<Bar>>",
        "string // all of it",
        "string /* and more */",
        "A\nB",
        "A\u2028B",
        "x is string",
        "asserts x",
        "import('./x').T",
        "infer X",
        "this",
        "a".ljust(MOST_CHARACTERS + 1, "a"),
        "x" * 10_000_000,
        "(" * 200 + "x" + ")" * 200,
        "\0",
    ],
)
def test_what_is_no_single_type_is_refused(text: str) -> None:
    assert read_type(text) is None


@pytest.mark.parametrize(
    "text",
    """any;unknown;object;Function;{};Object;any[];Promise<unknown>;A | {};Map<string, any>;
    (x: any) => void;Array<A | unknown>;(object)""".replace("\n    ", "").split(";"),
)
def test_what_says_nothing_is_refused_and_open(text: str) -> None:
    assert read_type(text) is None
    assert says_any(text)


def test_answers_of_a_compiler_are_open_where_any_is_in_them() -> None:
    assert not says_any("string")
    assert not says_any("(company: Company) => void")
    assert says_any("{ x: any; }")
    assert says_any("never[]")
    assert says_any("import('/x').T<any" + " " * MOST_CHARACTERS)
    assert not says_any("{ many: string; }" + " " * MOST_CHARACTERS)


def test_names_are_replaced_where_they_are_looked_up() -> None:
    read = read_type("Map<Foo, { Foo: Foo }>")
    assert read is not None
    assert read.renamed({"Foo": "Bar"}) == "Map<Bar, { Foo: Bar }>"


def test_a_union_has_its_members() -> None:
    read = read_type("(A | B[]) | 'c'")
    assert read is not None
    assert read.parts == ("A", "B[]", "'c'")


@given(st.text(alphabet="ab<>(){}[]|&,;:=?.'\"`/* \n\\$-1", max_size=30))
def test_what_is_read_stays_within_an_annotation(text: str) -> None:
    read = read_type(text)
    if read is not None:
        written = f"let x: {read.text};\nrest();\n".encode()
        tree = parse(written, LANGUAGES["typescript"])
        kinds = [one.type for one in tree.tree.root_node.named_children]
        assert kinds == ["lexical_declaration", "expression_statement"]
