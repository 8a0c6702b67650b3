"""Pieces: a text cut without gap, overlap or broken character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.source.pieces import Piece, pieces

TEXTS = st.lists(st.sampled_from(["a", "é", "😀", "\n", "\r\n", " ", "word ", "\n\n"])).map("".join)


def test_a_piece_ends_at_a_blank_line() -> None:
    text = b"1\n2\n3\n\n5\n6\n7\n"
    assert pieces(text, lines=5) == (
        Piece(start=0, end=7, start_line=1),
        Piece(start=7, end=13, start_line=5),
    )


def test_a_paragraph_that_is_too_long_is_cut() -> None:
    found = pieces(b"x\n" * 10, lines=4)
    assert [(piece.start_line, piece.end - piece.start) for piece in found] == [
        (1, 8),
        (5, 8),
        (9, 4),
    ]


def test_nothing_has_no_pieces() -> None:
    assert pieces(b"") == ()


def test_one_huge_line_is_cut_between_characters() -> None:
    text = "😀".encode() * 225_000 + b"\nend"
    found = pieces(text)
    assert len(found) > 100
    assert {piece.start_line for piece in found[:-1]} == {1}
    assert found[-1].start_line == 2
    for piece in found:
        text[piece.start : piece.end].decode("utf-8")


@pytest.mark.claim("house.search.never-blind")
@given(text=TEXTS, lines=st.integers(1, 6), max_bytes=st.integers(4, 40))
def test_pieces_cover_the_text(text: str, lines: int, max_bytes: int) -> None:
    data = text.encode()
    found = pieces(data, lines=lines, max_bytes=max_bytes)
    assert b"".join(data[piece.start : piece.end] for piece in found) == data
    for piece in found:
        part = data[piece.start : piece.end]
        part.decode("utf-8")
        assert 0 < len(part) <= max_bytes
        assert part.count(b"\n") <= lines
        assert piece.start_line == data.count(b"\n", 0, piece.start) + 1


@given(data=st.binary(max_size=200), max_bytes=st.integers(4, 20))
def test_bytes_that_are_no_text_are_covered_too(data: bytes, max_bytes: int) -> None:
    found = pieces(data, lines=3, max_bytes=max_bytes)
    assert b"".join(data[piece.start : piece.end] for piece in found) == data
