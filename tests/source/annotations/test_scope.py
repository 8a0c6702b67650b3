from tidemill.source.annotations.scope import TypeName, qualified_names_of, type_names_of
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse


def names(text: str, language: str = "typescript") -> dict[str, TypeName]:
    tree = parse(text.encode(), LANGUAGES[language])
    return {name.name: name for name in type_names_of(tree)}


def test_declarations_and_their_type_arguments() -> None:
    found = names(
        "class A<T> {} interface B {} type C<K, V = K> = K; enum D { X } abstract class E {}"
    )
    assert {name: (one.kind, one.least, one.most) for name, one in found.items()} == {
        "A": ("class", 1, 1),
        "T": ("parameter", 0, 0),
        "B": ("interface", 0, 0),
        "C": ("alias", 1, 2),
        "K": ("parameter", 0, 0),
        "V": ("parameter", 0, 0),
        "D": ("enum", 0, 0),
        "E": ("class", 0, 0),
    }


def test_imports_say_where_they_come_from() -> None:
    found = names("import d, { A, B as C } from './x';\nimport type * as ns from \"y\";")
    assert {name: (one.kind, one.module, one.imported) for name, one in found.items()} == {
        "d": ("import", "./x", "default"),
        "A": ("import", "./x", "A"),
        "C": ("import", "./x", "B"),
        "ns": ("namespace", "y", "*"),
    }
    assert found["A"].most is None


def test_parameters_and_inner_types_can_be_said_in_a_part_of_the_file() -> None:
    text = "function f<T>(a: T) { class Inner {} }\nlet b"
    found = names(text)
    end = text.index("\n")
    assert (found["T"].scope.start, found["T"].scope.end) == (0, end)
    assert found["Inner"].scope.end == end
    assert found["Inner"].scope.start == text.index("{ class")


def test_javascript_has_classes_and_imports() -> None:
    assert set(names("import { A } from 'a'; class B {}", "javascript")) == {"A", "B"}


def test_other_languages_have_none() -> None:
    assert names("class A: pass", "python") == {}


def test_what_is_taken_from_modules_that_are_imported_whole() -> None:
    text = """
    import * as ts from 'typescript';
    import { other } from 'x';
    class A extends ts.Base implements ts . Shape<T> {}
    const b = ts.SyntaxKind.Block, c = ts.create(), d = other.Thing, e = ns.Thing;
    """
    tree = parse(text.encode(), LANGUAGES["typescript"])
    found = qualified_names_of(tree, type_names_of(tree))
    assert [(name.name, name.module, name.imported, name.most) for name in found] == [
        ("ts.Base", "typescript", "Base", None),
        ("ts.Shape", "typescript", "Shape", None),
        ("ts.SyntaxKind", "typescript", "SyntaxKind", None),
    ]
