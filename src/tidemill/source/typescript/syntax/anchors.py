"""Where the documentation of JavaScript's functions, fields and variables stands, or would."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from tidemill.source.annotations.site import TypeSite
from tidemill.source.parsing import SyntaxTree, captures_of
from tidemill.source.spans import Span

__all__ = ["Anchor", "anchors_of", "documented", "self_typed"]

QUERY = """
    [(function_declaration) (function_expression) (arrow_function) (method_definition)
     (generator_function) (generator_function_declaration)] @function
    (variable_declarator name: (identifier)) @holder
"""
FIELDS = {
    "javascript": "(field_definition) @holder",
    "typescript": "(public_field_definition) @holder",
    "tsx": "(public_field_definition) @holder",
}
TYPED = re.compile(rb"@(param|arg|argument|returns?|type)\s*\{")
NAMED = re.compile(rb"[\w$.]+")
VALUES = frozenset({"arrow_function", "function_expression", "generator_function"})
DECLARATIONS = frozenset({"lexical_declaration", "variable_declaration"})
AROUND = frozenset(
    {"await_expression", "member_expression", "parenthesized_expression", "subscript_expression"}
)
SELF = frozenset({"function_declaration", "generator_function_declaration", "method_definition"})
HOMES = frozenset(
    {"program", "statement_block", "class_static_block", "switch_case", "switch_default"}
)
WRAPS = frozenset({"pair", "field_definition", "export_statement"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What a block of documentation stands above.

    Attributes:
        start: Its first byte.
        indent: The white space before it on its line.
        comment: The block that is there already.
    """

    start: int
    indent: bytes
    comment: Span | None


def anchors_of(tree: SyntaxTree, sites: Sequence[TypeSite]) -> Mapping[int, Anchor]:
    """Return the anchors of sites by number; those without are documented in place.

    Args:
        tree: A file.
        sites: Its sites.
    """
    functions, holders = _nodes(tree)
    found: dict[int, Anchor] = {}
    for number, site in enumerate(sites):
        node = holders.get(site.place.start)
        if site.function is not None:
            node = functions.get(site.function)
        above = _above(node) if node is not None else None
        if above is not None:
            found[number] = _anchor(above, tree.text)
    return found


def documented(tree: SyntaxTree, sites: Sequence[TypeSite]) -> frozenset[int]:
    """Return the sites of a file of JavaScript whose types comments say, by number.

    Args:
        tree: A file.
        sites: Its sites.
    """
    anchors = anchors_of(tree, sites)
    found = set()
    for number, site in enumerate(sites):
        comment = anchors[number].comment if number in anchors else None
        said = _typed_in(comment.of(tree.text)) if comment is not None else frozenset()
        words = {"@type", "@returns" if site.kind == "return" else site.name}
        if said & words or _is_said_before(tree.text, site):
            found.add(number)
    return frozenset(found)


def _typed_in(comment: bytes) -> frozenset[str]:
    """Return what a comment says the types of: parameters by name, ``@returns``, ``@type``."""
    found: set[str] = set()
    for tag in TYPED.finditer(comment):
        word = tag[1].decode()
        if word in {"param", "arg", "argument"}:
            name = NAMED.search(comment, _end_of_braces(comment, tag.end()))
            found |= {name[0].decode("utf-8", "replace")} if name else set()
        else:
            found.add("@type" if word == "type" else "@returns")
    return frozenset(found)


def _end_of_braces(comment: bytes, place: int) -> int:
    """Return where braces end that were opened before a place."""
    depth = 1
    while place < len(comment) and depth:
        depth += {ord("{"): 1, ord("}"): -1}.get(comment[place], 0)
        place += 1
    return place


def self_typed(tree: SyntaxTree, sites: Sequence[TypeSite]) -> frozenset[int]:
    """Return the variables and fields whose value has types of its own, and these are theirs.

    That is a function, or a module, or part of one, that ``require`` or ``import()`` loads.

    Args:
        tree: A file.
        sites: Its sites.
    """
    _, holders = _nodes(tree)
    found = set()
    for number, site in enumerate(sites):
        node = holders.get(site.place.start) if site.kind in {"variable", "field"} else None
        value = node.child_by_field_name("value") if node is not None else None
        if value is not None and (value.type in VALUES or _is_loaded(value, tree.text)):
            found.add(number)
    return frozenset(found)


def _is_loaded(value: Node, text: bytes) -> bool:
    """Whether a value is a module that is loaded there, or a part of one."""
    inner: Node | None = value
    while inner is not None and inner.type in AROUND:
        inner = inner.child_by_field_name("object") or next(iter(inner.named_children), None)
    called = inner.child_by_field_name("function") if inner is not None else None
    if inner is None or inner.type != "call_expression" or called is None:
        return False
    return called.type == "import" or text[called.start_byte : called.end_byte] == b"require"


def _is_said_before(text: bytes, site: TypeSite) -> bool:
    """Whether a comment with a type ends right before a parameter, variable or function."""
    is_result = site.kind == "return" and site.function is not None
    place = site.function if is_result and site.function is not None else site.place.start
    before = text[:place].rstrip()
    if not is_result:
        before = before.removesuffix(b"(").removesuffix(b"...").rstrip()
    if not before.endswith(b"*/"):
        return False
    comment = before[before.rfind(b"/*") :]
    return (b"@returns {" if is_result else b"@type {") in comment


def _nodes(tree: SyntaxTree) -> tuple[dict[int, Node], dict[int, Node]]:
    """Return functions by their first byte, and what holds a value by that of its name."""
    captures = captures_of(tree, QUERY + FIELDS[tree.language.name])
    functions = {node.start_byte: node for node in captures.get("function", [])}
    holders = {}
    for node in captures.get("holder", []):
        name = node.child_by_field_name("name") or node.child_by_field_name("property")
        if name is not None:
            holders[name.start_byte] = node
    return functions, holders


def _above(node: Node) -> Node | None:
    """Return what the documentation of a node stands above, or None where it has no place."""
    if node.type in VALUES:
        node = node.parent or node
        if node.type == "assignment_expression":
            statement = node.parent
            return statement if statement and statement.type == "expression_statement" else None
    if node.type == "variable_declarator":
        declaration = node.parent
        if declaration is None or declaration.type not in DECLARATIONS:
            return None
        if sum(child.type == "variable_declarator" for child in declaration.children) > 1:
            return None
        node = declaration
    return _outermost(node)


def _outermost(node: Node) -> Node | None:
    parent = node.parent
    if parent is not None and parent.type == "export_statement":
        return parent
    if node.type in DECLARATIONS:
        return node if parent is not None and parent.type in HOMES else None
    return node if node.type in SELF | WRAPS else None


def _anchor(node: Node, text: bytes) -> Anchor:
    start = node.start_byte
    line = text.rfind(b"\n", 0, start) + 1
    head = text[line:start]
    before = node.prev_sibling
    comment = None
    if before is not None and before.type == "comment":
        is_doc = text[before.start_byte : before.start_byte + 3] == b"/**"
        if is_doc and not text[before.end_byte : start].strip():
            comment = Span(start=before.start_byte, end=before.end_byte)
    indent = head[: len(head) - len(head.lstrip(b" \t"))]
    return Anchor(start=start, indent=indent, comment=comment)
