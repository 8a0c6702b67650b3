"""Answers for places that stay as they are while a file changes around them."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from tidemill.core.hashing import content_hash
from tidemill.source.parsing import captures_of
from tidemill.source.spans import Span
from tidemill.tasks.types.project import ProjectFile

__all__ = ["AnswerKey", "keys_of", "types_key"]

AnswerKey: TypeAlias = tuple[str, int, tuple[str, ...]]
"""What an answer hangs on: the code around a place, its turn there, and how it is used."""

FUNCTIONS = """
    [(function_declaration) (function_expression) (arrow_function) (method_definition)
     (generator_function) (generator_function_declaration)] @function
"""

SHARED = "[(class_declaration) (class) (import_statement)] @declaration"
TYPED = """
    [(abstract_class_declaration) (interface_declaration) (type_alias_declaration)
     (enum_declaration)] @declaration
"""
DECLARATIONS = {"javascript": SHARED, "typescript": SHARED + TYPED, "tsx": SHARED + TYPED}


def keys_of(file: ProjectFile, uses: Mapping[int, Sequence[str]]) -> list[AnswerKey]:
    """Return what the answers for the sites of a file hang on, site by site.

    The code around a place is the outermost function that it is in, or outside of any, the
    statement of the file that it is in.

    Args:
        file: The file.
        uses: How its places are used, by number of the site.
    """
    functions = _outermost(captures_of(file.tree, FUNCTIONS).get("function", []))
    statements = _outermost(file.tree.tree.root_node.named_children)
    hashes: dict[Span, str] = {}
    turns: Counter[str] = Counter()
    found = []
    for number, site in enumerate(file.sites):
        place = site.place.start
        chunk = _around(functions, place) or _around(statements, place) or site.place
        if chunk not in hashes:
            hashes[chunk] = content_hash(chunk.of(file.text))
        key = hashes[chunk]
        found.append((key, turns[key], tuple(uses.get(number, ()))))
        turns[key] += 1
    return found


def types_key(file: ProjectFile) -> str:
    """Return what the meaning of a file's type names hangs on, so far as the file itself says it.

    What functions of classes do does not count, for people type there all the time; save what
    constructors do, which may declare fields.

    Args:
        file: The file.
    """
    captures = captures_of(file.tree, DECLARATIONS[file.tree.language.name])
    bodies = _outermost(_bodies(file))
    starts = [one.start for one in bodies]
    said = []
    for span in _outermost(captures.get("declaration", [])):
        at = span.start
        for body in bodies[bisect_left(starts, at) : bisect_left(starts, span.end)]:
            said.append(file.text[at : body.start])
            at = body.end
        said.append(file.text[at : span.end])
    return content_hash(b"\0".join(said))


def _bodies(file: ProjectFile) -> Iterator[Any]:
    """Yield the blocks of a file's functions; not those of constructors."""
    for node in captures_of(file.tree, FUNCTIONS).get("function", []):
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        named = file.text[name.start_byte : name.end_byte] if name is not None else b""
        if body is not None and body.type == "statement_block" and named != b"constructor":
            yield body


def _outermost(nodes: Iterable[Any]) -> list[Span]:
    """Return the spans of nodes that lie in no other one, in order."""
    spans = sorted(
        (Span(start=node.start_byte, end=node.end_byte) for node in nodes),
        key=lambda span: (span.start, -span.end),
    )
    found: list[Span] = []
    for span in spans:
        if not found or span.start >= found[-1].end:
            found.append(span)
    return found


def _around(spans: Sequence[Span], place: int) -> Span | None:
    """Return the span that holds a place."""
    row = bisect_right(spans, place, key=lambda span: span.start) - 1
    return spans[row] if row >= 0 and place < spans[row].end else None
