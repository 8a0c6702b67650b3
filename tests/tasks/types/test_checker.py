"""Which objections are new, where the compiler changes its words."""

from pathlib import Path
from typing import cast

import pytest

from tests.tasks.types.table import file_of
from tidemill.source.spans import Span
from tidemill.source.typescript.service import CompilerService, Diagnostic
from tidemill.tasks.types.checker import Checker

NAME = "a.ts"


class Wording:
    """A compiler that objects to one place, in the words that it is given."""

    def __init__(self) -> None:
        self.said = ["it is an A"]

    def update(self, texts: object) -> None:
        assert texts

    def sources(self) -> list[str]:
        return [NAME]

    def dependents(self, _: object) -> list[str]:
        return [NAME]

    def suspects(self, _: str, spans: list[Span]) -> list[tuple[tuple[()], tuple[()]]]:
        return [((), ()) for _ in spans]

    def diagnostics(self, _: object) -> list[Diagnostic]:
        span = Span(start=0, end=1)
        return [Diagnostic(path=NAME, span=span, code=1, message=one) for one in self.said]


@pytest.fixture
def compiler() -> Wording:
    return Wording()


@pytest.fixture
def checker(compiler: Wording) -> Checker:
    file = file_of(NAME, "f(1);\n")
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
