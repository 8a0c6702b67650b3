import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.faces.lsp.positions import ENCODINGS, Encoding, Positions, encoded
from tidemill.source.spans import Span

WORDS = st.text("aä数😀\u2028\x0c\r\n\t ", max_size=40)
UNITS = {
    "utf-8": lambda text: len(text.encode()),
    "utf-16": lambda text: len(text.encode("utf-16-le")) // 2,
    "utf-32": len,
}


@given(WORDS, st.sampled_from(ENCODINGS))
def test_a_character_has_one_place_and_a_place_one_character(text: str, encoding: Encoding) -> None:
    positions = Positions(text.encode(), encoding)
    for number in range(len(text) + 1):
        if text[number - 1 : number + 1] == "\r\n":
            continue  # between the two there is no place
        offset = len(text[:number].encode())
        assert positions.offset(positions.place(offset)) == offset


@given(WORDS, st.sampled_from(ENCODINGS))
def test_columns_count_units_behind_the_last_end_of_a_line(text: str, encoding: Encoding) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    end = Positions(text.encode(), encoding).place(len(text.encode()))
    assert end == (len(lines) - 1, UNITS[encoding](lines[-1]))


def test_neither_form_feeds_nor_separators_of_unicode_end_a_line() -> None:
    positions = Positions("a\u2028b\x0cc\x85d\ne".encode())
    assert positions.place(len("a\u2028b\x0cc\x85d\n".encode())) == (1, 0)


@pytest.mark.parametrize(
    ("place", "offset"),
    [((0, 99), 2), ((1, 99), 8), ((9, 0), 8), ((-1, 0), 0), ((0, -5), 0), ((1, 2), 4)],
)
def test_places_outside_are_the_nearest_end(place: tuple[int, int], offset: int) -> None:
    # Line 0 is two bytes and a line feed; line 1 holds a letter and a pair of surrogates, whose
    # middle is no place.
    assert Positions("ab\nc😀".encode()).offset(place) == offset


def test_a_span_has_two_places() -> None:
    assert Positions(b"ab\ncd").range(Span(start=1, end=4)) == ((0, 1), (1, 1))


def test_half_a_pair_of_surrogates_becomes_one_unit() -> None:
    assert encoded("a\ud800b") == b"a?b"
