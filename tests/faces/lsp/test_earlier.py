"""Refusals that are remembered by the names of places."""

from dataclasses import replace

from tests.faces.lsp.test_finding import finding, offer
from tidemill.faces.lsp.earlier import Earlier
from tidemill.faces.lsp.finding import Analysis
from tidemill.faces.lsp.settling import Verdict

WORD, COUNT = offer("string"), offer("number")


def analysis() -> Analysis:
    return Analysis(key="", findings=(finding(WORD, COUNT), replace(finding(WORD), name="other")))


def test_what_was_refused_is_not_tried_first_wherever_the_place_is_by_now() -> None:
    earlier = Earlier(10)
    earlier.note("a", analysis().findings[:1], Verdict(refused={1: (WORD,)}))
    surer = (offer("string", 0.8), offer("number", 0.1))
    moved = replace(analysis().findings[0], number=7, offers=surer)
    likely = earlier.likely("a", Analysis(key="", findings=(moved, *analysis().findings[1:])))
    assert [one.offers for one in likely.findings] == [surer[1:], (WORD,)]
    assert earlier.likely("b", analysis()) == analysis()


def test_places_of_which_nothing_is_left_are_left_out() -> None:
    earlier = Earlier(10)
    earlier.note("a", analysis().findings[:1], Verdict(refused={1: (WORD, COUNT)}))
    assert [one.name for one in earlier.likely("a", analysis()).findings] == ["other"]


def test_what_holds_is_tried_again() -> None:
    earlier = Earlier(10)
    findings = analysis().findings[:1]
    earlier.note("a", findings, Verdict(refused={1: (WORD,)}))
    earlier.note("a", findings, Verdict(standing={1: WORD}))
    assert earlier.likely("a", analysis()) == analysis()
