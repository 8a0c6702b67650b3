"""A place that has, or could have, a type annotation."""

from dataclasses import dataclass
from typing import Literal

from tidemill.source.spans import Span

__all__ = ["KINDS", "SiteForm", "SiteKind", "TypeSite"]

SiteKind = Literal["parameter", "return", "variable", "field"]
SiteForm = Literal["plain", "rest", "optional", "async", "generator"]

KINDS: tuple[SiteKind, ...] = ("parameter", "return", "variable", "field")


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeSite:
    """A parameter, a function's result, a variable or a field of a class.

    Attributes:
        kind: What is typed.
        name: Its name; a nameless function's result has none.
        place: Where the name stands; for the result of a nameless function, what ends
            its parameters.
        annotation: The annotation with its colon, or None where there is none.
        type: The type alone.
        insert: Byte at which an annotation would begin.
        enclose: A sole parameter without parentheses, which an annotation needs.
        form: ``rest`` collects an array, ``optional`` may be left out, and what is ``async``
            or a ``generator`` hands its result out wrapped.
        initialised: Whether a value is given on the spot.
        function: First byte of the function that it belongs to; None outside of any, and
            for variables.
    """

    kind: SiteKind
    name: str
    place: Span
    annotation: Span | None
    type: Span | None
    insert: int
    enclose: Span | None = None
    form: SiteForm = "plain"
    initialised: bool = False
    function: int | None = None
