"""The published format of inputs and answers, and what holds for windows of any file."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models.typed.small import document, tokenizer, tokens, vocabulary
from tidemill.models.typed.document import Document, Mark
from tidemill.models.typed.prompt import Prompter
from tidemill.models.typed.vocabulary import PREAMBLE
from tidemill.models.typed.windows import WINDOW, Window, answer_of, windows_of

WORDS = st.sampled_from(["a", "(", ")", "reeds", "Größe", "名前", '"a_b"', "x9", "w" * 40])
MARK_TOKENS = 2


@st.composite
def documents(draw: st.DrawFn, most_marks: int = 30) -> Document:
    """Words of which each may have several sites."""
    words = draw(st.lists(WORDS, max_size=60))
    counts = [draw(st.sampled_from([0, 0, 1, 2, most_marks])) for _ in words]
    places = [place for place, count in enumerate(counts) for _ in range(min(count, most_marks))]
    marks = [Mark(word=word, site=3 * number) for number, word in enumerate(places)]
    return Document(words=words, starts=[*range(len(words))], marks=marks)


def shown(words: Document, window: Window) -> tuple[int, ...]:
    """What a window should hold, word by word."""
    ids: list[int] = []
    for place in range(window.first, window.last):
        ids += tokens([words.words[place]])
        for number, mark in enumerate(words.marks):
            if mark.word == place:
                ids += tokens(f": <extra_id_{number % 100}>")
    return tuple(ids)


@pytest.mark.claim("tidal.model.windows")
def test_an_input_is_the_one_that_was_published() -> None:
    # create_dataset of the published code, as section 2 of the note on the paper tells it.
    asked = document("function add(a, b) { return a + b }")
    (window,) = windows_of(asked, vocabulary())
    (ids,) = [Prompter(vocabulary(), most_tokens=512, facts=0).input(window, asked, ["Pond"])]
    body = "function add : <extra_id_0> ( a : <extra_id_1> , b : <extra_id_2> ) { return a + b }"
    assert ids == (1, *tokens("Infer types for Javascript : " + body), 2)


@pytest.mark.claim("tidal.model.windows")
def test_a_long_file_is_cut_into_windows_of_500_tokens() -> None:
    asked = document("".join(f"let v{number} = a + {number};\n" for number in range(300)))
    windows = [*windows_of(asked, vocabulary())]
    assert WINDOW == 500
    assert len(windows) > 3
    assert all(480 < len(window.ids) <= 500 for window in windows[:-1])
    read = Prompter(vocabulary(), most_tokens=600, facts=0)
    for window in windows:
        ids = read.input(window, asked, [])
        assert len(ids) == len(window.ids) + len(vocabulary().preamble) + 2


@pytest.mark.claim("tidal.model.windows")
def test_an_answer_is_the_one_that_was_published() -> None:
    asked = document("function add(a, b) { return a + b }")
    (window,) = windows_of(asked, vocabulary())
    answer = answer_of(window, [["number"], ["string", "[", "]"], ["Pond"]], vocabulary())
    lines = "<extra_id_0> number \n <extra_id_1> string [ ] \n <extra_id_2> Pond \n"
    assert answer == tokens(lines)


@pytest.mark.claim("tidal.model.windows")
def test_a_window_without_sentinels_is_answered_by_a_negative() -> None:
    (window,) = windows_of(document("a + b", []), vocabulary())
    assert window.marks == ()
    assert answer_of(window, [], vocabulary()) == tokens("No types inferred .")


@pytest.mark.claim("tidal.model.windows")
def test_special_tokens_have_the_published_ids() -> None:
    known = vocabulary()
    assert (known.pad, known.bos, known.eos) == (0, 1, 2)
    assert PREAMBLE == ("Infer", "types", "for", "Javascript", ":")
    names = json.loads(tokenizer().to_json())["model"]["vocab"]
    assert [names[name] for name in ("<pad>", "<s>", "</s>")] == [0, 1, 2]
    assert [names[f"<extra_id_{number}>"] for number in range(100)] == [*known.sentinels]
    assert len({*known.sentinels}) == 100


@pytest.mark.claim("tidal.model.windows")
def test_sentinels_are_numbered_over_the_file_modulo_100() -> None:
    asked = document("".join(f"let v{number};\n" for number in range(205)))
    windows = [*windows_of(asked, vocabulary(), size=200, most_sites=16)]
    assert len(windows) > 5
    numbers = [sentinel for window in windows for sentinel in window.sentinels]
    assert numbers == [number % 100 for number in range(205)]
    assert windows[1].sentinels[0] == len(windows[0].sentinels)


@pytest.mark.claim("tidal.model.windows")
@given(asked=documents(most_marks=2), size=st.integers(60, 140), most=st.integers(2, 100))
def test_windows_hold_every_word_once_in_order_with_its_sentinels(
    asked: Document, size: int, most: int
) -> None:
    windows = [*windows_of(asked, vocabulary(), size=size, most_sites=most)]
    borders = [0, *(window.last for window in windows)]
    assert [window.first for window in windows] == borders[:-1]
    assert borders[-1] == len(asked.words)
    for window in windows:
        assert window.first < window.last
        assert window.ids == shown(asked, window)


@pytest.mark.claim("tidal.model.windows")
@given(asked=documents(), size=st.integers(4, 140), most=st.integers(1, 100))
def test_every_site_is_asked_about_once_and_no_window_is_too_large(
    asked: Document, size: int, most: int
) -> None:
    windows = [*windows_of(asked, vocabulary(), size=size, most_sites=most)]
    assert [site for window in windows for site in window.marks] == [
        mark.site for mark in asked.marks
    ]
    assert [number for window in windows for number in window.sentinels] == [
        number % 100 for number in range(len(asked.marks))
    ]
    for window in windows:
        assert 0 < len(window.ids) <= size
        assert len(window.marks) == len(window.sentinels) <= most
        assert len({*window.sentinels}) == len(window.sentinels)


@given(asked=documents(most_marks=2), size=st.integers(60, 140))
def test_a_window_ends_only_where_the_next_word_has_no_room(asked: Document, size: int) -> None:
    windows = [*windows_of(asked, vocabulary(), size=size)]
    for window, following in pairwise(windows):
        asked_here = sum(mark.word == following.first for mark in asked.marks)
        word = tokens([asked.words[following.first]])
        assert len(window.ids) + len(word) + MARK_TOKENS * asked_here > size


def test_windows_are_filled_to_the_last_token() -> None:
    assert len(tokens("(")) == 1
    asked = Document(words=["("] * 32, starts=[*range(32)], marks=[Mark(word=9, site=0)])
    lengths = [len(window.ids) for window in windows_of(asked, vocabulary(), size=12)]
    assert lengths == [12, 12, 10]


@pytest.mark.claim("tidal.model.windows")
def test_a_sentinel_stands_in_the_window_of_its_identifier() -> None:
    asked = document("let value")
    name = len(tokens(["value"]))
    before = len(tokens(["let"]))
    # There is room for the name and not for its sentinel.
    first, second = windows_of(asked, vocabulary(), size=before + name + 1)
    assert (first.ids, first.marks) == (tokens(["let"]), ())
    assert (second.ids, second.marks) == (tokens("value : <extra_id_0>"), (0,))


def test_a_word_that_is_too_long_is_cut_and_keeps_its_sentinel() -> None:
    asked = Document(words=["z" * 50, "a"], starts=[0, 51], marks=[Mark(word=0, site=7)])
    first, second = windows_of(asked, vocabulary(), size=10)
    assert first.ids == (*tokens(["z" * 50])[:8], *tokens(": <extra_id_0>"))
    assert (first.marks, second.ids, second.marks) == ((7,), tokens("a"), ())


def test_a_word_with_more_sites_than_a_window_takes_stands_in_several() -> None:
    marks = [Mark(word=0, site=number) for number in range(5)]
    asked = Document(words=["f", "x"], starts=[0, 2], marks=marks)
    windows = [*windows_of(asked, vocabulary(), most_sites=2)]
    assert [window.marks for window in windows] == [(0, 1), (2, 3), (4,)]
    assert windows[0].ids == tokens("f : <extra_id_0> : <extra_id_1>")
    assert windows[2].ids == tokens("f : <extra_id_4> x")


def test_a_file_without_words_has_no_windows() -> None:
    assert [*windows_of(document("// nothing\n"), vocabulary())] == []
