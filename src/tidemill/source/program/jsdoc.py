"""Types that JSDoc comments declare: ``@param {T} name``, ``@type {T}``, ``@returns {T}``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tidemill.source.program.syntax import FUNCTIONS, NONE, Syntax

__all__ = ["DocTypes", "doc_types"]

COMMENT = re.compile(rb"/\*\*(?P<text>(?:[^*]|\*(?!/))*)\*/[ \t\r\n]*")
TAG = re.compile(r"@(param|arg|argument|type|returns?)\s*\{")
PARAMETER = re.compile(r"\s*\[?\s*([A-Za-z_$][\w$.]*)")
LONGEST_TYPE = 500
DEEPEST_HOLDER = 6
TRANSPARENT = frozenset(
    {"export_statement", "lexical_declaration", "variable_declaration", "variable_declarator"}
    | {"expression_statement", "assignment_expression", "pair", "parenthesized_expression"}
    | {"field_definition", "public_field_definition"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocTypes:
    """What one comment says of what follows it.

    Attributes:
        at: The outermost node that begins after it.
        function: The function that it documents, or -1.
        parameters: Type as written by the parameter's name.
        own: The type of the variable or field; empty where it says none.
        returned: The type of the returned value; empty where it says none.
    """

    at: int
    function: int
    parameters: dict[str, str]
    own: str
    returned: str


def doc_types(syntax: Syntax) -> Iterator[DocTypes]:
    """Yield what the comments of a file declare, in order."""
    found = [comment for comment in COMMENT.finditer(syntax.text) if b"{" in comment["text"]]
    if not found:
        return
    first: dict[int, int] = {}
    for at in range(len(syntax.starts) - 1, 0, -1):
        first[syntax.starts[at]] = at
    for comment in found:
        following = first.get(comment.end())
        if following is not None:
            yield _said(syntax, following, comment["text"].decode("utf-8", "replace"))


def _said(syntax: Syntax, at: int, text: str) -> DocTypes:
    parameters: dict[str, str] = {}
    own = returned = ""
    for tag in TAG.finditer(text):
        written, end = _braced(text, tag.end())
        kind = tag[1]
        if kind == "type":
            own = written
        elif kind.startswith("return"):
            returned = written
        else:
            name = PARAMETER.match(text, end)
            if name is not None:
                parameters[name[1]] = written.rstrip("=")
    return DocTypes(
        at=at, function=_function(syntax, at), parameters=parameters, own=own, returned=returned
    )


def _braced(text: str, start: int) -> tuple[str, int]:
    """Return what stands up to the brace that closes, and the place after it."""
    depth = 1
    for place in range(start, min(len(text), start + LONGEST_TYPE)):
        depth += (text[place] == "{") - (text[place] == "}")
        if depth == 0:
            return text[start:place], place + 1
    return "", start


def _function(syntax: Syntax, at: int) -> int:
    """Return the function that a statement or member declares, or -1."""
    for _ in range(DEEPEST_HOLDER):
        kind = syntax.kinds[at]
        if kind in FUNCTIONS:
            return at
        if kind not in TRANSPARENT:
            return NONE
        fields = ("declaration", "value", "right")
        inner = max(syntax.child(at, field) for field in fields)
        if inner == NONE:
            inner = next((part for part in syntax.children(at) if _leads_on(syntax, part)), NONE)
        if inner == NONE:
            return NONE
        at = inner
    return NONE


def _leads_on(syntax: Syntax, at: int) -> bool:
    return syntax.kinds[at] in TRANSPARENT or syntax.kinds[at] in FUNCTIONS
