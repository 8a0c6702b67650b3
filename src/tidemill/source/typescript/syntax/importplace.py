"""Where a file has room for another import, and how it writes one."""

from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from tidemill.source.parsing import SyntaxTree

__all__ = ["ImportPlace", "import_place"]

ASIDE = frozenset({"comment", "hash_bang_line"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlace:
    """Where a file has room for another import.

    Attributes:
        at: A byte.
        is_behind: Whether that is the end of a line, behind another import; else a statement
            begins there.
        quote: How the file quotes.
        end: How it ends statements.
    """

    at: int
    is_behind: bool
    quote: str
    end: str


def import_place(tree: SyntaxTree) -> ImportPlace:
    """Return where an import goes: behind the last one, or before the first statement.

    Args:
        tree: A file in TypeScript or TSX.
    """
    top = tree.tree.root_node.named_children
    last = next((one for one in reversed(top) if one.type == "import_statement"), None)
    if last is None:
        return ImportPlace(at=_before(top, tree.text), is_behind=False, quote="'", end=";")
    source = last.child_by_field_name("source")
    opening = tree.text[source.start_byte : source.start_byte + 1] if source else b"'"
    return ImportPlace(
        at=_behind(last, tree.text),
        is_behind=True,
        quote='"' if opening == b'"' else "'",
        end=";" if tree.text[last.end_byte - 1 : last.end_byte] == b";" else "",
    )


def _behind(node: Node, text: bytes) -> int:
    """Return the end of the line on which an import ends, if nothing else begins there."""
    end = text.find(b"\n", node.end_byte)
    end = len(text) if end < 0 else end
    rest = text[node.end_byte : end].strip()
    if rest and not (rest.startswith(b"//") or (rest[:2], rest[-2:]) == (b"/*", b"*/")):
        return node.end_byte
    return end - 1 if text[end - 1 : end] == b"\r" else end


def _before(top: Sequence[Node], text: bytes) -> int:
    """Return the start of the first statement, with the comment that documents it."""
    number = next((n for n, one in enumerate(top) if not _is_aside(one)), None)
    if number is None:
        return 0
    if number and _documents(top[number - 1], top[number], text):
        return top[number - 1].start_byte
    return top[number].start_byte


def _is_aside(node: Node) -> bool:
    """Whether a node is a comment or a directive, such as ``'use strict'``."""
    inner = node.named_children
    is_text = node.type == "expression_statement" and len(inner) == 1
    return node.type in ASIDE or (is_text and inner[0].type == "string")


def _documents(comment: Node, statement: Node, text: bytes) -> bool:
    between = text[comment.end_byte : statement.start_byte]
    is_doc = text[comment.start_byte : comment.start_byte + 3] == b"/**"
    return is_doc and not between.strip() and between.count(b"\n") < 2
