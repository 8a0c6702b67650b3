"""The condition of a branch or a loop, and its contrary."""

from tree_sitter import Node

from tidemill.source.alphabet import NAME, ROLES
from tidemill.source.rewriting.edits import only_child, text_of

__all__ = ["CLOSED", "asked", "negated"]

CLOSED = frozenset(
    {
        "attribute",
        "call",
        "call_expression",
        "element_reference",
        "false",
        "field_access",
        "field_expression",
        "function_call_expression",
        "index_expression",
        "invocation_expression",
        "member_access_expression",
        "member_expression",
        "method_invocation",
        "parenthesized_expression",
        "selector_expression",
        "subscript",
        "subscript_expression",
        "true",
        "variable_name",
    }
)
"""Kinds of expressions that need no parentheses anywhere."""

WRITTEN_AROUND = frozenset({"condition_clause", "parenthesized_expression"})


def asked(node: Node) -> Node | None:
    """Return the expression that a branch or loop asks; None where it declares something."""
    condition = node.child_by_field_name("condition")
    if condition is not None and condition.type in WRITTEN_AROUND:
        condition = only_child(condition)
    if condition is None or condition.type == "declaration":
        return None
    return condition


def negated(expression: Node, language: str) -> bytes:
    """Return the contrary of an expression, without a double negation."""
    sign = b"not " if language == "python" else b"!"
    first = expression.children[0] if expression.child_count == 2 else None
    if first is not None and text_of(first) == sign.strip():
        return text_of(expression.children[1])
    text = text_of(expression)
    is_closed = expression.type in CLOSED or ROLES.get(expression.type) == NAME
    return sign + text if is_closed else sign + b"(" + text + b")"
