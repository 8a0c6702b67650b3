"""A step of a counter in other words, where nobody sees its value."""

from collections.abc import Iterator

from tree_sitter import Node

from tidemill.source.rewriting.edits import Change, replaced, text_of
from tidemill.source.rewriting.integers import is_integer
from tidemill.source.rewriting.scene import Scene
from tidemill.source.rewriting.steps import STEPS, step_of

__all__ = ["reworded_steps"]

STATEMENT = "expression_statement"
UPDATES = ("update", "increment")
"""Fields of a loop's step, whose value nobody sees."""

VALUED = frozenset({"parenthesized_expression", "switch_rule"})
"""What may use the value of a statement in it (GNU C, Java)."""


def reworded_steps(scene: Scene) -> Iterator[Change]:
    """Yield the steps of integer variables in every other wording, where no value is seen."""
    for node in scene.nodes(STEPS):
        step = step_of(node)
        if step is None or not _is_statement(node) or not is_integer(step.name, node, scene):
            continue
        for wording in step.wordings(scene.shape.steps):
            if wording.split() != text_of(node).split():
                yield (replaced(node, wording),)


def _is_statement(node: Node) -> bool:
    """Whether nobody sees the value of a node."""
    parent = node.parent
    if parent is None:
        return False
    if node.type.endswith("_statement"):
        return True
    if parent.type == STATEMENT:
        around = parent.parent
        outer = around.parent if around is not None else None
        return all(one is None or one.type not in VALUED for one in (around, outer))
    return any(node in parent.children_by_field_name(field) for field in UPDATES)
