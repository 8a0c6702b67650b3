"""Types that are held back come again when the reason is gone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faces.lsp.sample import ScriptedTypes
from tidemill.core.settings import Settings
from tidemill.faces.lsp.analyst import Analyst, Snapshot, Subject
from tidemill.faces.lsp.desk import desk_for
from tidemill.faces.lsp.limits import Limits
from tidemill.source.language import LANGUAGES

TEXT = """\
export interface Price { at(): number }
export class Store { size = 1; grow() { this.size += 1; } }
export const shown = (price) => price.toFixed(2);
"""
FITTING = TEXT.replace("at()", "toFixed(digits: number)")


@pytest.fixture
def analyst() -> Iterator[Analyst]:
    settings = Settings(typescript=Path("/nowhere"))
    desk = desk_for(ScriptedTypes, settings, Limits(), lambda _: None, trusts_projects=False)
    yield desk.analyst
    desk.close()


@pytest.fixture
def read(analyst: Analyst, tmp_path: Path) -> Callable[[str], Subject]:
    """Reads a text that lies on disk as it was before, and asks for its types."""
    path = tmp_path / "a.ts"
    path.write_text(TEXT)

    def read(text: str) -> Subject:
        subject = analyst.read(
            Snapshot(
                path=path,
                root=tmp_path,
                has_folder=True,
                language=LANGUAGES["typescript"],
                text=text.encode(),
                shown={},
            )
        )
        analyst.ask(subject, subject.open_sites)
        return subject

    return read


def offered(analyst: Analyst, subject: Subject) -> dict[int, list[str]]:
    """The types of the places that are called ``price``, by number of the site."""
    found = analyst.findings(subject, subject.open_sites)
    return {
        one.number: [offer.type.text for offer in one.offers]
        for one in found
        if one.name == "price"
    }


def test_members_are_those_that_the_text_declares_by_now(
    analyst: Analyst, read: Callable[[str], Subject]
) -> None:
    assert offered(analyst, read(TEXT)) == {}
    assert list(offered(analyst, read(FITTING)).values()) == [["Price"]]
    assert offered(analyst, read(TEXT)) == {}


def test_what_was_refused_is_offered_again_when_a_type_is_another_one(
    analyst: Analyst, read: Callable[[str], Subject]
) -> None:
    subject = read(FITTING)
    (finding,) = (
        one for one in analyst.findings(subject, subject.open_sites) if one.name == "price"
    )
    analyst.refuse(subject, {finding.number: finding.offers})
    assert offered(analyst, read(FITTING)) == {}
    assert offered(analyst, read(FITTING.replace("+= 1", "+= 2"))) == {}
    another = FITTING.replace("digits: number", "digits?: number")
    assert list(offered(analyst, read(another)).values()) == [["Price"]]
