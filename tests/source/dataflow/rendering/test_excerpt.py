from hypothesis import given
from hypothesis import strategies as st

from tidemill.source.dataflow.rendering.excerpt import excerpt_of, runs_of


def test_an_excerpt_is_whole_lines_without_their_common_indentation() -> None:
    data = b"class A:\n    def f(self):\n\n        return 1\n"
    excerpt = excerpt_of(data, data.index(b"def"), len(data))
    assert [(row.number, row.text) for row in excerpt.rows] == [
        (2, "def f(self):"),
        (3, ""),
        (4, "    return 1"),
    ]


def test_places_follow_tabs_and_wide_characters() -> None:
    data = "\tx = '日本' + y".encode()
    excerpt = excerpt_of(data, 0, len(data))
    start = data.index(b"y")
    place = excerpt.place(start, start + 1)
    assert (place.left, place.right) == (13, 14)


def test_controls_become_visible() -> None:
    excerpt = excerpt_of(b"a = '\x1b[31m\x07'", 0, 12)
    assert excerpt.rows[0].text == "a = '\u241b[31m\u2407'"


def test_a_span_of_several_lines_ends_with_its_first() -> None:
    data = b"x = '''a\nb'''"
    place = excerpt_of(data, 0, len(data)).place(4, len(data))
    assert (place.row, place.left, place.right) == (0, 4, 8)


@given(st.text(alphabet="ab\té日\u0301\x01"))
def test_runs_are_the_text_again(text: str) -> None:
    assert "".join(run for _, run in runs_of(text)) == text


@given(st.binary(max_size=60), st.data())
def test_any_bytes_have_a_place(data: bytes, draw: st.DataObject) -> None:
    start = draw.draw(st.integers(0, len(data)))
    end = draw.draw(st.integers(start, len(data)))
    excerpt = excerpt_of(data, 0, len(data))
    place = excerpt.place(start, end)
    assert 0 <= place.row < len(excerpt.rows)
    assert 0 <= place.left < place.right
