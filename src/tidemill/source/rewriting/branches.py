"""``if (c) A else B`` and ``if (!c) B else A``: the branches change places."""

from collections.abc import Iterator

from tree_sitter import Node

from tidemill.source.rewriting.conditions import asked, negated
from tidemill.source.rewriting.edits import Change, replaced, text_of
from tidemill.source.rewriting.scene import Scene

__all__ = ["is_on_lines_of_its_own", "swapped_branches"]

ELSE = "else_clause"
COMMENTS = frozenset({"block_comment", "comment", "line_comment"})
NOT_SWAPPED = frozenset({"colon_block", "elif_clause", "else_if_clause"})


def swapped_branches(scene: Scene) -> Iterator[Change]:
    """Yield the two-way branches with their sides exchanged and the condition negated."""
    for node in scene.nodes(["if_statement"]):
        condition, first = asked(node), node.child_by_field_name(scene.shape.branch)
        others = node.children_by_field_name("alternative")
        # What the compiler decides, it may not even read (C++).
        is_compile_time = any(child.type == "constexpr" for child in node.children)
        if condition is None or first is None or len(others) != 1 or is_compile_time:
            continue
        second = _statement_of(others[0])
        if second is None or not NOT_SWAPPED.isdisjoint({first.type, second.type}):
            continue
        sides = (first, second)
        if scene.shape.block:
            texts = [_braced(side, scene.shape.block) for side in sides]
        elif (
            all(map(is_on_lines_of_its_own, sides))
            and first.start_point.column == second.start_point.column
        ):
            texts = [text_of(side) for side in sides]
        else:
            continue
        yield (
            replaced(condition, negated(condition, scene.language)),
            replaced(first, texts[1]),
            replaced(second, texts[0]),
        )


def _statement_of(alternative: Node) -> Node | None:
    """Return what is done otherwise; grammars put it into an else clause, or not."""
    if alternative.type != ELSE:
        return alternative
    held = [child for child in alternative.named_children if child.type not in COMMENTS]
    return held[0] if len(held) == 1 and len(held) == alternative.named_child_count else None


def _braced(statement: Node, block: str) -> bytes:
    text = text_of(statement)
    return text if statement.type == block else b"{ " + text + b" }"


def is_on_lines_of_its_own(block: Node) -> bool:
    """Whether a block begins on a line after what it belongs to, as indentation asks for."""
    before = block.prev_sibling
    return before is not None and before.end_point.row < block.start_point.row
