"""Which variables are integers for certain: by their declarations and by all their assignments."""

import re

from tree_sitter import Node

from tidemill.source.rewriting.edits import text_of
from tidemill.source.rewriting.scene import Scene
from tidemill.source.rewriting.steps import STEPS, step_of

__all__ = ["is_integer"]

DECLARATORS = frozenset({"init_declarator", "variable_declarator"})
DECLARATIONS = frozenset(
    {
        "declaration",
        "formal_parameter",
        "local_variable_declaration",
        "parameter",
        "parameter_declaration",
        "var_spec",
        "variable_declaration",
    }
)
GUESSED_TYPES = frozenset({b"auto", b"var"})
RESTLESS = frozenset({b"_Atomic", b"volatile"})
"""Qualifiers of variables that others change or watch."""

DIGITS = re.compile(rb"-?\d{1,9}")


def is_integer(name: bytes, place: Node, scene: Scene) -> bool:
    """Whether a variable holds nothing but integers, as far as its function can tell.

    Args:
        name: The variable.
        place: One of its occurrences.
        scene: The text.
    """
    unit = scene.unit_around(place)
    names = scene.local_names(unit) if unit is not None else None
    if names is None or name not in names.names:
        return False
    said = [_says(leaf, scene) for leaf in names.definitions(name)]
    return any(said) and False not in said


def _says(leaf: Node | None, scene: Scene) -> bool | None:
    """What a definition says of its variable: an integer, none, or nothing new."""
    holder = _holder(leaf)
    if leaf is None or holder is None:
        return False
    declared = _declared_type(holder)
    if declared is not None and declared not in GUESSED_TYPES:
        return declared in scene.shape.integers
    if _has_whole_value(holder, leaf):
        return True
    is_step = holder.type in STEPS and (scene.shape.typed or step_of(holder) is not None)
    return None if is_step else False


def _holder(leaf: Node | None) -> Node | None:
    """Return the node that defines a name: in Go a list of one stands between."""
    parent = leaf.parent if leaf is not None else None
    if parent is None or parent.type != "expression_list":
        return parent
    return parent.parent if parent.named_child_count == 1 else None


def _declared_type(parent: Node) -> bytes | None:
    """Return the type of the declaration that a name stands in, if it has one."""
    node: Node | None = parent
    while node is not None and node.type in DECLARATORS:
        node = node.parent
    if node is None or node.type not in DECLARATIONS:
        return None
    kind = node.child_by_field_name("type")
    if kind is None:
        return None
    is_restless = any(text_of(child) in RESTLESS for child in node.children)
    is_array = parent.child_by_field_name("dimensions") is not None
    return b"" if is_restless or is_array else b" ".join(text_of(kind).split())


def _has_whole_value(holder: Node, leaf: Node) -> bool:
    """Whether a name gets a whole number, or each of some, where it is defined."""
    if holder.type == "for_statement":
        source = holder.child_by_field_name("right")
        return source is not None and text_of(source).startswith(b"range(")
    value = holder.child_by_field_name("value") or holder.child_by_field_name("right")
    if value is None and holder.type in DECLARATORS:
        value = holder.named_children[-1]
    operator = holder.child_by_field_name("operator")
    is_plain = operator is None or text_of(operator) == b"="
    return value is not None and value != leaf and is_plain and _is_whole(value)


def _is_whole(value: Node) -> bool:
    return DIGITS.fullmatch(text_of(value)) is not None
