"""``if (c) s;`` and ``if (c) { s; }``: braces around a single statement come and go."""

from collections.abc import Iterator

from tree_sitter import Node

from tidemill.source.rewriting.edits import Change, only_child, replaced, text_of
from tidemill.source.rewriting.scene import Scene

__all__ = ["changed_braces"]

HOLDERS = frozenset(
    {
        "do_statement",
        "else_clause",
        "enhanced_for_statement",
        "for_in_statement",
        "for_range_loop",
        "for_statement",
        "foreach_statement",
        "if_statement",
        "while_statement",
    }
)
PLAIN = frozenset(
    {"break_statement", "continue_statement", "expression_statement", "return_statement"}
)
"""Kinds of statements after which an ``else`` can only belong to what is around them."""

FIELDS = ("consequence", "body", "alternative")


def changed_braces(scene: Scene) -> Iterator[Change]:
    """Yield the single statements with braces, and the braced ones without."""
    if not scene.shape.unbraced:
        return
    for holder in scene.nodes(HOLDERS):
        for held in _held(holder):
            text = text_of(held)
            if held.type == scene.shape.block:
                inner = only_child(held)
                if inner is not None and inner.type in PLAIN and text_of(inner).endswith(b";"):
                    yield (replaced(held, text_of(inner)),)
            elif held.type in PLAIN:
                yield (replaced(held, b"{ " + text + b" }"),)


def _held(holder: Node) -> Iterator[Node]:
    """Yield the statements that a branch or loop holds; an else clause may name no field."""
    found = [child for field in FIELDS for child in holder.children_by_field_name(field)]
    if not found and holder.type == "else_clause":
        found = [child for child in (only_child(holder),) if child is not None]
    yield from found
