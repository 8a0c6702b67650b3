"""Normal forms: what a copier may change without changing them, and what not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.source.samples import SAMPLES
from tests.tasks.clones.golden import GOLDEN, Golden
from tidemill.source.alphabet import ROLES
from tidemill.source.language import LANGUAGES
from tidemill.source.normalised import NEAR, NormalForm, Normaliser
from tidemill.source.parsing import grammar_of, parse, parse_fragment
from tidemill.source.units import units_of

each_language = pytest.mark.parametrize("name", GOLDEN)


def forms(code: str, language: str = "python") -> list[NormalForm]:
    tree = parse(code.encode(), LANGUAGES[language], seconds=10)
    units = units_of(tree)
    normaliser = Normaliser(tree, units)
    return [normaliser.form(unit) for unit in units if unit.kind != "module"]


def form(code: str, language: str = "python") -> NormalForm:
    return forms(code, language)[0]


def written(code: str, language: str = "python") -> str:
    """The codes as one can read them: n for names, 0 for numbers, s for strings."""
    signs = {"\x001": "n", "\x002": "0", "\x003": "s", "\n": ";"}
    return " ".join(
        signs.get(one[:2], "") + one[2:] if one[0] == "\0" else signs.get(one, one)
        for one in form(code, language).codes
    )


@each_language
def test_type_1_keeps_everything(name: str) -> None:
    golden = GOLDEN[name]
    first, second = form(golden.original, name), form(golden.reformatted, name)
    assert golden.original != golden.reformatted
    assert first == second
    assert first.tokens >= 50


@each_language
def test_type_2_keeps_all_but_the_tokens(name: str) -> None:
    golden = GOLDEN[name]
    first, second = form(golden.original, name), form(golden.renamed, name)
    assert first.exact != second.exact
    assert (first.renamed, first.codes) == (second.renamed, second.codes)


@each_language
@pytest.mark.parametrize("variant", ["confused", "edited", "other"])
def test_everything_else_changes_the_codes(name: str, variant: str) -> None:
    golden: Golden = GOLDEN[name]
    first, second = form(golden.original, name), form(getattr(golden, variant), name)
    assert first.exact != second.exact
    assert first.renamed != second.renamed
    assert first.codes != second.codes


def test_codes_by_hand() -> None:
    code = "def f(a, b=1):\n    a = a + b  # sum\n    return g(a, 'x', 1, 2)\n"
    assert written(code) == "def n ( n , n = 0 ) : n1 = n0 + n1 ; return n ( n2 , s , 00 , 0 )"


def test_the_function_itself_is_a_name_like_others() -> None:
    assert (
        form("def f(n):\n    return f(n)\n").renamed == form("def g(n):\n    return g(n)\n").renamed
    )
    assert (
        form("def f(n):\n    return f(n)\n").renamed != form("def f(n):\n    return g(n)\n").renamed
    )


@pytest.mark.parametrize(
    ("language", "left", "right"),
    [
        (
            "python",
            "def f(a):\n    if a:\n        b()\n    c()\n",
            "def f(a):\n    if a:\n        b()\n        c()\n",
        ),
        ("python", "def f(a):\n    x = a\n    -b\n", "def f(a):\n    x = a - b\n"),
        ("python", "def f(a):\n    return f'{a:.2f}'\n", "def f(a):\n    return f'{a:.3f}'\n"),
        ("javascript", "function f() { return\n x }", "function f() { return x }"),
        ("ruby", "def f\n  g\n  -x\nend", "def f\n  g - x\nend"),
        ("go", "package p\nfunc f() { g()\n (h) }", "package p\nfunc f() { g()(h) }"),
    ],
)
def test_equal_tokens_of_another_meaning_are_not_equal(
    language: str, left: str, right: str
) -> None:
    assert form(left, language).exact != form(right, language).exact


@pytest.mark.parametrize(
    ("language", "left", "right"),
    [
        ("python", 'def f(a):\n    """Doc."""\n    return a\n', "def f(a):\n    return a\n"),
        (
            "python",
            "def f(a):\n    # x\n    return a\n",
            "def f(a):\n    return \\\n a\n",
        ),
        (
            "java",
            "class A { /** Doc. */ int f() { return 1; } }",
            "class A { int f() { return /* one */ 1; } }",
        ),
        (
            "go",
            "package p\nfunc f() { g()\n\n h() }",
            "package p\nfunc f() {\n\tg() // x\n\th()\n}",
        ),
        ("ruby", "def f\n  g\n\n  h # x\nend", "def f\n  g\n  h\nend"),
        ("javascript", "function f() {\n  g()\n  h() // x\n}", "function f() { g()\nh() }"),
    ],
)
def test_comments_docs_and_layout_do_not_count(language: str, left: str, right: str) -> None:
    assert form(left, language) == form(right, language)


def test_where_a_function_stands_does_not_count() -> None:
    body = "def f(a):\n    if a:\n        return a\n"
    nested = body.replace("\n", "\n        ").rstrip()
    inner = f"class A:\n    def g(self):\n        {nested}\n"
    assert forms(inner)[1] == form(body)


def test_fragments_have_the_form_they_have_in_their_file() -> None:
    method = "int f(int a) { return a + 1; }"
    tree = parse_fragment(method.encode(), LANGUAGES["java"])
    units = units_of(tree)
    assert Normaliser(tree, units).form(units[0]) == form(f"class A {{ {method} }}", "java")


@given(st.permutations(["alpha", "beta", "gamma", "delta", "eta", "theta"]))
def test_any_one_to_one_renaming_keeps_the_codes(names: list[str]) -> None:
    code = "def f(a, b):\n    for c in a:\n        d = c.e(b, d)\n    return b, d\n"
    mapping = dict(zip("abcdef", names, strict=True))
    renamed = re.sub(r"\b[a-f]\b", lambda word: mapping[word[0]], code)
    assert form(renamed).renamed == form(code).renamed
    assert form(renamed).codes == form(code).codes


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=40))
def test_codes_tell_names_apart_exactly(names: list[str]) -> None:
    # Two sequences of names are renamings of each other if, and only if, their first
    # occurrences are numbered alike.
    other = [chr(ord("a") + (ord(name) - ord("a") + 2) % 5) for name in names]
    merged = ["a" if name == "b" else name for name in names]
    numbered = [list(dict.fromkeys(names)).index(name) for name in names]
    as_merged = [list(dict.fromkeys(merged)).index(name) for name in merged]

    def renamed(words: list[str]) -> str:
        return form(f"def f():\n    return [{', '.join(words)}]\n").renamed

    assert renamed(names) == renamed(other)
    assert (renamed(names) == renamed(merged)) == (numbered == as_merged)


def test_names_from_far_away_are_told_apart() -> None:
    names = [f"x{number}" for number in range(3 * NEAR)]
    calls = ", ".join(names)
    same = form(f"def f():\n    return [{calls}, x0, x1]\n")
    swapped = form(f"def f():\n    return [{calls}, x1, x0]\n")
    repeated = form(f"def f():\n    return [{calls}, x0, x0]\n")
    assert len({same.renamed, swapped.renamed, repeated.renamed}) == 3


def test_ten_thousand_names_take_no_time_that_grows_with_them() -> None:
    names = ", ".join(f"x{number}" for number in range(20_000))
    assert form(f"def f():\n    return [{names}, {names}]\n").tokens > 80_000


@given(st.text(alphabet="def f(a):\n    \"'{}#\\x\té", max_size=80))
def test_any_text_has_forms(text: str) -> None:
    for one in forms(f"def f(a):\n    return a\n{text}"):
        assert one.tokens >= 1
        assert all(one.codes)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_leaf_of_the_samples_is_a_word_a_name_or_a_value(name: str) -> None:
    for one in forms(SAMPLES[name].code, name):
        plain = {code for code in one.codes if code[0] != "\0"}
        assert not [code for code in plain if code[0] in "\"'" and len(code) > 3]
        assert not [code for code in plain if re.fullmatch(r"\d+", code)]


def test_every_kind_of_the_table_is_in_a_grammar() -> None:
    known = {
        grammar.node_kind_for_id(kind)
        for language in LANGUAGES.values()
        for grammar in [grammar_of(language)]
        for kind in range(grammar.node_kind_count)
    }
    assert set(ROLES) <= known
