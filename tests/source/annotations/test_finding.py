import pytest

from tidemill.source.annotations.finding import can_be_typed, sites_of
from tidemill.source.annotations.site import TypeSite
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse


def sites(text: str, language: str = "typescript") -> tuple[TypeSite, ...]:
    return sites_of(parse(text.encode(), LANGUAGES[language]))


def facts(text: str, language: str = "typescript") -> list[tuple[str, str, str | None]]:
    """Kind, name and type of each site."""
    data = text.encode()
    return [
        (site.kind, site.name, site.type.of(data).decode() if site.type else None)
        for site in sites(text, language)
    ]


def test_functions_have_parameters_and_a_result() -> None:
    assert facts("function f(a: number, b?: string, c = 3, ...rest: T[]): void {}") == [
        ("return", "f", "void"),
        ("parameter", "a", "number"),
        ("parameter", "b", "string"),
        ("parameter", "c", None),
        ("parameter", "rest", "T[]"),
    ]


def test_forms_and_values_are_told() -> None:
    found = sites("async function f(a?, b = 1, ...c) {} function* g() {} class C { x?; y = 1 }")
    assert [(site.name, site.form, site.initialised) for site in found] == [
        ("f", "async", False),
        ("a", "optional", False),
        ("b", "plain", True),
        ("c", "rest", False),
        ("g", "generator", False),
        ("x", "optional", False),
        ("y", "plain", True),
    ]


def test_an_annotation_goes_behind_the_question_mark_and_the_parameters() -> None:
    text = "function f(a?) {}"
    by_name = {site.name: site.insert for site in sites(text)}
    assert by_name == {"a": text.index("?") + 1, "f": text.index(")") + 1}


def test_a_sole_parameter_must_be_enclosed_to_be_annotated() -> None:
    text = "const f = x => x"
    parameter, result = [site for site in sites(text) if site.kind != "variable"]
    assert parameter.enclose is not None
    assert parameter.enclose.of(text.encode()) == b"x"
    assert (result.kind, result.name, result.enclose) == ("return", "", parameter.enclose)


def test_methods_accessors_and_constructors() -> None:
    text = """
    class C<T> {
      private x: Map<string, T>;
      #y = 3;
      constructor(readonly a: string) {}
      get v(): T { return 1 as any }
      set v(b: T) {}
      async m(this: C<T>, { p }: { p: number }, cb: () => void): Promise<T> { throw 1 }
      abstract n(q: number): void;
    }
    """
    assert facts(text) == [
        ("field", "x", "Map<string, T>"),
        ("field", "#y", None),
        ("parameter", "a", "string"),
        ("return", "v", "T"),
        ("parameter", "b", "T"),
        ("return", "m", "Promise<T>"),
        ("parameter", "cb", "() => void"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "for (const a of b) {}",
        "try {} catch (e) {}",
        "const { a, b } = c",
        "declare const a: number",
        "declare function f(a: number): void",
        "interface I { f(a: number): void; x: string }",
        "function f(a: string): number;",
    ],
)
def test_what_cannot_be_annotated_or_has_no_body_is_no_site(text: str) -> None:
    assert sites(text) == ()


def test_what_narrows_a_type_is_no_type() -> None:
    text = "function f(x: unknown): x is A { return true }\nfunction g(x: unknown): asserts x {}"
    assert [kind for kind, _, _ in facts(text)] == ["parameter", "parameter"]


def test_variables_of_statements_and_of_loops_that_count() -> None:
    assert facts("let a: A | null = null, b; for (let i: number = 0;;) {}") == [
        ("variable", "a", "A | null"),
        ("variable", "b", None),
        ("variable", "i", "number"),
    ]


def test_javascript_has_sites_too() -> None:
    text = "class C { x = 1; m(a, b = 2, ...c) {} }\nconst f = (d) => d"
    assert [(kind, name) for kind, name, _ in facts(text, "javascript")] == [
        ("field", "x"),
        ("return", "m"),
        ("parameter", "a"),
        ("parameter", "b"),
        ("parameter", "c"),
        ("variable", "f"),
        ("parameter", "d"),
        ("return", ""),
    ]


def test_the_result_of_a_nameless_function_stands_where_its_parameters_end() -> None:
    text = "run((a, b) => a)"
    result = next(site for site in sites(text) if site.kind == "return")
    assert text[result.place.start : result.place.end] == ")"
    assert result.insert == result.place.end
    assert result.function == text.index("(a, b)")


def test_names_beyond_ascii_and_damage_are_read() -> None:
    found = facts("const größe: number = 1; function f(über: string) {} class {{{ let ")
    assert ("variable", "größe", "number") in found
    assert ("parameter", "über", "string") in found


def test_other_languages_have_none() -> None:
    assert not can_be_typed("python")
    assert sites("def f(a: int): pass", "python") == ()


def test_files_that_are_parsed_with_a_time_limit_have_names_too() -> None:
    tree = parse(b"let a: number = 1", LANGUAGES["typescript"], seconds=5)
    assert [site.name for site in sites_of(tree)] == ["a"]
