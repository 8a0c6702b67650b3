"""Types for the objects of slices that another program made."""

from dataclasses import replace

import pytest

from tests.tasks.types.table import Table
from tidemill.source.lines import Position
from tidemill.source.slices.usage import Definition, MethodSlice, ProgramSlice, UsageSlice
from tidemill.tasks.types.sliced import ObjectType, object_types


def usage(name: str, at: Position | None = None) -> UsageSlice:
    return UsageSlice(target=Definition(label="LOCAL", name=name, at=at), defined_by=None)


def method(source: str, *objects: UsageSlice, file: str = "app.ts") -> MethodSlice:
    return MethodSlice(full_name=f"{file}::program:f", file=file, slices=objects, source=source)


def asked(source: Table, *methods: MethodSlice) -> dict[str, ObjectType]:
    return {one.target: one for one in object_types(ProgramSlice(methods=methods), source)}


@pytest.mark.claim("tidal.model.positions")
def test_a_name_inside_another_word_is_not_the_variable() -> None:
    source = Table({"res": "Response", "result": "number", "address": "string"})
    code = "function f(address, res) { const result = res.send(address); }"
    found = asked(source, method(code, usage("res")))
    assert found["res"].types == (("Response", 0.9),)
    (question,) = source.asked
    assert [question.sites[place].name for place in question.wanted] == ["res"]
    start = question.sites[question.wanted[0]].place.start
    assert question.tree.text[start:].startswith(b"res)")


@pytest.mark.claim("tidal.model.positions")
def test_answers_are_at_the_line_and_column_of_the_slice() -> None:
    objects = (usage("a", Position(line=7, column=3)), usage("b"))
    found = asked(Table({"a": "A", "b": "B"}), method("function f(a, b) {}", *objects))
    assert found["a"].at == Position(line=7, column=3)
    assert found["b"].at is None


def test_of_a_name_that_is_declared_again_the_outermost_is_meant() -> None:
    code = "function f(x: number, y) { return (y) => { let y; } }"
    source = Table({"y": "Y"})
    found = asked(source, method(code, usage("y")))
    assert set(found) == {"y"}
    (question,) = source.asked
    (place,) = question.wanted
    assert question.sites[place].place.start == code.index("y)") + question.tree.text.index(b"func")


def test_of_several_of_one_name_the_one_in_the_line_of_the_slice_is_meant() -> None:
    code = """\
function f(run) {
  { const x = 1; }
  { const x = make(); x.go(); }
}"""
    at = Position(line=12, column=11)
    own = replace(method(code, usage("x", at)), at=Position(line=10, column=1))
    source = Table({"x": "X"})
    assert asked(source, own)["x"].at == at
    (question,) = source.asked
    (place,) = question.wanted
    assert question.tree.text[question.sites[place].place.start :].startswith(b"x = make")


def test_of_several_of_one_name_in_a_line_each_slice_means_the_next() -> None:
    code = "function f(x) { return (x: number) => (x) => x; }"
    objects = tuple(usage("x", Position(line=4, column=one)) for one in (11, 24, 38))
    own = replace(method(code, *objects), at=Position(line=4, column=0))
    source = Table({"x": "X"})
    found = object_types(ProgramSlice(methods=(own,)), source)
    assert [one.at for one in found] == [objects[0].target.at, objects[2].target.at]
    (question,) = source.asked
    assert [question.sites[place].type for place in question.wanted] == [None, None]


def test_what_is_given_anew_takes_no_namesakes_place() -> None:
    code = "function f() {\n  let x = one();\n  x = two();\n  return (x) => x.go();\n}"
    objects = tuple(usage("x", Position(line=line, column=3)) for line in (2, 3, 4))
    own = replace(method(code, *objects), at=Position(line=1, column=0))
    found = object_types(ProgramSlice(methods=(own,)), Table({"x": "X"}))
    assert [one.at for one in found] == [objects[0].target.at, objects[2].target.at]


def test_lines_count_from_the_method_whatever_it_is_parsed_in() -> None:
    code = """\
async run(next) {
  { const x = 1; }
  const x = make();
}"""
    own = replace(
        method(code, usage("x", Position(line=5, column=9))), at=Position(line=3, column=3)
    )
    source = Table({"x": "X"})
    assert asked(source, own)
    (question,) = source.asked
    (place,) = question.wanted
    assert question.tree.text[question.sites[place].place.start :].startswith(b"x = make")


def test_a_typed_object_is_not_mistaken_for_one_that_hides_it() -> None:
    code = "function f(x: Foo) { x.run(); list.map((x) => x + 1); }"
    source = Table({"x": "X"})
    assert not asked(source, method(code, usage("x")))
    assert source.asked == []


def test_what_has_a_type_or_is_no_object_is_not_asked_about() -> None:
    source = Table({"x": "X", "y": "Y", "z": "Z"})
    assert not asked(source, method("function f(x: number, y) {}", usage("x"), usage("z")))
    assert source.asked == []


@pytest.mark.parametrize("code", ["", "   \n", "}{ x", "return"])
def test_methods_without_a_source_that_can_be_read_have_no_answer(code: str) -> None:
    assert not asked(Table({"x": "X"}), method(code, usage("x")))


def test_a_method_of_a_class_is_read_as_one() -> None:
    found = asked(Table({"next": "Next"}), method("async run(next) { next.go(); }", usage("next")))
    assert set(found) == {"next"}


def test_types_are_names_and_forms_of_one_name_add_up() -> None:
    source = Table({"x": ["number[]", "Array<string>", "Map<string, X>", "(a: A) => B"]})
    found = asked(source, method("function f(x) {}", usage("x")))
    assert [name for name, _ in found["x"].types] == ["Array", "Map", "Function"]
    assert [sure for _, sure in found["x"].types] == pytest.approx([1.0, 0.7, 0.6])


@pytest.mark.parametrize("text", ["any", "unknown", "object", "void", "'a' | 3", "null"])
def test_types_that_say_nothing_are_not_said(text: str) -> None:
    assert not asked(Table({"x": text}), method("function f(x) {}", usage("x")))


def test_files_of_other_languages_are_read_as_typescript() -> None:
    found = asked(Table({"x": "X"}), method("function f(x) {}", usage("x"), file="app.vue"))
    assert set(found) == {"x"}
