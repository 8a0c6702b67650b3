"""Which objections are new, where the compiler changes its words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, cast

import pytest

from tests.tasks.types.table import file_of
from tidemill.source.spans import Span
from tidemill.source.typescript.service import CompilerService, Diagnostic, Suspect
from tidemill.source.typescript.syntax.wording import read_type
from tidemill.tasks.types.checker import Checker
from tidemill.tasks.types.offer import Offer
from tidemill.tasks.types.writing import written

NAME, TEXT = "a.ts", b"f(1);\nfunction f(x) {}\n"
Depth = Literal["own", "hanging", "all"]
DEPTHS: tuple[Depth, ...] = ("own", "hanging", "all")
RESULT, X = (0, 0), (0, 1)
"""Sites of the file."""


class Wording:
    """A compiler that objects to one place, in the words that it is given.

    Attributes:
        plain: The words while no type is written into the file.
        said: Those when one is.
        near: On what it hangs.
    """

    def __init__(self, *plain: str) -> None:
        self.plain = [*plain]
        self.said: list[str] = []
        self.near: list[Suspect] = []
        self.text = TEXT

    def update(self, texts: Mapping[str, bytes]) -> None:
        self.text = texts.get(NAME, self.text)

    def sources(self) -> list[str]:
        return [NAME]

    def dependents(self, _: object) -> list[str]:
        return [NAME]

    def suspects(self, _: str, spans: list[Span]) -> list[tuple[list[Suspect], list[Suspect]]]:
        return [(self.near, []) for _ in spans]

    def diagnostics(self, _: object) -> list[Diagnostic]:
        span = Span(start=0, end=1)
        said = self.plain if self.text == TEXT else self.said
        return [Diagnostic(path=NAME, span=span, code=1, message=one) for one in said]


def checker_of(compiler: Wording) -> Checker:
    """A checker of a file with a type, which was looked at before it was written."""
    file, offered = file_of(NAME, TEXT), read_type("A")
    assert offered is not None
    checker = Checker(cast("CompilerService", compiler), Path("/program"), [file])
    _, number = X
    checker.write({0: written(file, {number: Offer(type=offered, confidence=1.0)})})
    assert compiler.text != TEXT
    return checker


def test_other_words_alone_are_not_new_but_another_error_is() -> None:
    compiler = Wording("it is an A")
    checker = checker_of(compiler)
    for depth in DEPTHS:
        compiler.said = ["it is a B"]
        assert checker.objections([NAME], depth=depth) == []
        for said in (["it is an A", "it is a B"], ["it is a B", "it is an A"]):
            compiler.said = said
            (one,) = checker.objections([NAME], depth=depth)
            assert one.message == "it is a B"


def test_other_words_are_new_for_as_long_as_they_hang_on_a_suspect() -> None:
    compiler = Wording("it is an A")
    checker = checker_of(compiler)
    compiler.near = [Suspect(path=NAME, kind="name", start=17)]
    compiler.said = ["it is a B"]
    for depth in DEPTHS:
        (one,) = checker.objections([NAME], depth=depth, suspected={X})
        assert one.near == (X,)
        assert checker.objections([NAME], depth=depth, suspected={RESULT}) == []


def test_a_type_in_place_of_any_is_not_new_whatever_it_hangs_on() -> None:
    compiler = Wording("it is an any[]")
    checker = checker_of(compiler)
    compiler.near = [Suspect(path=NAME, kind="name", start=17)]
    compiler.said = ["it is an A[]"]
    assert checker.objections([NAME], suspected={X}) == []
    compiler.said = ["it is an A"]
    assert len(checker.objections([NAME], suspected={X})) == 1


@pytest.mark.parametrize("depth", DEPTHS)
def test_what_is_said_of_the_file_alone_without_types_is_not_new(depth: Depth) -> None:
    compiler = Wording("it is an A")
    checker = checker_of(compiler)
    compiler.plain = compiler.said = ["it is a B"]
    assert checker.objections([NAME], depth=depth) == []
    compiler.plain = compiler.said = ["it is a B", "it is a C"]
    assert checker.objections([NAME], depth=depth) == []
    compiler.plain, compiler.said = ["it is a B"], ["it is a B", "it is a C", "it is a D"]
    for _ in range(4):
        (one,) = checker.objections([NAME], depth=depth)
        assert one.message == "it is a D"
