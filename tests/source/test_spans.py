"""Spans."""

from tidemill.source.spans import Span


def test_a_span_slices_and_sorts() -> None:
    assert Span(start=1, end=3).of(b"abcd") == b"bc"
    assert max(Span(start=2, end=3), Span(start=0, end=9)).start == 2
