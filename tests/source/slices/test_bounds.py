"""Large, deep and broken texts: nothing raises, nothing recurses, nothing is quadratic.

The suite's own time limit is what would show it; every text here takes some seconds at most.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.source.slices.telling import sliced
from tidemill.core.errors import InputError
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse, parse_fragment
from tidemill.source.slices.assembly import SliceRules
from tidemill.source.slices.extraction import SLICED, usage_slices
from tidemill.source.slices.formats.joern import to_joern
from tidemill.source.slices.formats.places import positioned

MANY = 10_000


def count(code: str, language: str = "typescript") -> int:
    return sum(len(method.slices) for method in sliced(code, language).methods)


@pytest.mark.slow
@pytest.mark.claim("tidal.slices.definition")
@pytest.mark.parametrize(
    ("code", "slices"),
    [
        (
            "function f(q) {"
            + "".join(f"const v{i} = q.m(); v{i}.go();" for i in range(MANY))
            + "}",
            MANY + 1,
        ),
        (
            "function f(q) {"
            + "".join(f"{{ let x{i} = q.m(); x{i}.go();" for i in range(MANY))
            + "x0.end();"
            + "}" * MANY
            + "}",
            MANY + 1,
        ),
        (
            "function f(q) {"
            + "".join(f"{{ var x{i} = q.m();" for i in range(MANY))
            + "}" * MANY
            + "}",
            MANY + 1,
        ),
        ("function f(a) { a.b();" * MANY + "}" * MANY, MANY),
        ("x(" + "a => a.b(" * MANY + ")" * MANY + ")", MANY),
        ("function f(a) {" + "a.b(a);" * 5 * MANY + "}", 1),
        ("function f(" + "{a:" * MANY + "y" + "}" * MANY + ") { y.go(); }", 1),
        ("function f(a) { const x = " + "a ? a : " * MANY + "new C(); x.go(); }", 2),
        ("function f() { let x, y; " + "x = y = " * MANY + "new C(); x.go(); }", 2),
    ],
    ids=[
        "variables",
        "blocks",
        "vars",
        "functions",
        "arrows",
        "uses",
        "pattern",
        "choice",
        "chain",
    ],
)
def test_large_and_deep_texts(code: str, slices: int) -> None:
    assert count(code) == slices


@pytest.mark.slow
@pytest.mark.claim("tidal.slices.definition")
def test_a_minified_megabyte() -> None:
    one = (
        "!function(e,t){{var n=e.get({0}),r=n.x(t);for(var i=0;i<r.length;i++)"
        "r[i].foo(n,function(o){{return o.bar(r)}})}}();"
    )
    code = "".join(one.format(number) for number in range(MANY))
    assert len(code) > 1_000_000
    assert count(code, "javascript") == 5 * MANY


def test_many_arguments_do_not_grow_with_their_square() -> None:
    names = [f"a{number}" for number in range(2_000)]
    code = f"function f({', '.join(names)}) {{ use({', '.join(names)}); }}"
    program = sliced(code)
    assert len(program.methods[0].slices) == 2_000
    last = program.methods[0].slices[-1].argument_calls[0]
    assert last.position == 2_000
    assert len(last.call.parameter_types) == 64


def test_neither_do_names_nor_texts_of_functions_in_functions() -> None:
    depth = 2_000
    code = "function f(a) { a.b();" * depth + "}" * depth
    program = sliced(code, rules=SliceRules(with_source=True))
    names = [method.full_name for method in program.methods]
    assert len(set(names)) == depth
    assert max(map(len, names)) < 1_000
    assert sum(len(method.source) for method in program.methods) <= 8 * len(code)


@given(st.text("(){}[];,.=>`$'\"\n abfnx:?", max_size=60), st.sampled_from(sorted(SLICED)))
def test_any_text_is_sliced_and_can_be_written(code: str, language: str) -> None:
    text = code.encode()
    program = usage_slices(parse(text, LANGUAGES[language]), path="a")
    json.dumps(to_joern(positioned(program, {"a": text})))


@given(st.data())
def test_a_damaged_program_is_sliced(data: st.DataObject) -> None:
    code = (
        "class A { m(a, { b }, ...c) { const x = new B(a); x.go(b); for (const d of c) d.e(x); } }"
    )
    start = data.draw(st.integers(0, len(code)))
    end = data.draw(st.integers(start, len(code)))
    piece = data.draw(st.text("(){}.,;=a", max_size=3))
    sliced(code[:start] + piece + code[end:])


def test_a_fragment_is_sliced_in_its_own_bytes() -> None:
    text = b"m(a) { a.go(); }"
    tree = parse_fragment(text, LANGUAGES["typescript"])
    (method,) = usage_slices(tree).methods
    assert method.span is not None
    assert method.span.of(text) == text
    call = method.slices[0].invoked_calls[0]
    assert call.span is not None
    assert call.span.of(text) == b"a.go()"


def test_other_languages_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="Go is not sliced") as caught:
        usage_slices(parse(b"package p", LANGUAGES["go"]), path="a.go")
    assert caught.value.hint == "sliced are: javascript, typescript, tsx, python"
    assert caught.value.path == "a.go"


def test_all_sliced_languages_have_their_words() -> None:
    for language in SLICED:
        assert count("f(a)\n", language) == 0
