"""What an expression is, as far as it says something of its type."""

from dataclasses import dataclass
from typing import Literal

from tidemill.source.program.program import File, Program
from tidemill.source.program.syntax import CLASSES, FUNCTIONS, NONE, unwrapped

__all__ = ["Expression", "ExpressionKind", "expression_at", "text_at"]

ExpressionKind = Literal[
    "string",
    "number",
    "boolean",
    "null",
    "undefined",
    "regex",
    "array",
    "object",
    "function",
    "class",
    "new",
    "name",
    "member",
    "call",
    "this",
    "other",
]

TEXT_BYTES = 120
KINDS: dict[str, ExpressionKind] = {
    "string": "string",
    "template_string": "string",
    "number": "number",
    "true": "boolean",
    "false": "boolean",
    "null": "null",
    "undefined": "undefined",
    "regex": "regex",
    "array": "array",
    "object": "object",
    "new_expression": "new",
    "call_expression": "call",
    "identifier": "name",
    "member_expression": "member",
    "subscript_expression": "member",
    "this": "this",
    **dict.fromkeys(FUNCTIONS, "function"),
    **dict.fromkeys(CLASSES, "class"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """An expression that is handed to somebody.

    Attributes:
        path: The file.
        start: First byte.
        end: Byte after the last.
        kind: What it is.
        text: What stands there, on one line and cut.
        name: The class that is made, the variable, the member, the callee; empty otherwise.
        declared: First byte of the variable's declaration in this file, whose slice says
            more of it; -1 without one.
    """

    path: str
    start: int
    end: int
    kind: ExpressionKind
    text: str
    name: str
    declared: int


def expression_at(program: Program, node: int) -> Expression:
    """Return the expression that a node of a program's graph is.

    Raises:
        ValueError: It is none of a file.
    """
    place = program.at(node)
    if place is None:
        raise ValueError(f"{node} is no node of the program")
    file, at = place
    at = unwrapped(file.syntax, at)
    kind = KINDS.get(file.syntax.kinds[at], "other")
    named = _named(file, at, kind)
    variable = file.names.variables.get(named)
    return Expression(
        path=file.path,
        start=file.syntax.starts[at],
        end=file.syntax.ends[at],
        kind=kind,
        text=text_at(file, at),
        name="" if named == NONE else text_at(file, named),
        declared=NONE if variable is None else file.syntax.starts[variable.at],
    )


def _named(file: File, at: int, kind: ExpressionKind) -> int:
    """Return the node of the name that says most of an expression."""
    fields = {"new": "constructor", "call": "function", "member": "property"}
    if kind in fields:
        return file.syntax.child(at, fields[kind])
    return at if kind == "name" else NONE


def text_at(file: File, at: int) -> str:
    """Return what stands at a node, on one line and cut."""
    start, end = file.syntax.starts[at], file.syntax.ends[at]
    text = file.syntax.text[start : min(end, start + TEXT_BYTES)]
    return " ".join(text.decode("utf-8", "ignore").split())
