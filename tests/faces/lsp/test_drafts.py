import re

from hypothesis import given
from hypothesis import strategies as st

from tidemill.faces.lsp.drafts import Draft
from tidemill.faces.lsp.positions import ENCODINGS, Encoding, Place, Positions

TEXTS = st.text("aä数😀\u2028\x0c\r\n", max_size=30).map(str.encode)
PLACES = st.tuples(st.integers(-1, 8), st.integers(-1, 12))
UNITS: dict[str, tuple[str, int]] = {
    "utf-8": ("utf-8", 1),
    "utf-16": ("utf-16-le", 2),
    "utf-32": ("utf-32-le", 4),
}


def offset(text: bytes, place: Place, encoding: Encoding) -> int:
    """The byte at a place, found character by character."""
    line, column = max(place[0], 0), max(place[1], 0)
    starts = [0, *(found.end() for found in re.finditer(rb"\r\n|\r|\n", text))]
    if line >= len(starts):
        return len(text)
    codec, width = UNITS[encoding]
    rest = re.split(rb"[\r\n]", text[starts[line] :], maxsplit=1)[0]
    at, units = starts[line], 0
    for letter in rest.decode():
        units += len(letter.encode(codec)) // width
        if units > column:
            break
        at += len(letter.encode())
    return at


@given(TEXTS, PLACES, st.sampled_from(ENCODINGS))
def test_a_spot_is_where_the_place_is(text: bytes, place: Place, encoding: Encoding) -> None:
    draft = Draft(text, encoding)
    assert draft.text == text
    found = offset(text, place, encoding)
    assert draft.offset(draft.spot(place)) == found
    assert Positions(text, encoding).offset(place) == found


@given(
    TEXTS,
    st.lists(st.tuples(PLACES, PLACES, TEXTS, st.booleans()), max_size=12),
    st.sampled_from(ENCODINGS),
)
def test_edits_do_what_they_do_to_a_whole_text(
    text: bytes, edits: list[tuple[Place, Place, bytes, bool]], encoding: Encoding
) -> None:
    draft = Draft(text, encoding)
    for start, end, new, is_asked in edits:
        first, last = sorted((draft.spot(start), draft.spot(end)))
        low, high = sorted((offset(text, start, encoding), offset(text, end, encoding)))
        if is_asked:
            assert (draft.offset(first), draft.offset(last)) == (low, high)
        assert draft.between(first, last) == high - low
        draft.replace(first, last, new)
        text = text[:low] + new + text[high:]
        assert (draft.text, draft.size) == (text, len(text))
