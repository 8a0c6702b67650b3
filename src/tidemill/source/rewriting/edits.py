"""Edits of a text, and what of a syntax tree they are made from."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from tree_sitter import Node

__all__ = ["Change", "Edit", "applied", "only_child", "put", "replaced", "text_of", "words_of"]

WORD = re.compile(rb"[^\W\d]\w*")
MEETING = re.compile(rb"[\w$]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A stretch of the parsed text, and what stands there afterwards.

    Attributes:
        start: First byte.
        end: The byte after its last; the same as ``start`` to put something in.
        text: The new bytes.
    """

    start: int
    end: int
    text: bytes


Change: TypeAlias = tuple[Edit, ...]
"""Edits that keep the meaning only together; they do not overlap."""


def applied(text: bytes, change: Iterable[Edit], offset: int = 0) -> bytes:
    """Return a text after a change.

    Args:
        text: The text.
        change: Its spans count from ``offset`` bytes before the text.
        offset: As in `SyntaxTree`.
    """
    for edit in sorted(change, key=lambda one: (one.start, one.end), reverse=True):
        before, after = text[: edit.start - offset], text[edit.end - offset :]
        text = _apart(_apart(before, edit.text), after)
    return text


def _apart(left: bytes, right: bytes) -> bytes:
    """Join two texts so that no word of one grows together with one of the other."""
    meet = left[-1:] + right[:1]
    return left + (b" " if MEETING.fullmatch(meet) else b"") + right


def replaced(node: Node, text: bytes) -> Edit:
    """Return the edit that puts a text in a node's place."""
    return Edit(start=node.start_byte, end=node.end_byte, text=text)


def put(place: int, text: bytes) -> Edit:
    """Return the edit that puts a text before a byte."""
    return Edit(start=place, end=place, text=text)


def text_of(node: Node) -> bytes:
    """Return what a node covers."""
    return node.text or b""


def words_of(text: bytes) -> frozenset[bytes]:
    """Return the words in a text."""
    return frozenset(WORD.findall(text))


def only_child(node: Node) -> Node | None:
    """Return the only named child of a node, None where there are several or none."""
    return node.named_children[0] if node.named_child_count == 1 else None
