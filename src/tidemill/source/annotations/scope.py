"""The names of types that a file can say: declared, imported, or parameters of something."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from tree_sitter import Node

from tidemill.source.parsing import SyntaxTree, captures_of
from tidemill.source.spans import Span

__all__ = ["TypeName", "TypeNameKind", "qualified_names_of", "type_names_of"]

TypeNameKind = Literal["class", "interface", "alias", "enum", "import", "namespace", "parameter"]

DECLARATIONS: Mapping[str, TypeNameKind] = {
    "class_declaration": "class",
    "abstract_class_declaration": "class",
    "interface_declaration": "interface",
    "type_alias_declaration": "alias",
    "enum_declaration": "enum",
    "internal_module": "namespace",
    "module": "namespace",
}
SHARED = """
    (class_declaration) @declaration
    (import_specifier) @specifier
    (import_clause (identifier) @import)
    (namespace_import (identifier) @namespace)
"""
TYPED = """
    [(abstract_class_declaration) (interface_declaration) (type_alias_declaration)
     (enum_declaration) (internal_module)] @declaration
    (type_parameter) @parameter
"""
QUERIES = {"javascript": SHARED, "typescript": SHARED + TYPED, "tsx": SHARED + TYPED}
QUALIFIED = {
    "javascript": "(member_expression object: (identifier)) @member",
    **dict.fromkeys(
        ("typescript", "tsx"),
        "[(member_expression object: (identifier)) (nested_type_identifier)] @member",
    ),
}
TYPE_LIKE = re.compile(r"(\w+)\s*\.\s*([$_]*[A-Z]\w*)")
"""A name of a module, and one that begins as people begin those of types."""

BLOCKS = frozenset({"program", "statement_block", "class_static_block", "switch_body"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeName:
    """A name that stands for a type in a part of a file.

    Attributes:
        name: As it is written here.
        kind: What declares it; an import may turn out to be no type.
        scope: Where it can be said.
        least: Type arguments that it needs; None where that is not known.
        most: Type arguments that it takes; None where that is not known.
        module: What it is imported from; empty for others.
        imported: Its name there: ``default``, ``*``, or the exported one.
    """

    name: str
    kind: TypeNameKind
    scope: Span
    least: int | None = 0
    most: int | None = 0
    module: str = ""
    imported: str = ""


def type_names_of(tree: SyntaxTree) -> tuple[TypeName, ...]:
    """Find the type names of a parsed file, in order of where they are declared.

    Args:
        tree: A file in JavaScript, TypeScript or TSX; any other has none.
    """
    query = QUERIES.get(tree.language.name)
    if query is None:
        return ()
    captures = captures_of(tree, query)
    found: list[tuple[int, TypeName]] = []
    for node in captures.get("declaration", []):
        found += [(node.start_byte, name) for name in _declared(node, tree.text)]
    for capture in ("specifier", "import", "namespace"):
        for node in captures.get(capture, []):
            found += [(node.start_byte, name) for name in _imported(node, capture, tree.text)]
    for node in captures.get("parameter", []):
        found += [(node.start_byte, name) for name in _parameters(node, tree.text)]
    found.sort(key=lambda pair: pair[0])
    return tuple(name for _, name in found)


def qualified_names_of(tree: SyntaxTree, names: Iterable[TypeName]) -> tuple[TypeName, ...]:
    """Find what a file takes from the modules that it imports whole, and what looks like a type.

    Args:
        tree: A file in JavaScript, TypeScript or TSX; any other has none.
        names: The file's type names.
    """
    modules = {name.name: name for name in names if name.kind == "namespace" and name.module}
    query = QUALIFIED.get(tree.language.name)
    if query is None or not modules:
        return ()
    found: dict[str, TypeName] = {}
    for node in captures_of(tree, query).get("member", []):
        match = TYPE_LIKE.fullmatch(_text(node, tree.text))
        module = modules.get(match[1]) if match is not None else None
        if match is not None and module is not None:
            name = f"{match[1]}.{match[2]}"
            found[name] = replace(module, name=name, kind="import", imported=match[2])
    return tuple(found[name] for name in sorted(found))


def _declared(node: Node, text: bytes) -> Iterator[TypeName]:
    name = node.child_by_field_name("name")
    if name is None or name.type not in {"type_identifier", "identifier"}:
        return
    least, most = _arity(node.child_by_field_name("type_parameters"))
    yield TypeName(
        name=_text(name, text),
        kind=DECLARATIONS[node.type],
        scope=_block_around(node, text),
        least=least,
        most=most,
    )


def _arity(parameters: Node | None) -> tuple[int, int]:
    """Return how many type arguments are needed, and how many are taken."""
    if parameters is None:
        return 0, 0
    own = [child for child in parameters.named_children if child.type == "type_parameter"]
    needed = [child for child in own if child.child_by_field_name("value") is None]
    return len(needed), len(own)


def _block_around(node: Node, text: bytes) -> Span:
    parent = node.parent
    while parent is not None and parent.type not in BLOCKS:
        parent = parent.parent
    if parent is None or parent.type == "program":
        return Span(start=0, end=len(text))
    return Span(start=parent.start_byte, end=parent.end_byte)


def _imported(node: Node, capture: str, text: bytes) -> Iterator[TypeName]:
    if capture == "specifier":
        original = node.child_by_field_name("name")
        own = node.child_by_field_name("alias") or original
        exported = _text(original, text) if original is not None else ""
    else:
        own, exported = node, "*" if capture == "namespace" else "default"
    if own is None:
        return
    yield TypeName(
        name=_text(own, text),
        kind="namespace" if capture == "namespace" else "import",
        scope=Span(start=0, end=len(text)),
        least=None,
        most=None,
        module=_module_of(node, text),
        imported=exported,
    )


def _module_of(node: Node, text: bytes) -> str:
    statement: Node | None = node
    while statement is not None and statement.type != "import_statement":
        statement = statement.parent
    source = statement.child_by_field_name("source") if statement is not None else None
    return _text(source, text).strip("'\"") if source is not None else ""


def _parameters(node: Node, text: bytes) -> Iterator[TypeName]:
    name = node.child_by_field_name("name")
    owner = node.parent.parent if node.parent is not None else None
    if name is not None and owner is not None:
        scope = Span(start=owner.start_byte, end=owner.end_byte)
        yield TypeName(name=_text(name, text), kind="parameter", scope=scope)


def _text(node: Node, text: bytes) -> str:
    return text[node.start_byte : node.end_byte].decode("utf-8", "replace")
