"""Slices told in one line each, so that a test can say what it expects.

``origin | calls on it | calls it is passed to``: a call is its name, ``@`` and the
position where it has one. Operators stand without ``<operator>.``, after ``~``.
"""

from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.source.slices.assembly import SliceRules
from tidemill.source.slices.extraction import usage_slices
from tidemill.source.slices.usage import ProgramSlice, UsageSlice

__all__ = ["sliced", "told", "types_of"]

PROGRAM = "a::program"


def sliced(
    code: str, language: str = "typescript", rules: SliceRules | None = None
) -> ProgramSlice:
    """Slice a text that is called ``a``."""
    return usage_slices(parse(code.encode(), LANGUAGES[language]), path="a", rules=rules)


def told(code: str, language: str = "typescript", *, operators: bool = False) -> dict[str, str]:
    """Return every slice of a text in one line, by method (below the file) and variable."""
    rules = SliceRules(exclude_operators=not operators)
    return {
        f"{method.full_name.removeprefix(PROGRAM).removeprefix(':')}/{usage.target.name}": _line(
            usage
        )
        for method in sliced(code, language, rules).methods
        for usage in method.slices
    }


def types_of(code: str, language: str = "typescript") -> dict[str, str]:
    """Return the type of every variable that has a slice, by its name."""
    return {
        usage.target.name: usage.target.type_name
        for method in sliced(code, language).methods
        for usage in method.slices
    }


def _line(usage: UsageSlice) -> str:
    origin = usage.defined_by
    assert origin is not None
    parameter = f"parameter {origin.position}"
    parts = [
        parameter if origin.label == "PARAM" else origin.name,
        " ".join(_short(call.name) for call in usage.invoked_calls),
        " ".join(f"{_short(one.call.name)}@{one.position}" for one in usage.argument_calls),
    ]
    return " | ".join(parts).rstrip(" |")


def _short(name: str) -> str:
    return name.replace("<operator>.", "~")
