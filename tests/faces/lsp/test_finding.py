from hypothesis import given
from hypothesis import strategies as st

from tidemill.faces.lsp.documents import Edit
from tidemill.faces.lsp.finding import Analysis, Finding
from tidemill.source.spans import Span
from tidemill.source.typescript.syntax.wording import read_type
from tidemill.tasks.types.offer import Offer

TEXT = b"function f(name, other) {}"
PLACE = Span(start=11, end=15)


def offer(text: str, confidence: float = 0.5) -> Offer:
    read = read_type(text)
    assert read is not None
    return Offer(type=read, confidence=confidence)


def finding(*offers: Offer) -> Finding:
    return Finding(
        number=1,
        kind="parameter",
        name="name",
        word=b"name",
        place=PLACE,
        insert=PLACE.end,
        offers=offers or (offer("string"),),
        knowledge="any",
    )


@given(st.integers(0, len(TEXT)), st.integers(0, len(TEXT)), st.binary(max_size=8))
def test_a_finding_moves_with_its_name_or_goes_with_it(first: int, second: int, new: bytes) -> None:
    start, end = sorted((first, second))
    text = TEXT[:start] + new + TEXT[end:]
    moved = finding().moved(Edit(start=start, end=end, size=len(new)))
    if (end <= PLACE.start and start < PLACE.start) or start >= PLACE.end:
        assert moved is not None
        assert moved.place.of(text) == b"name"
        assert moved.insert == moved.place.end
    elif PLACE.start < start < PLACE.end or start < PLACE.start < end:
        assert moved is None


def test_it_is_open_while_its_name_stands_and_no_type_behind_it() -> None:
    own = finding()
    assert own.is_open_in(TEXT)
    assert not own.is_open_in(TEXT.replace(b"name", b"nome"))
    assert not own.is_open_in(TEXT.replace(b"name", b"name : string"))
    assert not own.is_open_in(b"")


def test_what_holds_comes_first() -> None:
    first, second, third = offer("string"), offer("number"), offer("Date")
    settled = finding(first, second, third).settled(second)
    assert settled.offers == (second, first, third)
    assert settled.knowledge == "checked"


def test_an_analysis_that_moved_is_of_no_text() -> None:
    analysis = Analysis(key="k", findings=(finding(),), source="s")
    moved = analysis.moved([Edit(start=0, end=0, size=3), Edit(start=0, end=1, size=0)])
    assert (moved.key, moved.is_whole) == ("", False)
    assert [one.place for one in moved.findings] == [Span(start=13, end=17)]
    assert analysis.moved([Edit(start=12, end=13, size=0)]).findings == ()
    assert [analysis.at(offset) is not None for offset in (10, 11, 15, 16)] == [
        False,
        True,
        True,
        False,
    ]
