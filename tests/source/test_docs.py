"""Documentation: what it says once its markup is gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.source.docs import clean_comment, clean_docstring, first_paragraph
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.source.tables import DocStyle
from tidemill.source.units import units_of

BLOCK = DocStyle(blocks=("/**",))
HASH = DocStyle(lines=("#",), directives=("# rubocop",))


def doc_of(code: str, language: str) -> str:
    return units_of(parse(code.encode(), LANGUAGES[language]))[0].doc


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        ('"""One line."""', "One line."),
        ("r'raw \\d'", "raw \\d"),
        ('"""\n    First.\n\n      Indented.\n    Last.\n    """', "First.\n\n  Indented.\nLast."),
        ('"""First.\n\tTab.\n    """', "First.\nTab."),
        ('"""unterminated', "unterminated"),
        ('b"bytes"', ""),
        ('f"{x}"', ""),
        ('""', ""),
    ],
)
def test_docstrings(literal: str, text: str) -> None:
    assert clean_docstring(literal) == text


@pytest.mark.parametrize(
    ("comment", "text"),
    [
        ("/** One. */", "One."),
        ("/**\n * First.\n *   code\n *\n * @return x\n */", "First.\n  code\n\n@return x"),
        ("/**\n   No stars.\n   Again.\n */", "No stars.\nAgain."),
        ("/**/", ""),
        ("/***/", ""),
        ("/** a * b */", "a * b"),
        ("/** unterminated", "unterminated"),
        ("/*! Doxygen. */", "Doxygen."),
        ("/**\r\n * CRLF.\r\n */", "CRLF."),
    ],
)
def test_block_comments(comment: str, text: str) -> None:
    assert clean_comment([comment], BLOCK) == text


def test_line_comments_lose_marks_and_directives() -> None:
    lines = ["# Add.", "#", "#   code", "# rubocop:disable X", "# @param a it"]
    assert clean_comment(lines, HASH) == "Add.\n\n  code\n\n@param a it"


def test_only_what_stands_directly_above_is_documentation() -> None:
    assert doc_of("/** a */\n\nfunction f() {}", "javascript") == ""
    assert doc_of("/** a */\nfunction f() {}", "javascript") == "a"
    assert doc_of("/* a */\nfunction f() {}", "javascript") == ""
    assert doc_of("int x; // a\nint f() {}", "cpp") == ""
    assert doc_of("// a\n\n// b\nint f() {}", "cpp") == "b"
    assert doc_of("x = 1 # a\ndef f; end", "ruby") == ""


def test_documentation_stands_above_decorators_and_modifiers() -> None:
    assert doc_of("class A {\n/** a */\n@x\npublic void f() {}}", "java") == "a"
    assert doc_of("/** a */\nexport const f = () => 1", "javascript") == "a"
    assert doc_of("/// a\ntemplate <class T>\nvoid f() {}", "cpp") == "a"


def test_strings_that_are_no_docstrings() -> None:
    assert doc_of("def f():\n    x = 'a'\n", "python") == ""
    assert doc_of("def f():\n    # c\n    'a'\n", "python") == "a"
    assert doc_of("def f():\n    pass\n    'a'\n", "python") == ""
    assert doc_of("def f():\n    f'a'\n", "python") == ""


def test_xml_documentation_is_read_as_text() -> None:
    code = (
        'class A {\n/// <summary>\n/// See <see cref="B"/>.\n/// </summary>\n'
        "/// <returns>It.</returns>\nint F() { return 1; } }"
    )
    assert doc_of(code, "csharp") == "See B.\n\n@returns It."


@pytest.mark.parametrize(
    ("doc", "paragraph"),
    [
        ("One\ntwo.\n\nThree.", "One two."),
        ("One.\n@param x it", "One."),
        ("@param x it", ""),
        ("One.\n:param x: it", "One."),
        ("", ""),
        ("\n\n  One.", "One."),
    ],
)
def test_first_paragraph(doc: str, paragraph: str) -> None:
    assert first_paragraph(doc) == paragraph


@given(text=st.text(max_size=200), opener=st.sampled_from(["/**", "/*", "//", "#", "=begin", ""]))
def test_no_comment_raises(text: str, opener: str) -> None:
    for language in LANGUAGES.values():
        cleaned = clean_comment([opener + text], language.units.docs)
        assert first_paragraph(cleaned).count("\n") == 0
    assert clean_docstring(opener + text) is not None


@pytest.mark.parametrize(
    "unit", ["{@a", "<p", '<param name="', "*", "\n * ", " ", "\n", "a", "@a "]
)
def test_no_repetition_makes_the_work_grow_faster_than_the_text(unit: str) -> None:
    """Three hundred thousand repetitions end at all; a quadratic pattern would not."""
    for name in ("java", "csharp", "go"):
        text = clean_comment(["/**" + unit * 300_000], LANGUAGES[name].units.docs)
        assert len(text) <= 4 * len(unit) * 300_000
    assert clean_comment(["/**{@" + "a" * 300_000], LANGUAGES["java"].units.docs)
