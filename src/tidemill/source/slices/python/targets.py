"""What a target takes apart: the variables in it, and how each is reached."""

from collections.abc import Iterator

from tidemill.source.slices.scopes import Source
from tidemill.source.slices.syntax import Syntax
from tidemill.source.slices.usage import OPERATOR

__all__ = ["leaves"]

LISTS = frozenset(
    {"expression_list", "list", "list_pattern", "pattern_list", "tuple", "tuple_pattern"}
)
SPLATS = frozenset({"as_pattern_target", "list_splat_pattern", "parenthesized_expression"})
ELEMENT = f"{OPERATOR}indexAccess"
LONGEST_PATH = 100


def leaves(syntax: Syntax, target: int, source: Source) -> Iterator[tuple[int, Source]]:
    """Yield the variables of a target and what each gets.

    Args:
        syntax: The text.
        target: Its node.
        source: What is taken apart.
    """
    waiting = [(target, source)]
    while waiting:
        node, given = waiting.pop()
        kind = syntax.kind(node)
        if kind == "identifier":
            yield node, given
        elif kind in LISTS:
            elements = list(enumerate(syntax.children(node)))
            waiting += [
                (child, _element(given, source.access, place))
                for place, child in reversed(elements)
            ]
        elif kind in SPLATS and syntax.first(node):
            waiting.append((syntax.first(node), given))


def _element(given: Source, access: str, place: int) -> Source:
    """Return one element of a value; of an iteration it stays one."""
    path = f"{given.path}[{place}]"[:LONGEST_PATH]
    return Source(value=given.value, access=access or ELEMENT, path=path)
