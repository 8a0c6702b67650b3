"""The leaves of a tree in order: how the published GraphCodeBERT reads code.

A leaf is a node without children; a string literal is one leaf; comments are none. White
space and line breaks leave no trace (GraphCodeBERT's reference, parser/utils.py).
"""

from dataclasses import dataclass

from tree_sitter import Node

from tidemill.source.parsing import SyntaxTree

__all__ = ["Leaf", "leaves_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One leaf.

    Attributes:
        text: Its bytes.
        start: First byte in the text.
        end: Byte after the last.
    """

    text: bytes
    start: int
    end: int


def leaves_of(tree: SyntaxTree) -> list[Leaf]:
    """Return the leaves of a parsed text.

    Args:
        tree: From ``parse`` or ``parse_fragment``; what surrounds a fragment is left out.
    """
    source = b" " * tree.offset + tree.text if tree.offset else tree.text
    first, last = tree.offset, tree.offset + len(tree.text)
    found = []
    for node in _ends(tree.tree.root_node):
        start, end = node.start_byte, node.end_byte
        if first <= start < end <= last:
            text = source[start:end]
            found.append(Leaf(text=text, start=start - first, end=end - first))
    return found


def _ends(root: Node) -> list[Node]:
    """Return leaves and strings in order, no depth being too deep."""
    found = []
    stack = [root]
    while stack:
        node = stack.pop()
        if "comment" in node.type:
            continue
        if not node.child_count or "string" in node.type:
            found.append(node)
        else:
            stack += reversed(node.children)
    return found
