"""What a function is called: the name itself and what qualifies it."""

import re
from dataclasses import dataclass

from tree_sitter import Node

from tidemill.source.tables import UnitTable

__all__ = ["Name", "held", "name_at", "name_of"]

NAME_BYTES = 300
PATH = re.compile(r"[\w$#@]+(?:(?:\?\.|->|::|[.\\])[\w$#@]+)*")
PATH_BREAK = re.compile(r"\?\.|->|::|[.\\]")
TRAILING_BREAK = re.compile(r"(?:\?\.|->|::|[.\\\[\"'`])+$")
NOISE = frozenset(
    {"exports", "module", "prototype", "this", "self", "$this", "window", "globalThis", "static"}
)
RECEIVER = re.compile(rb"\(\s*(?:\w+\s+)?[*\s(]*(\w+)")
TEMPLATES = frozenset({"template_function", "template_type", "template_method"})
UNFIELDED = frozenset({"parenthesized_declarator", "reference_declarator", "attributed_declarator"})


@dataclass(frozen=True, slots=True)
class Name:
    """A function's name and what stands before it.

    Attributes:
        text: The last part alone.
        start: Byte of the tree's source at which the name begins.
        qualifiers: The parts before it, outermost first.
    """

    text: str
    start: int
    qualifiers: tuple[str, ...] = ()


def held(holder: Node, source: bytes, table: UnitTable) -> list[tuple[Node, Node]]:
    """Return the pairs of name and value that a holder joins, values unwrapped."""
    where = table.holders[holder.type]
    names = _children(holder, where.name, 0)
    values = _children(holder, where.value, -1)
    if table.lists:
        names, values = _listed(names, table), _listed(values, table)
    if len(names) != len(values):
        return []
    return [
        (_unwrapped(name, source, table), _unwrapped(value, source, table))
        for name, value in zip(names, values, strict=True)
    ]


def name_of(node: Node, source: bytes, table: UnitTable) -> Name | None:
    """Name a declaration by the field that its table says.

    Args:
        node: A function or scope.
        source: What the tree was parsed from.
        table: The language's table.

    Returns:
        None for what has no name, such as an anonymous class.
    """
    kind = node.type
    found = node.child_by_field_name(table.names.get(kind, "name"))
    prefix = table.prefixes.get(kind, "")
    if found is None:
        return Name(prefix, node.start_byte) if prefix else None
    start = found.start_byte
    text = _text(found, source)
    if prefix:
        return Name(prefix + text, start)
    name = Name(text, start) if text.isidentifier() else name_at(found, source, table)
    receiver = node.child_by_field_name(table.receiver) if table.receiver else None
    if receiver is None:
        return name
    begin = receiver.start_byte
    owner = RECEIVER.match(source, begin, min(receiver.end_byte, begin + NAME_BYTES))
    return Name(name.text, name.start, (owner[1].decode("utf-8", "replace"),) if owner else ())


def name_at(node: Node, source: bytes, table: UnitTable) -> Name:
    """Name what ``node`` stands for: an identifier, a path or a chain of declarators."""
    field = table.members.get(node.type) if table.members else None
    last = node.child_by_field_name(field) if field else None
    if last is not None:
        return _member(node, last, source)
    if table.declarators:
        return _declared(node, source)
    return _split(_text(node, source), node.start_byte)


def _member(node: Node, last: Node, source: bytes) -> Name:
    """Name a path by its last part, qualified by the rest as far as that is plain."""
    before = source[max(node.start_byte, last.start_byte - NAME_BYTES) : last.start_byte]
    path = TRAILING_BREAK.sub("", "".join(before.decode("utf-8", "replace").split()))
    plain = PATH_BREAK.split(path) if PATH.fullmatch(path) else []
    qualifiers = tuple(part.lstrip("$") for part in plain if part not in NOISE)
    return Name(_plain(_text(last, source)), last.start_byte, qualifiers)


def _split(text: str, start: int) -> Name:
    """Split a dotted or ``::`` name, such as Ruby's ``class A::B``."""
    if text.isidentifier():
        return Name(text, start)
    text = _plain(text)
    if not PATH.fullmatch(text):
        return Name(text, start)
    *before, last = PATH_BREAK.split(text)
    return Name(last, start, tuple(before))


def _declared(node: Node, source: bytes) -> Name:
    """Follow a chain of C declarators to its name; split that at ``::``."""
    node = _innermost(node)
    qualifiers: list[str] = []
    while node.type == "qualified_identifier":
        scope, following = node.child_by_field_name("scope"), node.child_by_field_name("name")
        if scope is not None:
            qualifiers.append(_text(_without_arguments(scope), source))
        if following is None:
            break
        node = _innermost(following)
    node = _without_arguments(node)
    text = _operator(node, source) if node.type == "operator_cast" else _text(node, source)
    name = _split(text, node.start_byte)
    return Name(name.text, name.start, (*qualifiers, *name.qualifiers))


def _innermost(node: Node) -> Node:
    """Go down the declarators; the type of an ``operator bool`` is where they end."""
    while node.type != "operator_cast":
        deeper = node.child_by_field_name("declarator")
        if deeper is None and node.type in UNFIELDED and node.named_child_count:
            deeper = node.named_child(node.named_child_count - 1)
        if deeper is None:
            break
        node = deeper
    return node


def _without_arguments(node: Node) -> Node:
    """Drop the arguments of a template."""
    inner = node.child_by_field_name("name") if node.type in TEMPLATES else None
    return node if inner is None else inner


def _operator(node: Node, source: bytes) -> str:
    """Return ``operator bool`` of a conversion, without its parameters."""
    declarator = node.child_by_field_name("declarator")
    end = node.end_byte if declarator is None else declarator.start_byte
    return " ".join(source[node.start_byte : end].decode("utf-8", "replace").split())


def _text(node: Node, source: bytes) -> str:
    """Return a node's text on one line, cut where no name is that long."""
    start = node.start_byte
    text = source[start : min(node.end_byte, start + NAME_BYTES)].decode("utf-8", "replace")
    return text if text.isidentifier() else " ".join(text.split())


def _plain(text: str) -> str:
    """Take quotes from a string key and the sigil from a PHP variable."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`":
        return text[1:-1]
    return text[1:] if text.startswith("$") and len(text) > 1 else text


def _children(holder: Node, field: str | None, position: int) -> list[Node]:
    """Return the children of a field, or the named child at a position."""
    if field is not None:
        return holder.children_by_field_name(field)
    return holder.named_children[position:][:1]


def _listed(nodes: list[Node], table: UnitTable) -> list[Node]:
    """Open a list of names or values, if that is what stands there."""
    if len(nodes) == 1 and nodes[0].type in table.lists:
        return nodes[0].named_children
    return nodes


def _unwrapped(node: Node, source: bytes, table: UnitTable) -> Node:
    """Take the function out of what the grammar puts around it."""
    field = table.unwrap.get(node.type) if table.unwrap else None
    if field is None or not _makes_function(node, source, table):
        return node
    inner = node.child_by_field_name(field) if field else next(iter(node.named_children), None)
    return node if inner is None else inner


def _makes_function(node: Node, source: bytes, table: UnitTable) -> bool:
    # Asked here and not by a predicate of the query: the library looks at the text for
    # those, which a tree that was parsed under a time limit does not have.
    method = node.child_by_field_name("method") if table.makers else None
    return method is None or source[method.start_byte : method.end_byte] in table.makers
