"""What a pattern takes apart: the variables in it, and how each is reached."""

from collections.abc import Iterator

from tidemill.source.slices.scopes import Source
from tidemill.source.slices.syntax import Syntax
from tidemill.source.slices.usage import OPERATOR

__all__ = ["PATTERNS", "leaves"]

PATTERNS = frozenset({"array_pattern", "object_pattern"})
NAMES = frozenset({"identifier", "shorthand_property_identifier_pattern"})
MEMBER = f"{OPERATOR}fieldAccess"
ELEMENT = f"{OPERATOR}indexAccess"
LONGEST_PATH = 100


def leaves(
    syntax: Syntax, pattern: int, value: int, root: str = ""
) -> Iterator[tuple[int, Source]]:
    """Yield the variables of a pattern and what each gets.

    Args:
        syntax: The text.
        pattern: The pattern's node.
        value: The node of what is taken apart; 0 where none is written.
        root: What the code calls a value that is not written.
    """
    waiting = [(pattern, Source(value=value, path=root))]
    while waiting:
        node, source = waiting.pop()
        kind = syntax.kind(node)
        if kind in NAMES:
            yield node, source
        elif kind == "object_pattern":
            waiting += [
                found
                for child in reversed(syntax.children(node))
                if (found := _member(syntax, child, source))
            ]
        elif kind == "array_pattern":
            elements = list(enumerate(syntax.children(node)))
            waiting += [
                (child, _taken(source, ELEMENT, f"[{place}]"))
                for place, child in reversed(elements)
            ]
        elif kind in {"assignment_pattern", "object_assignment_pattern"}:
            waiting.append((syntax.part(node, "left") or syntax.first(node), source))
        elif kind == "rest_pattern" and syntax.first(node):
            waiting.append((syntax.first(node), source))


def _member(syntax: Syntax, node: int, source: Source) -> tuple[int, Source] | None:
    """Return what one entry of an object pattern binds, and what that gets."""
    kind = syntax.kind(node)
    if kind == "pair_pattern":
        key, target = syntax.part(node, "key"), syntax.part(node, "value")
        if not key or not target:
            return None
        return target, _taken(source, MEMBER, f".{syntax.written(key, LONGEST_PATH)}")
    if kind == "object_assignment_pattern":
        node = syntax.part(node, "left") or node
    if kind == "rest_pattern":
        return node, _taken(source, MEMBER, "")
    return node, _taken(source, MEMBER, f".{syntax.written(node, LONGEST_PATH)}")


def _taken(source: Source, access: str, path: str) -> Source:
    return Source(value=source.value, access=access, path=(source.path + path)[:LONGEST_PATH])
