"""Input that is deep, wide or broken: nothing raises, nothing recurses, nothing is quadratic.

Each of these texts once took more than ten seconds, or would in a program that
recurses; the suite's own time limit is what would show it.
"""

import pytest

from tidemill.core.errors import ParseTimeoutError
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.source.text import decode
from tidemill.source.units import Unit, units_of

DEEP = 100_000


def units(text: bytes, language: str) -> tuple[Unit, ...]:
    tree = parse(text, LANGUAGES[language])
    found = units_of(tree)
    assert found[-1].end == len(text)
    return found


@pytest.mark.claim("house.source.depth")
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", b"x = " + b"(" * DEEP + b"1" + b")" * DEEP + b"\ndef f(): pass\n"),
        ("python", b"f(" * DEEP + b")" * DEEP + b"\ndef f(): pass\n"),
        ("javascript", b"x = " + b"[" * DEEP + b"]" * DEEP + b"; function f() {}"),
        ("javascript", b"a" + b".b" * DEEP + b" = function() {}"),
        ("cpp", b"void " + b"a::" * DEEP + b"f() {}"),
        ("cpp", b"int " + b"(" * DEEP + b"f" + b")" * DEEP + b"() {}"),
        ("go", b"package p\n" + b"// x\n" * DEEP + b"func f() {}"),
        ("python", b"#\n" * DEEP + b"def f(): pass"),
        ("typescript", b"class A {" + b"@a " * 50_000 + b"f() {} }"),
    ],
)
def test_deep_and_wide_texts_keep_their_units(language: str, text: bytes) -> None:
    assert len(units(text, language)) == 2


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("javascript", b"function f(){" * 60_000 + b"}" * 60_000),
        ("javascript", b"const f = () => {" * 50_000 + b"}" * 50_000),
        ("java", b"class A { void f() {} " * 40_000 + b"}" * 40_000),
        ("php", b"<?php " + b"function f() {" * 50_000 + b"}" * 50_000),
    ],
)
def test_deep_nests_of_units_are_cut_off(language: str, text: bytes) -> None:
    found = units(text, language)
    assert 60 < len(found) < 70


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_file_of_brackets_is_one_error(language: str) -> None:
    text = (b"<?php " if language == "php" else b"") + b"{[(" * 20_000
    tree = parse(text, LANGUAGES[language])
    assert tree.errors
    assert units_of(tree)[-1].end == len(text)


def test_a_shredded_text_is_marked() -> None:
    tree = parse(b"(" * DEEP, LANGUAGES["python"])
    assert tree.shredded
    assert [unit.kind for unit in units_of(tree)] == ["module"]
    assert not parse(b"(" * 100, LANGUAGES["python"]).shredded


def test_a_text_that_parses_slowly_is_stopped() -> None:
    with pytest.raises(ParseTimeoutError):
        parse(b"a<" * DEEP, LANGUAGES["cpp"], seconds=0.2)


def test_one_line_of_900_kilobytes() -> None:
    assert len(units(b"function f(){return 1};" * 39_000, "javascript")) == 39_001
    assert len(units(b"x = '" + b"a" * 900_000 + b"'", "python")) == 1


@pytest.mark.claim("house.index.bad-input")
@pytest.mark.parametrize(
    "raw",
    [
        b"def f():\r\n    '''Doc.\r\n    More.'''\r\n    return 1\r\n",
        b"\xef\xbb\xbfdef f():\n    '''Doc.\n    More.'''\n    return 1\n",
        "def f():\n    '''Doc.\n    More.'''\n    return 'ä'\n".encode("utf-16"),
        "def f():\n    '''Doc.\n    More.'''\n    return 'ä'\n".encode("latin-1"),
    ],
)
def test_encodings_and_line_endings(raw: bytes) -> None:
    text = decode(raw, "a.py").data
    unit = units(text, "python")[0]
    assert unit.doc == "Doc.\nMore."
    assert text[unit.start : unit.end].startswith(b"def f")
    assert unit.signature == "def f()"


@pytest.mark.claim("house.index.bad-input")
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", b"def f():\n    pass\nx = 'open\ndef g():\n    pass\n"),
        ("javascript", b"function f() {}\nx = 'open\nfunction g() {}\n"),
        ("java", b'class A { void f() {} String s = "open; \n void g() {} }'),
        ("c", b'void f() {}\nchar *s = "open;\nvoid g() {}\n'),
    ],
)
def test_an_unterminated_string_is_reported_and_leaves_the_rest(language: str, text: bytes) -> None:
    assert parse(text, LANGUAGES[language]).errors
    assert units(text, language)[0].name == "f"
