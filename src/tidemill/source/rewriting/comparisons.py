"""``a < b`` and ``b > a``: the operands of a comparison change places."""

from collections.abc import Iterator

from tree_sitter import Node

from tidemill.source.alphabet import NAME, NUMBER, ROLES
from tidemill.source.rewriting.conditions import CLOSED
from tidemill.source.rewriting.edits import Change, replaced, text_of
from tidemill.source.rewriting.scene import Scene

__all__ = ["turned_comparisons"]

MIRRORED = {
    b"<": b">",
    b">": b"<",
    b"<=": b">=",
    b">=": b"<=",
    b"==": b"==",
    b"!=": b"!=",
    b"===": b"===",
    b"!==": b"!==",
}


def turned_comparisons(scene: Scene) -> Iterator[Change]:
    """Yield the comparisons that may be turned round.

    Both sides must be names or numbers, or one a number: then it does not matter which
    is looked at first.
    """
    for node in scene.nodes(scene.shape.comparisons):
        if node.child_count != 3:
            continue
        left, sign, right = node.children
        mirrored = MIRRORED.get(text_of(sign))
        if mirrored is not None and _may_turn(left, right, comparable=scene.shape.comparable):
            yield (
                replaced(left, _operand(right)),
                replaced(sign, mirrored),
                replaced(right, _operand(left)),
            )


def _may_turn(left: Node, right: Node, *, comparable: bool) -> bool:
    if _is_number(left) or _is_number(right):
        return True
    return comparable and _is_name(left) and _is_name(right)


def _is_number(node: Node) -> bool:
    return ROLES.get(node.type) == NUMBER


def _is_name(node: Node) -> bool:
    return node.type == "variable_name" or ROLES.get(node.type) == NAME


def _operand(node: Node) -> bytes:
    """Return an operand as it can stand on either side."""
    is_closed = _is_number(node) or _is_name(node) or node.type in CLOSED
    return text_of(node) if is_closed else b"(" + text_of(node) + b")"
