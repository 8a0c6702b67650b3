import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.source.tokens import terms
from tidemill.tasks.matching import matching_lines

BODY = """\
def parse_iso(text):
    # read the date
    parts = splitISODate(text)
    return parts"""


@pytest.mark.claim("house.search.lines")
def test_the_best_lines_come_in_order_with_their_words_marked() -> None:
    lines = matching_lines(BODY, 10, {"iso": 2.0, "date": 1.5, "parse": 1.0}, terms)
    assert [line.line for line in lines] == [10, 12]
    assert [[line.text[a:b] for a, b in line.spans] for line in lines] == [
        ["parse", "iso"],
        ["ISODate"],
    ]


def test_a_line_is_shown_only_for_what_it_adds() -> None:
    lines = matching_lines("a one\na one\na one two", 1, {"one": 1.0, "two": 1.0}, terms)
    assert [line.line for line in lines] == [3]


def test_without_a_match_the_first_line_that_says_something_is_shown() -> None:
    lines = matching_lines("\n\n  x = 1", 5, {"name": 1.0}, terms)
    assert [(line.line, line.text, line.spans) for line in lines] == [(7, "  x = 1", ())]


def test_spans_count_bytes() -> None:
    line = matching_lines("é = größe_iso", 1, {"iso": 1.0}, terms)[0]
    start, end = line.spans[0]
    assert line.text.encode()[start:end] == b"iso"


@given(st.text(max_size=200), st.lists(st.text(min_size=1, max_size=8), max_size=5))
def test_any_text_gives_one_to_three_lines_with_good_spans(body: str, words: list[str]) -> None:
    weights = {term: 1.0 for word in words for term in terms(word)}
    lines = matching_lines(body, 1, weights, terms)
    assert 1 <= len(lines) <= 3
    for line in lines:
        size = len(line.text.encode("utf-8", "replace"))
        flat = [place for span in line.spans for place in span]
        assert flat == sorted(flat)
        assert all(0 <= place <= size for place in flat)
