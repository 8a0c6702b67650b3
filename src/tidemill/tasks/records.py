"""What the store keeps of a text: a row, a body and terms for each of its units or pieces."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tidemill.core.clock import Clock
from tidemill.core.errors import ParseTimeoutError
from tidemill.core.hashing import content_hash
from tidemill.core.settings import Settings
from tidemill.source.language import Language, language_of
from tidemill.source.lines import LineTable
from tidemill.source.parsing import parse
from tidemill.source.pieces import pieces
from tidemill.source.text import SourceText
from tidemill.source.tokens import terms
from tidemill.source.units import Unit, units_of
from tidemill.store.paths import stored_path
from tidemill.store.postings import BODY, DOC, NAME
from tidemill.store.rows import Body, FileRecord, FileRow, UnitRow
from tidemill.tasks.graphs import Graphless, GraphLimits, UnitGraphs

__all__ = ["SLOW", "Indexed", "Limits", "indexed_text", "limits_of"]

VERSION = 4
"""Raised whenever the same file would give other rows, so that it is read again."""

SLOW = "slow"
"""Kind of reason of a file that was not parsed because that takes too long."""

HEAD_BYTES = 8_192
MOST_REGIONS = 50
HEADING_CHARACTERS = 120

GRAPH_SHARE = 5
"""How many times the limit of its parse a file's graphs may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What shapes the rows of a file; nearly all of it goes into its recipe.

    Attributes:
        root: Folder that relative paths count from.
        max_file_bytes: Larger files are not read.
        parse_seconds: Time limit of a parse.
        max_unit_bytes: Bytes that are kept of a unit's text.
        piece_lines: Lines in a piece of other text.
        follow_symlinks: Whether a link is read as the file it leads to. Not in the recipe.
        no_graphs: Why no graphs are to be made; empty when they are. Not in the recipe.
    """

    root: str
    max_file_bytes: int
    parse_seconds: float
    max_unit_bytes: int
    piece_lines: int
    follow_symlinks: bool = False
    no_graphs: str = ""

    @property
    def recipe(self) -> str:
        """A short hash of everything that shapes the rows of a file."""
        shape = (VERSION, self.parse_seconds, self.max_unit_bytes, self.piece_lines)
        return content_hash(repr(shape).encode())[:16]

    @property
    def graphs(self) -> GraphLimits:
        """What a file's graphs may cost."""
        return GraphLimits(
            seconds=GRAPH_SHARE * self.parse_seconds,
            max_unit_bytes=self.max_unit_bytes,
            refused=self.no_graphs,
        )


def limits_of(settings: Settings, root: str) -> Limits:
    """Return what of the settings a worker needs."""
    return Limits(
        root=root,
        max_file_bytes=settings.max_file_bytes,
        parse_seconds=settings.parse_seconds,
        max_unit_bytes=settings.max_unit_bytes,
        piece_lines=settings.piece_lines,
        follow_symlinks=settings.follow_symlinks,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What came of one file.

    Attributes:
        record: What the store keeps.
        fields: The terms of each of its units, in the same order.
        graphless: Its units without a graph, reason by reason.
    """

    record: FileRecord
    fields: tuple[tuple[tuple[Sequence[str], int], ...], ...] = ()
    graphless: tuple[Graphless, ...] = ()


def indexed_text(row: FileRow, source: SourceText, limits: Limits, clock: Clock) -> Indexed:
    """Return the record of a decoded file: by its language, or in pieces.

    Args:
        row: What is known of the file.
        source: Its text.
        limits: What shapes its rows.
        clock: Measures the time that its graphs take.
    """
    language = language_of(row.path, source.data[:HEAD_BYTES])
    if language is None:
        return in_pieces(with_text(row, source, None), source.data, limits)
    try:
        tree = parse(source.data, language, seconds=limits.parse_seconds, path=row.path)
    except ParseTimeoutError as error:
        whole = ((1, source.data.count(b"\n") + 1),)
        named = with_text(
            row, source, language, unparsable=whole, reason=f"{SLOW}: {error.message}"
        )
        return in_pieces(named, source.data, limits)
    table = LineTable(source.data)
    regions = tuple((table.line(span.start), table.line(span.end)) for span in tree.errors)
    named = with_text(row, source, language, unparsable=regions[:MOST_REGIONS])
    units = units_of(tree)
    graphs = UnitGraphs(tree, units, limits=limits.graphs, clock=clock)
    return in_units(named, graphs, table, limits.max_unit_bytes)


def body_key(language: str, text_hash: str, *, cut_at: int = 0) -> str:
    """Return the key of a body: equal ones have the same text and the same graph.

    Args:
        language: What the text was read as.
        text_hash: Of the whole text.
        cut_at: Bytes that are kept of it; 0 when that is all.
    """
    kept = f"/{cut_at}" if cut_at else ""
    return f"{language}.{VERSION}{kept}:{text_hash}"


def with_text(
    row: FileRow,
    source: SourceText,
    language: Language | None,
    *,
    unparsable: tuple[tuple[int, int], ...] = (),
    reason: str = "",
) -> FileRow:
    """Add to a file's row what decoding and parsing found out."""
    return replace(
        row,
        language=language.name if language else None,
        encoding=source.encoding,
        unparsable=unparsable,
        reason=reason,
    )


def in_units(row: FileRow, graphs: UnitGraphs, table: LineTable, most_bytes: int) -> Indexed:
    """Return the record of a parsed file: a row, a body and terms for each unit."""
    tree, units = graphs.tree, graphs.units
    rows, bodies, fields = [], {}, []
    for unit in units:
        text = tree.text[unit.start : unit.end]
        cut_at = most_bytes if len(text) > most_bytes else 0
        key = body_key(tree.language.name, unit.body_hash, cut_at=cut_at)
        rows.append(unit_row(unit, table, key))
        if key not in bodies:
            bodies[key] = Body(hash=key, text=cut(text, most_bytes), graph=graphs.packed(unit))
        if unit.kind == "module":
            text = outside(tree.text, [other for other in units if other.kind != "module"])
        fields.append(unit_fields(unit, text, row.path))
    graphless = graphs.graphless(row.path)
    named = replace(row, reason="; ".join(map(str, graphless)))
    record = FileRecord(file=named, units=tuple(rows), bodies=tuple(bodies.values()))
    return Indexed(record=record, fields=tuple(fields), graphless=graphless)


def unit_row(unit: Unit, table: LineTable, key: str) -> UnitRow:
    """Return the row of a unit whose body has this key."""
    return UnitRow(
        kind=unit.kind,
        name=unit.name,
        qualified_name=unit.qualified_name,
        start_byte=unit.start,
        end_byte=unit.end,
        start_line=table.line(unit.start),
        end_line=table.line(max(unit.start, unit.end - 1)),
        signature=unit.signature,
        doc=unit.doc,
        body_hash=key,
    )


def unit_fields(unit: Unit, text: bytes, path: str) -> tuple[tuple[Sequence[str], int], ...]:
    """Return the terms of a unit by field; a doc inside the text counts there."""
    body = (terms(text.decode("utf-8", "replace")), BODY)
    if unit.kind == "module":
        return (terms(path), NAME), body
    name = (terms(unit.qualified_name), NAME)
    inside = any(unit.start <= span.start < unit.end for span in unit.doc_spans)
    return (name, body) if inside else (name, (terms(unit.doc), DOC), body)


def outside(text: bytes, units: Sequence[Unit]) -> bytes:
    """Return what of a text lies in none of its units, which are in order of their start."""
    kept = []
    position = 0
    for unit in units:
        if unit.start > position:
            kept.append(text[position : unit.start])
        position = max(position, unit.end)
    return b"\n".join([*kept, text[position:]])


def in_pieces(row: FileRow, text: bytes, limits: Limits) -> Indexed:
    """Return the record of a text that is indexed by pieces of some lines."""
    rows, bodies, fields = [], {}, []
    name = row.path.rpartition("/")[2]
    for piece in pieces(text, lines=limits.piece_lines):
        part = text[piece.start : piece.end]
        body = Body(hash=body_key("text", content_hash(part)), text=part)
        bodies[body.hash] = body
        heading = part.strip().partition(b"\n")[0].decode("utf-8", "replace")
        rows.append(
            UnitRow(
                kind="text",
                name=stored_path(name),
                qualified_name=f"{stored_path(row.path)}:{piece.start_line}",
                start_byte=piece.start,
                end_byte=piece.end,
                start_line=piece.start_line,
                end_line=piece.start_line + part.rstrip(b"\n").count(b"\n"),
                signature=heading.strip()[:HEADING_CHARACTERS],
                body_hash=body.hash,
            )
        )
        fields.append(((terms(row.path), DOC), (terms(part.decode("utf-8", "replace")), BODY)))
    record = FileRecord(file=row, units=tuple(rows), bodies=tuple(bodies.values()))
    return Indexed(record=record, fields=tuple(fields))


def cut(text: bytes, most: int) -> bytes:
    """Return at most ``most`` bytes of a text, never half a character."""
    if len(text) <= most:
        return text
    return text[:most].decode("utf-8", "ignore").encode()
