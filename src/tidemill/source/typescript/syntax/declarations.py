"""What the classes and interfaces of a file declare."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from tidemill.source.parsing import SyntaxTree, captures_of

__all__ = ["Declaration", "declarations_of"]

SHARED = "(class_declaration) @type"
TYPED = SHARED + "[(abstract_class_declaration) (interface_declaration)] @type"
QUERIES = {"javascript": SHARED, "typescript": TYPED, "tsx": TYPED}
BASES = frozenset({"class_heritage", "extends_clause", "extends_type_clause"})
NAMES = frozenset({"property_identifier", "private_property_identifier", "string"})
OPEN = frozenset({"index_signature", "call_signature", "construct_signature"})
ASSIGNED = re.compile(rb"\bthis\.([A-Za-z_]\w*)\s*=(?!=)")
"""How classes of JavaScript come by fields that they do not declare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One declaration of a type.

    Attributes:
        own: Its members.
        bases: Names of what it extends.
        is_open: Whether it may have others.
    """

    own: frozenset[str]
    bases: tuple[str, ...]
    is_open: bool


def declarations_of(tree: SyntaxTree) -> Iterator[tuple[str, Declaration]]:
    """Yield the classes and interfaces of a file, each with its name.

    Args:
        tree: A file in JavaScript, TypeScript or TSX.
    """
    text = tree.text
    query = QUERIES[tree.language.name]
    for node in captures_of(tree, query).get("type", []):
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            bases, is_open = _bases(node, text)
            own = frozenset(_members(body, text))
            if tree.language.name == "javascript":
                whole = text[body.start_byte : body.end_byte]
                own |= {found[1].decode() for found in ASSIGNED.finditer(whole)}
            is_open |= any(child.type in OPEN for child in body.named_children)
            yield (
                _of(name, text),
                Declaration(own=own, bases=tuple(bases), is_open=is_open),
            )


def _bases(node: Node, text: bytes) -> tuple[list[str], bool]:
    """Return the names that a declaration extends, and whether it extends something nameless."""
    names: list[str] = []
    waiting = [child for child in node.named_children if child.type in BASES]
    is_open = False
    while waiting:
        one = waiting.pop()
        if one.type in BASES:
            waiting += one.named_children
        elif one.type == "generic_type":
            waiting += [one.child_by_field_name("name") or one]
        elif one.type in {"identifier", "type_identifier"}:
            names.append(_of(one, text))
        elif one.type not in {"type_arguments", "implements_clause", "comment"}:
            is_open = True
    return names, is_open


def _members(body: Node, text: bytes) -> Iterator[str]:
    for child in body.named_children:
        name = child.child_by_field_name("name") or child.child_by_field_name("property")
        if name is not None and name.type in NAMES:
            yield _of(name, text).strip("'\"")
        if child.type == "method_definition":
            yield from _parameter_properties(child, text)


def _parameter_properties(method: Node, text: bytes) -> Iterator[str]:
    """Yield the fields that a constructor's parameters declare."""
    parameters = method.child_by_field_name("parameters")
    for one in parameters.named_children if parameters is not None else ():
        pattern = one.child_by_field_name("pattern")
        marks = {child.type for child in one.children}
        if pattern is not None and marks & {"accessibility_modifier", "readonly"}:
            yield _of(pattern, text)


def _of(node: Node, text: bytes) -> str:
    return text[node.start_byte : node.end_byte].decode("utf-8", "replace")
