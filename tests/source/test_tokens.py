"""Terms: how identifiers and words are split."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.source import tokens
from tidemill.source.tokens import MAX_TERM_CHARACTERS, terms


@pytest.mark.claim("house.source.tokens")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HTTPServer", "httpserver http server"),
        ("utf8", "utf8 utf 8"),
        ("parseHTTPServer_v2", "parsehttpserver_v2 parse http server v 2"),
        ("snake_case", "snake_case snake case"),
        ("__init__", "__init__ init"),
        ("Foo", "foo"),
        ("foo", "foo"),
        ("FOO_BAR", "foo_bar foo bar"),
        ("x.y->z", "x y z"),
        ("ÜberStraße", "überstraße über straße"),
        ("naïveCafé2", "naïvecafé2 naïve café 2"),
        ("日本語", "日本語 日本 本語"),
        ("中文注释", "中文注释 中文 文注 注释"),
        ("v2版_parse解析", "v2版_parse解析 v 2 版 parse 解析"),
        ("ひらがな読み", "ひらがな読み ひら らが がな な読 読み"),
        ("cafe\u0301", "cafe\u0301"),
        ("_ __ ___", ""),
        ("// opens the file", "opens the file"),
        ("", ""),
    ],
)
def test_terms(text: str, expected: str) -> None:
    assert terms(text) == expected.split()


def test_encoded_data_gives_no_terms() -> None:
    assert terms("a " + "Ab" * MAX_TERM_CHARACTERS + " b") == ["a", "b"]


@given(st.text())
def test_terms_are_lower_case_words_of_the_text(text: str) -> None:
    whole = text.lower()
    for term in terms(text):
        assert term
        assert term == term.lower()
        assert term in whole


@given(st.lists(st.text(string.ascii_letters + "éÜ9_", min_size=1, max_size=12)))
def test_a_text_has_the_terms_of_its_words(words: list[str]) -> None:
    assert terms(" ".join(words)) == [term for word in words for term in terms(word)]


@given(st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=20))
def test_both_ways_of_splitting_agree_on_ascii(word: str) -> None:
    assert tokens.ASCII_PART.findall(word) == tokens._unicode_parts(word)  # noqa: SLF001


@pytest.mark.claim("house.source.tokens")
@given(st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=20))
def test_parts_join_to_the_word(word: str) -> None:
    found = terms(word)
    if len(found) > 1:
        assert found[0] == word.lower()
        assert "".join(found[1:]) == word.lower().replace("_", "")


@pytest.mark.parametrize("unit", ["A", "aA", "a_", "é", "9a", "_", "a ", "\u0301"])
def test_no_repetition_makes_the_work_grow_faster_than_the_text(unit: str) -> None:
    """Four hundred thousand characters end at all; a quadratic splitter would not."""
    assert len(terms(unit * 400_000)) <= 400_000
