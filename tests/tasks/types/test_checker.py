"""Which objections are new, where the compiler changes its words."""

from pathlib import Path
from typing import cast

import pytest

from tests.tasks.types.table import file_of
from tidemill.source.spans import Span
from tidemill.source.typescript.service import CompilerService, Diagnostic, Suspect
from tidemill.tasks.types.checker import Checker

NAME = "a.ts"
RESULT, X = (0, 0), (0, 1)
"""Sites of the file."""


class Wording:
    """A compiler that objects to one place, in the words that it is given."""

    def __init__(self) -> None:
        self.said = ["it is an A"]
        self.near: list[Suspect] = []

    def update(self, texts: object) -> None:
        assert texts

    def sources(self) -> list[str]:
        return [NAME]

    def dependents(self, _: object) -> list[str]:
        return [NAME]

    def suspects(self, _: str, spans: list[Span]) -> list[tuple[list[Suspect], list[Suspect]]]:
        return [(self.near, []) for _ in spans]

    def diagnostics(self, _: object) -> list[Diagnostic]:
        span = Span(start=0, end=1)
        return [Diagnostic(path=NAME, span=span, code=1, message=one) for one in self.said]


@pytest.fixture
def compiler() -> Wording:
    return Wording()


@pytest.fixture
def checker(compiler: Wording) -> Checker:
    file = file_of(NAME, "f(1);\nfunction f(x) {}\n")
    return Checker(cast("CompilerService", compiler), Path("/program"), [file])


def test_other_words_are_new_until_they_stay(checker: Checker, compiler: Wording) -> None:
    compiler.said = ["it is a B"]
    found = [len(checker.objections([NAME], depth="own")) for _ in range(4)]
    assert found == [1, 1, 0, 0]
    compiler.said = ["it is an A"]
    assert checker.objections([NAME], depth="own") == []
    compiler.said = ["it is a B"]
    assert len(checker.objections([NAME], depth="own")) == 1


def test_in_the_end_other_words_are_not_new_but_another_error_is(
    checker: Checker, compiler: Wording
) -> None:
    compiler.said = ["it is a B"]
    assert checker.objections([], depth="all") == []
    for said in (["it is an A", "it is a B"], ["it is a B", "it is an A"]):
        compiler.said = said
        assert len(checker.objections([NAME], depth="all")) == 1


def test_other_words_are_new_for_as_long_as_they_hang_on_a_suspect(
    checker: Checker, compiler: Wording
) -> None:
    compiler.near = [Suspect(path=NAME, kind="name", start=17)]
    compiler.said = ["it is a B"]
    for turn in range(5):
        (one,) = checker.objections([NAME], depth="own", suspected={X})
        assert one.near == (X,), turn
    assert checker.objections([NAME], depth="own", suspected={RESULT}) == []
    assert len(checker.objections([], depth="all", suspected={X})) == 1
    assert checker.objections([], depth="all") == []
