from hypothesis import given
from hypothesis import strategies as st

from tidemill.tasks.types.edits import Edited, Insertion

inserted = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3), st.binary(max_size=4)))


def edited(text: bytes, rows: list[tuple[int, int, bytes]]) -> Edited:
    return Edited(text, [Insertion(at=at, rank=rank, text=new) for at, rank, new in rows])


def test_insertions_of_one_place_stand_by_rank() -> None:
    new = edited(b"x => x", [(0, 0, b"("), (1, 3, b": B"), (1, 1, b": A"), (1, 2, b")")])
    assert new.text == b"(x: A): B => x"
    assert [span.of(new.text) for span in new.spans()] == [b"(", b": A", b")", b": B"]


@given(st.binary(min_size=20, max_size=20), inserted)
def test_places_are_followed_there_and_back(
    text: bytes, rows: list[tuple[int, int, bytes]]
) -> None:
    new = edited(text, rows)
    assert len(new.text) == len(text) + sum(len(row[2]) for row in rows)
    for place in range(20):
        there = new.moved(place)
        assert new.text[there] == text[place]
        assert new.origin(there) == place


@given(st.binary(min_size=20, max_size=20), inserted)
def test_places_in_insertions_lead_to_where_these_stand(
    text: bytes, rows: list[tuple[int, int, bytes]]
) -> None:
    new = edited(text, rows)
    for one, span in zip(new.insertions, new.spans(), strict=True):
        assert span.of(new.text) == one.text
        assert all(new.origin(place) == one.at for place in range(span.start, span.end))
