"""The units of a file: its functions, its methods, and the file's own top level.

One query finds everything that matters in the tree; the nesting of what it
found is then rebuilt from spans alone, so that neither the depth of a text nor
its width ever meets a recursion limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Literal, TypeAlias

from tree_sitter import Node

from tidemill.core.hashing import content_hash
from tidemill.source.docs import NO_DOC, Comments, docstring_of
from tidemill.source.naming import Name, held, name_at, name_of
from tidemill.source.parsing import SyntaxTree, captures_of
from tidemill.source.spans import Span
from tidemill.source.tables import UnitTable

__all__ = ["MAX_NESTING", "MODULE_NAME", "Unit", "units_of"]

MODULE_NAME = "<module>"
MAX_NESTING = 64
SIGNATURE_CHARACTERS = 300
SIGNATURE_BYTES = 1_200
WRAPPER_TAIL_BYTES = 64
PENDING = 32
FIRST_BYTE = attrgetter("start_byte")

WRAPPER, DECORATED, DECORATOR, SCOPE, FUNCTION = range(5)
ROLES = (
    (WRAPPER, "wrapper"),
    (DECORATED, "decorated"),
    (DECORATOR, "decorator"),
    (SCOPE, "scope"),
    (FUNCTION, "function"),
)

# First byte, minus the byte after it (outer before inner), role, node id, node, node of the name.
Entry: TypeAlias = tuple[int, int, int, int, Node, Node | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A function, a method, or the top level of a file.

    Attributes:
        kind: What it is.
        name: Its own name; ``<module>`` for the top level.
        qualified_name: The name after those of classes, namespaces and outer
            functions, joined with dots.
        start: First byte; a decorator, annotation or modifier where there is one.
        end: The byte after its last.
        name_start: Byte at which the name begins; it may lie before ``start``
            where several names share one statement.
        signature: The header up to the body on one line, at most 300 characters.
        doc: What its docstring or doc comment says, without markup.
        doc_spans: Where that stands: a docstring inside the unit, comments before it.
        parent: Position of the function around it in the tuple of units.
        body_hash: Content hash of the unit's text.
        node: The function's node; the root for the module.
    """

    kind: Literal["function", "method", "module"]
    name: str
    qualified_name: str
    start: int
    end: int
    name_start: int
    signature: str
    doc: str
    doc_spans: tuple[Span, ...]
    parent: int | None
    body_hash: str
    node: Node


@dataclass(frozen=True, slots=True)
class _Frame:
    """Something that is open while the entries inside it are read."""

    end: int
    path: str
    unit: int | None
    is_class: bool


def units_of(tree: SyntaxTree) -> tuple[Unit, ...]:
    """Find the units of a parsed text.

    Functions count when they have a name: declared, or assigned to a variable,
    property, field or key. Bodiless declarations are no units, and neither is
    what stands more than 64 named levels deep (it belongs to what holds it).

    Args:
        tree: From ``parse`` or ``parse_fragment``.

    Returns:
        Functions in the order of their first bytes, then the module. Spans
        never overlap but by nesting.
    """
    table = tree.language.units
    root = tree.tree.root_node
    # What stands before a fragment is its surroundings, whose text nobody reads.
    source = b" " * tree.offset + tree.text if tree.offset else tree.text
    captures = captures_of(tree, table.query)
    nodes = sorted(captures.get("comment", []), key=FIRST_BYTE)
    comments = Comments(
        source=source,
        starts=[node.start_byte for node in nodes],
        ends=[node.end_byte for node in nodes],
        style=table.docs,
    )
    outline = _Outline(source=source, offset=tree.offset, table=table, comments=comments)
    for entry in _entries(captures, table, source):
        outline.take(entry)
    return (*outline.units, outline.module(root))


def _entries(captures: Mapping[str, list[Node]], table: UnitTable, source: bytes) -> list[Entry]:
    """Order what the query found by place, outer before inner."""
    holders = captures.get("holder", [])
    entries = {entry[3]: entry for entry in _held_entries(holders, source, table)}
    for role, capture in ROLES:
        for node in captures.get(capture, []):
            entries.setdefault(
                node.id, (node.start_byte, -node.end_byte, role, node.id, node, None)
            )
    following = len(source)
    for node in sorted(captures.get("rest", []), key=FIRST_BYTE, reverse=True):
        entries[node.id] = (node.start_byte, -following, SCOPE, node.id, node, None)
        following = node.start_byte
    return sorted(entries.values(), key=itemgetter(0, 1, 2, 3))


def _held_entries(holders: list[Node], source: bytes, table: UnitTable) -> list[Entry]:
    """Make an entry of each value that a holder names."""
    entries: list[Entry] = []
    for holder in holders:
        pairs = held(holder, source, table)
        for name, value in pairs:
            is_function = value.type in table.values
            if is_function or value.type in table.classes:
                place = holder if len(pairs) == 1 else value
                role = FUNCTION if is_function else SCOPE
                entries.append((place.start_byte, -place.end_byte, role, value.id, value, name))
    return entries


class _Outline:
    """Rebuilds the nesting of ordered entries and makes the units.

    Args:
        source: What the tree was parsed from.
        offset: Bytes of it that stand before the text.
        table: The language's table.
        comments: The comments of the source.
    """

    def __init__(self, *, source: bytes, offset: int, table: UnitTable, comments: Comments) -> None:
        self.units: list[Unit] = []
        self._source = source
        self._offset = offset
        self._table = table
        self._comments = comments
        self._frames: list[_Frame] = []
        self._pending: list[tuple[int, int, int]] = []

    def take(self, entry: Entry) -> None:
        """Take the next entry in order of place."""
        start, negative_end, role, _, node, name_node = entry
        end = -negative_end
        if role < SCOPE:
            self._pending = [*self._pending[-PENDING:], (start, end, role)]
            return
        frames = self._frames
        while frames and frames[-1].end <= start:
            frames.pop()
        if start < self._offset or len(frames) >= MAX_NESTING:
            return
        if name_node is not None:
            name: Name | None = name_at(name_node, self._source, self._table)
        else:
            name = name_of(node, self._source, self._table)
        if role == SCOPE:
            self._open(end, node, name)
        elif name is not None and name.text:
            self._add((start, end), node, name)

    def module(self, root: Node) -> Unit:
        """Return the unit of the whole text."""
        doc = docstring_of(root, self._source) if self._table.docs.docstrings else NO_DOC
        text = self._source[self._offset :]
        return Unit(
            kind="module",
            name=MODULE_NAME,
            qualified_name=MODULE_NAME,
            start=0,
            end=len(text),
            name_start=0,
            signature="",
            doc=doc.text,
            doc_spans=self._shifted(doc.spans),
            parent=None,
            body_hash=content_hash(text),
            node=root,
        )

    def _open(self, end: int, node: Node, name: Name | None) -> None:
        """Enter a scope; one without a name only changes what its functions are."""
        outer = self._frames[-1] if self._frames else None
        self._frames.append(
            _Frame(
                end,
                self._path(name) if name is not None else outer.path if outer else "",
                outer.unit if outer else None,
                node.type in self._table.classes,
            )
        )

    def _add(self, place: tuple[int, int], node: Node, name: Name) -> None:
        """Make a function's unit and enter it."""
        start, header_start = self._beginning(*place)
        body = node.child_by_field_name(self._table.bodies.get(node.type, "body"))
        doc = docstring_of(body, self._source) if self._table.docs.docstrings else NO_DOC
        if not self._table.docs.docstrings:
            doc = self._comments.doc_above(start)
        outer = self._frames[-1] if self._frames else None
        path = self._path(name)
        end = min(place[1], len(self._source))
        self.units.append(
            Unit(
                kind="method" if self._is_method(node, name, outer) else "function",
                name=name.text,
                qualified_name=path,
                start=start - self._offset,
                end=end - self._offset,
                name_start=name.start - self._offset,
                signature=self._signature(header_start, body, node, name),
                doc=doc.text,
                doc_spans=self._shifted(doc.spans),
                parent=outer.unit if outer else None,
                body_hash=content_hash(self._source[start:end]),
                node=node,
            )
        )
        self._frames.append(_Frame(place[1], path, len(self.units) - 1, is_class=False))

    def _is_method(self, node: Node, name: Name, outer: _Frame | None) -> bool:
        """Say whether a function belongs to a type."""
        if outer is not None and outer.is_class:
            return True
        return node.type in self._table.methods or bool(name.qualifiers)

    def _path(self, name: Name) -> str:
        """Join a name to those of what is open around it."""
        own = ".".join((*name.qualifiers, name.text)) if name.qualifiers else name.text
        outer = self._frames[-1].path if self._frames else ""
        return f"{outer}.{own}" if outer else own

    def _beginning(self, start: int, end: int) -> tuple[int, int]:
        """Return where a unit and its header begin, counting what stands before it."""
        header = start
        if not self._pending:
            return start, header
        last_start = self.units[-1].start + self._offset if self.units else -1
        for before, after, role in reversed(self._pending):
            if before <= last_start or before > start:
                continue
            if self._stands_before(after, start) if role == DECORATOR else self._holds(after, end):
                start = before
                header = before if role == WRAPPER else header
        self._pending = [pending for pending in self._pending if pending[1] > end]
        return start, header

    def _stands_before(self, after: int, start: int) -> bool:
        """Say whether a decorator that ends at ``after`` is directly before ``start``."""
        return after <= start and not self._comments.without(after, start).strip()

    def _holds(self, after: int, end: int) -> bool:
        """Say whether a wrapper that ends at ``after`` holds nothing after ``end``."""
        tail = self._source[end:after] if 0 <= after - end < WRAPPER_TAIL_BYTES else b"?"
        return not tail.strip(b"; \t\r\n")

    def _signature(self, start: int, body: Node | None, node: Node, name: Name) -> str:
        """Return the header on one line."""
        if body is not None:
            end = body.start_byte
        else:
            parameters = node.child_by_field_name("parameters")
            end = parameters.end_byte if parameters else name.start + len(name.text.encode())
        header = self._comments.without(start, min(end, start + SIGNATURE_BYTES))
        text = " ".join(header.decode("utf-8", "ignore").split())
        return text.rstrip(" {:=")[:SIGNATURE_CHARACTERS]

    def _shifted(self, spans: tuple[Span, ...]) -> tuple[Span, ...]:
        """Express spans in bytes of the text."""
        if not self._offset:
            return spans
        return tuple(
            Span(start=span.start - self._offset, end=span.end - self._offset) for span in spans
        )
