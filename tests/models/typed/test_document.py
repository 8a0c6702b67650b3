"""Files as words, and where their sentinels go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models.typed.small import POND, document
from tidemill.source.annotations.finding import sites_of
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse


def marked(text: str, language: str = "typescript") -> list[str]:
    """The word before each sentinel."""
    found = document(text, language=language)
    return [found.words[mark.word] for mark in found.marks]


def test_comments_and_white_space_leave_no_trace() -> None:
    found = document("// first\nlet a /* b */ =\n\t1;\n")
    assert [*found.words] == ["let", "a", "=", "1", ";"]
    assert [*found.starts] == [9, 13, 23, 26, 27]


def test_sentinels_stand_behind_the_names_of_their_sites() -> None:
    assert marked(POND) == [
        *("depth", "reeds", "reeds", "dive", "singer", "times"),
        # An arrow function without parentheses: its parameter, and its result.
        *("map", "change", "all", "r", "r"),
        *("count", "pond", ")"),
    ]
    found = document(POND)
    sites = sites_of(parse(POND.encode(), LANGUAGES["typescript"]))
    assert [mark.site for mark in found.marks] == [*range(len(sites))]
    assert all(found.starts[mark.word] <= sites[mark.site].place.start for mark in found.marks)


def test_what_is_not_asked_for_has_no_sentinel() -> None:
    found = document("function f(a, b, c) {}", asked=[3, 1])
    assert [(found.words[mark.word], mark.site) for mark in found.marks] == [("a", 1), ("c", 3)]


def test_a_sole_parameter_has_two_sentinels_its_own_first() -> None:
    found = document("x => x")
    assert [(mark.word, mark.site) for mark in found.marks] == [(0, 0), (0, 1)]
    kinds = [site.kind for site in sites_of(parse(b"x => x", LANGUAGES["typescript"]))]
    assert kinds == ["parameter", "return"]


def test_names_beyond_ascii_are_whole_words() -> None:
    text = 'const größe = "😀😀"; function 名前(数) { return größe }'
    assert marked(text) == ["größe", "名前", "数"]
    found = document(text)
    data = text.encode()
    for word, start in zip(found.words, found.starts, strict=True):
        assert data[start:].startswith(word.encode())


def test_long_words_and_literals_are_cut_and_hold_no_white_space() -> None:
    found = document(f'let a = "{"ä" * 500}", b = "c d\\n e", {"n" * 90} = `\n`;')
    assert max(map(len, found.words)) == 60
    assert '"cd\\ne"' in found.words
    assert not any(character.isspace() for word in found.words for character in word)


def test_a_broken_file_has_words_too() -> None:
    found = document("function f(a { let b = ;")
    assert [*found.words][:4] == ["function", "f", "(", "a"]
    assert len(found.words) == len(found.starts)


@pytest.mark.parametrize("language", ["javascript", "tsx"])
def test_other_languages_have_sentinels(language: str) -> None:
    text = "const view = (props) => <b title='x'>{props.name} and more</b>"
    assert marked(text, language) == ["view", "props", ")"]


@given(st.text(max_size=40))
def test_any_text_is_words_in_order(text: str) -> None:
    clean = text.encode("utf-8", "ignore").decode()
    found = document(clean)
    assert [*found.starts] == sorted(found.starts)
    assert all(found.words)
    assert all(0 <= mark.word < len(found.words) for mark in found.marks)
