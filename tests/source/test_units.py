"""Units: names, spans, headers and nesting beyond the samples."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.source.samples import SAMPLES
from tidemill.core.hashing import content_hash
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.source.units import MAX_NESTING, Unit, units_of


def found(code: str, language: str = "python") -> tuple[Unit, ...]:
    return units_of(parse(code.encode(), LANGUAGES[language]))


def text_of(unit: Unit, code: str) -> str:
    return code.encode()[unit.start : unit.end].decode()


def facts(unit: Unit) -> tuple[object, ...]:
    """Everything about a unit but its places."""
    return (
        unit.kind,
        unit.qualified_name,
        unit.signature,
        unit.doc,
        unit.parent,
        unit.body_hash,
        unit.end - unit.start,
        len(unit.doc_spans),
    )


def assert_nested(units: tuple[Unit, ...]) -> None:
    open_units: list[int] = []
    for place, unit in enumerate(units[:-1]):
        while open_units and units[open_units[-1]].end <= unit.start:
            open_units.pop()
        outer = open_units[-1] if open_units else None
        assert unit.parent == outer
        assert outer is None or unit.end <= units[outer].end
        open_units.append(place)
    starts = [unit.start for unit in units[:-1]]
    assert starts == sorted(starts)


def test_a_span_begins_at_the_first_decorator_and_the_header_does_not() -> None:
    code = "@one\n# why\n@two(1)\ndef f(\n    a,  # first\n    b=2,\n) -> int:\n    pass\n"
    unit = found(code)[0]
    assert text_of(unit, code).startswith("@one")
    assert unit.signature == "def f( a, b=2, ) -> int"


@pytest.mark.parametrize("seconds", [None, 60.0])
def test_only_lambda_and_proc_make_functions_of_blocks_in_ruby(seconds: float | None) -> None:
    text = b"a = lambda do |x|\n x\nend\nb = xs.map { |x| x }\nc = proc { 1 }\nd = foo do\nend\n"
    tree = parse(text, LANGUAGES["ruby"], seconds=seconds)
    assert [unit.name for unit in units_of(tree)] == ["a", "c", "<module>"]


def test_a_span_begins_at_export_and_const() -> None:
    code = "export const f = (a) => a, g = 1;\nexport const h = async () => 1;\nlet k = () => 2\n"
    units = found(code, "javascript")
    assert [text_of(unit, code) for unit in units[:-1]] == [
        "f = (a) => a",
        "export const h = async () => 1",
        "let k = () => 2",
    ]


def test_decorators_of_typescript_belong_to_their_method() -> None:
    code = "class A {\n  @a({ f: function () {} }) @b\n  m() {}\n  n() {}\n}"
    units = found(code, "typescript")
    assert {unit.name: text_of(unit, code)[:2] for unit in units[:-1]} == {
        "f": "f:",
        "m": "@b",
        "n": "n(",
    }


def test_names_that_share_a_statement_do_not_share_a_span() -> None:
    code = "package p\nvar a, b = func() int { return 1 }, func() {}\n"
    first, second, _ = found(code, "go")
    assert text_of(first, code) == "func() int { return 1 }"
    assert text_of(second, code) == "func() {}"
    assert code.encode()[second.name_start :].startswith(b"b =")


def test_an_assigned_name_wins_over_the_function_s_own() -> None:
    units = found("var outer = function inner() {};", "javascript")
    assert [unit.name for unit in units] == ["outer", "<module>"]


def test_file_scoped_namespaces_qualify_what_follows() -> None:
    units = found("namespace A;\nclass B { void M() {} }\n", "csharp")
    assert units[0].qualified_name == "A.B.M"
    code = "<?php\nnamespace A;\nfunction f() {}\nnamespace B\\C;\nfunction g() {}\n"
    assert [unit.qualified_name for unit in found(code, "php")[:-1]] == ["A.f", "B.C.g"]


def test_parents_are_functions_not_classes() -> None:
    code = "def f():\n    class A:\n        def m(self):\n            def g(): pass\n"
    units = found(code)
    assert [(unit.qualified_name, unit.kind, unit.parent) for unit in units] == [
        ("f", "function", None),
        ("f.A.m", "method", 0),
        ("f.A.m.g", "function", 1),
        ("<module>", "module", None),
    ]


def test_the_hash_is_that_of_the_text() -> None:
    code = "x = 1\ndef f():\n    return 1\n"
    unit = found(code)[0]
    assert unit.body_hash == content_hash(b"def f():\n    return 1")


def test_a_long_header_is_cut() -> None:
    unit = found("def f(" + ", ".join(f"argument{n}" for n in range(500)) + "): pass\n")[0]
    assert len(unit.signature) == 300


def test_the_module_has_its_docstring() -> None:
    module = found("#!/usr/bin/env python\n# c\n'''Doc of it.'''\nx = 1\n")[-1]
    assert module.doc == "Doc of it."
    assert found("x = 'no doc'\n")[-1].doc == ""
    assert found("x = 1\n'no doc'\n")[-1].doc == ""


def test_names_past_the_nesting_limit_belong_to_what_holds_them() -> None:
    code = "function f() {" * (MAX_NESTING + 5) + "}" * (MAX_NESTING + 5)
    assert len(found(code, "javascript")) == MAX_NESTING + 1


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("filler", ["\n", "\n\n", "comment"])
def test_what_stands_between_units_changes_spans_only(name: str, filler: str) -> None:
    sample = SAMPLES[name]
    text = f"\n{sample.comment}\n\n" if filler == "comment" else filler
    before = found(sample.code, name)
    outermost = [unit for unit in before[:-1] if unit.parent is None]
    for unit in outermost:
        line = sample.code.encode().rfind(b"\n", 0, min([unit.start, *_doc_starts(unit)])) + 1
        changed = sample.code.encode()[:line].decode() + text + sample.code.encode()[line:].decode()
        after = found(changed, name)
        assert [facts(one) for one in after[:-1]] == [facts(one) for one in before[:-1]]


def _doc_starts(unit: Unit) -> list[int]:
    return [span.start for span in unit.doc_spans]


PIECES = re.compile(r"\w+|\s+|[^\w\s]")


@given(
    name=st.sampled_from(sorted(SAMPLES)),
    holes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=12),
)
def test_units_of_shuffled_code_only_nest(name: str, holes: list[tuple[int, int]]) -> None:
    pieces = PIECES.findall(SAMPLES[name].code)
    for hole in holes:
        left, right = (place % len(pieces) for place in hole)
        pieces[left], pieces[right] = pieces[right], pieces[left]
    code = "".join(pieces)
    units = found(code, name)
    assert_nested(units)
    for unit in units[:-1]:
        assert 0 <= unit.start < unit.end <= len(code.encode())
        assert unit.name
        assert all(0 <= span.start < span.end <= len(code.encode()) for span in unit.doc_spans)
