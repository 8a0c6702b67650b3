"""The names that a file exports."""

from collections.abc import Iterator

from tree_sitter import Node

from tidemill.source.parsing import SyntaxTree, captures_of

__all__ = ["exported_names"]

QUERY = "(program (export_statement) @export)"


def exported_names(tree: SyntaxTree) -> Iterator[tuple[str, str]]:
    """Yield what a file exports of its own: the name here, and the exported one or ``default``.

    Args:
        tree: A file in JavaScript, TypeScript or TSX.
    """
    for statement in captures_of(tree, QUERY).get("export", []):
        yield from _pairs(statement, tree.text)


def _pairs(statement: Node, text: bytes) -> Iterator[tuple[str, str]]:
    """Yield local and exported names of a statement."""
    if statement.child_by_field_name("source") is not None:
        return
    is_default = any(child.type == "default" for child in statement.children)
    declared = statement.child_by_field_name("declaration")
    value = statement.child_by_field_name("value")
    if declared is not None:
        name = declared.child_by_field_name("name")
        if name is not None:
            yield _of(name, text), "default" if is_default else _of(name, text)
    elif value is not None and value.type == "identifier":
        yield _of(value, text), "default"
    for clause in statement.named_children:
        for specifier in clause.named_children if clause.type == "export_clause" else ():
            name = specifier.child_by_field_name("name")
            alias = specifier.child_by_field_name("alias")
            if name is not None:
                yield _of(name, text), _of(alias or name, text)


def _of(node: Node, text: bytes) -> str:
    return text[node.start_byte : node.end_byte].decode("utf-8", "replace")
