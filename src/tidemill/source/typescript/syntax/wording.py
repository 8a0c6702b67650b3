"""The text of a type that somebody offers: one type and nothing else, or refused."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from tree_sitter import Node

from tidemill.core.errors import ParseTimeoutError
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.source.spans import Span

__all__ = ["MOST_CHARACTERS", "TypeText", "read_type", "says_any"]

MOST_CHARACTERS = 400
MOST_DEPTH = 40
PARSE_SECONDS = 1.0
HEAD, TAIL = b"type _ = ", b";"

REFUSED = frozenset({"call_expression", "comment", "infer_type", "member_expression", "this_type"})
"""Comments could hide code, and the others mean something only in some places."""

ANY = re.compile(r"\bany\b")
NOTHING_YET = "never[]"
"""What a compiler says of an empty array."""

SILENT = frozenset({"any", "unknown", "object", "Object", "Function"})
WRAPPERS = frozenset({"Array", "Promise", "PromiseLike", "Readonly", "ReadonlyArray"})
NAMES = frozenset({"type_identifier", "identifier"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeText:
    """A type as it is written.

    Attributes:
        text: The type, on one line.
        shape: What it is by its outermost part, as the grammar calls it.
        head: Its name, or that of the generic type whose arguments follow; else empty.
        names: Where the types stand that it names, by byte; those in what they name are left out.
        parts: The members of a union, or the type itself.
    """

    text: str
    shape: str
    head: str
    names: tuple[tuple[str, Span], ...]
    parts: tuple[str, ...]

    def renamed(self, names: Mapping[str, str]) -> str:
        """Return its text with other names."""
        data = self.text.encode()
        for name, span in sorted(self.names, key=lambda pair: -pair[1].start):
            if name in names:
                data = data[: span.start] + names[name].encode() + data[span.end :]
        return data.decode()


@lru_cache(maxsize=8_192)
def read_type(text: str) -> TypeText | None:
    """Read a type; None where the text is no single type, or one that says nothing.

    What says nothing is ``any`` anywhere, and ``unknown``, ``object``, ``Function``, ``{}``,
    alone, in a union, an array or a promise: no check would speak against them.

    Args:
        text: What somebody offers; it may be anything.
    """
    text = text[: MOST_CHARACTERS + 1].strip(" ")
    if not 0 < len(text) <= MOST_CHARACTERS or not text.isprintable():
        return None
    node, data = _parsed(text)
    if node is None or _is_silent(node, data):
        return None
    parts = tuple(_text(part, data) for part in _union(node))
    return TypeText(
        text=text,
        shape=node.type,
        head=_head(node, data),
        names=tuple(_names(node, data)),
        parts=parts,
    )


def says_any(text: str) -> bool:
    """Whether a type that a compiler wrote leaves something open, wherever in it."""
    if len(text) <= MOST_CHARACTERS:
        node, data = _parsed(text, refused=frozenset())
        if node is not None:
            return text == NOTHING_YET or _is_silent(node, data)
    return ANY.search(text) is not None


def _parsed(text: str, refused: frozenset[str] = REFUSED) -> tuple[Node | None, bytes]:
    """Return the node of a type that makes up the whole text, and what it was parsed in."""
    data = HEAD + text.encode("utf-8", "replace") + TAIL
    try:
        tree = parse(data, LANGUAGES["typescript"], seconds=PARSE_SECONDS)
    except ParseTimeoutError:
        return None, data
    children = tree.tree.root_node.named_children
    if tree.errors or len(children) != 1 or children[0].type != "type_alias_declaration":
        return None, data
    node = children[0].child_by_field_name("value")
    whole = (len(HEAD), len(data) - len(TAIL))
    if node is None or (node.start_byte, node.end_byte) != whole:
        return None, data
    if any(one.type in refused or depth > MOST_DEPTH for one, depth in _below(node)):
        return None, data
    return node, data


def _below(node: Node) -> Iterator[tuple[Node, int]]:
    """Yield a node and all in it, each with its depth."""
    waiting = [(node, 0)]
    while waiting:
        one, depth = waiting.pop()
        yield one, depth
        waiting += [(child, depth + 1) for child in reversed(one.named_children)]


def _union(node: Node) -> list[Node]:
    """Return the members of a union, however it is bracketed."""
    waiting, found = [node], []
    while waiting:
        one = waiting.pop()
        if one.type in {"union_type", "parenthesized_type"}:
            waiting += reversed(one.named_children)
        else:
            found.append(one)
    return found


def _is_silent(node: Node, data: bytes) -> bool:
    """Whether a type says nothing of what its values are."""
    if any(one.type == "predefined_type" and _text(one, data) == "any" for one, _ in _below(node)):
        return True
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if _text(one, data) in SILENT or (one.type == "object_type" and not one.named_children):
            return True
        is_wrapper = one.type == "generic_type" and _head(one, data) in WRAPPERS
        if (
            is_wrapper
            or one.type in {"type_arguments", "array_type", "readonly_type"}
            or one.type in {"union_type", "parenthesized_type"}
        ):
            waiting += one.named_children
    return False


def _head(node: Node, data: bytes) -> str:
    name = node.child_by_field_name("name") if node.type == "generic_type" else node
    simple = {"type_identifier", "predefined_type", "nested_type_identifier"}
    return _text(name, data) if name is not None and name.type in simple else ""


def _names(node: Node, data: bytes) -> Iterator[tuple[str, Span]]:
    """Yield the names that are looked up in the scope: no members, labels or parameters."""
    own = {
        _text(name, data)
        for one, _ in _below(node)
        if one.type in {"type_parameter", "mapped_type_clause"}
        for name in [one.child_by_field_name("name")]
        if name is not None
    }
    for one, _ in _below(node):
        if one.type in NAMES and _is_looked_up(one) and _text(one, data) not in own:
            start = one.start_byte - len(HEAD)
            yield _text(one, data), Span(start=start, end=start + one.end_byte - one.start_byte)


def _is_looked_up(node: Node) -> bool:
    parent = node.parent
    if parent is None:
        return True
    if parent.type in {"nested_type_identifier", "nested_identifier"}:
        return node.type == "identifier" and node == parent.named_children[0]
    return node.type == "type_identifier" or parent.type == "type_query"


def _text(node: Node, data: bytes) -> str:
    return data[node.start_byte : node.end_byte].decode("utf-8", "replace")
