"""Reading: one consistent state of the store, whatever is written meanwhile."""

import json
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tidemill.store.cache import PostingCache
from tidemill.store.faults import taking_for_damage
from tidemill.store.filters import SearchFilters
from tidemill.store.paths import real_path, stored_path
from tidemill.store.ranking import Collection, Found, best, collection_of, scores_of
from tidemill.store.rows import KINDS, Body, FileRow, Hit, StoreFacts, UnitRow
from tidemill.store.schema import format_version
from tidemill.store.segments import Segment, segments_of
from tidemill.store.vectors import VectorIndex, open_vectors

__all__ = ["FILE_COLUMNS", "UNIT_COLUMNS", "Lexicon", "Snapshot", "file_of", "living_files"]

FILE_COLUMNS = (
    "path, language, size, mtime_ns, inode, ctime_ns, content_hash, encoding, status, reason,"
    " recipe, unparsable"
)
UNIT_COLUMNS = (
    "kind, name, qualified_name, start_byte, end_byte, start_line, end_line, signature, doc,"
    " body_hash"
)
EVERYTHING = SearchFilters()
ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lexicon:
    """What searching keeps in memory for one generation of the store."""

    generation: int
    segments: tuple[Segment, ...]
    collection: Collection


class Snapshot:
    """The store at one moment; made by `Store.snapshot`.

    Args:
        connection: Inside a read transaction.
        folder: The store's.
        lexicon: What an earlier snapshot had read for searching.
        vectors: What earlier ones had read of experts' vectors, by hash.

    Attributes:
        connection: As given, for reading in the same transaction.
        folder: As given.
        known_lexicon: The newest that was read, for the next snapshot.
        known_vectors: As well.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        folder: Path,
        lexicon: Lexicon | None = None,
        vectors: Mapping[str, VectorIndex] | None = None,
    ) -> None:
        self.connection = connection
        self.folder = folder
        self.known_lexicon = lexicon
        self.known_vectors: dict[str, VectorIndex] = dict(vectors or {})

    @property
    def generation(self) -> int:
        """A number that rises with every commit."""
        row = self.connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
        return int(row[0])

    @property
    def unfinished(self) -> bool:
        """Whether a run has begun that has not come to its end."""
        row = self.connection.execute("SELECT 1 FROM meta WHERE key = 'unfinished'").fetchone()
        return row is not None

    @property
    def lexicon(self) -> Lexicon:
        """The dictionaries and document tables of this moment, read on first use."""
        generation = self.generation
        known = self.known_lexicon
        if known is None or known.generation != generation:
            segments = segments_of(self.connection, known.segments if known else ())
            cache = known.collection.cache if known else PostingCache()
            cache.retain(segment.id for segment in segments)
            known = Lexicon(
                generation=generation,
                segments=segments,
                collection=collection_of(segments, living_files(self.connection), cache),
            )
            self.known_lexicon = known
        return known

    @taking_for_damage()
    def ranked(
        self, terms: Sequence[str], *, limit: int, filters: SearchFilters = EVERYTHING
    ) -> list[Found]:
        """Return rows of the best units for finished terms, by BM25, best first."""
        return self._best(terms, limit, filters)[:limit]

    @taking_for_damage()
    def scored(self, terms: Sequence[str], units: Sequence[int]) -> list[Found]:
        """Return what BM25 says of these units; those without any of the terms are left out."""
        if not units:
            return []
        asked = np.array(units, dtype=np.int64)
        return scores_of(self.connection, self.lexicon.collection, terms, asked)

    @taking_for_damage()
    def units_of_bodies(
        self, keys: Sequence[str], *, filters: SearchFilters = EVERYTHING
    ) -> dict[str, list[int]]:
        """Return the rows of the units that have these bodies and pass the filters."""
        found: dict[str, list[int]] = {}
        for first in range(0, len(keys), ROWS_AT_ONCE):
            group = keys[first : first + ROWS_AT_ONCE]
            for key, number in self._units_of_some(group, filters):
                found.setdefault(key, []).append(number)
        return found

    def _units_of_some(
        self, keys: Sequence[str], filters: SearchFilters
    ) -> Iterator[tuple[str, int]]:
        places = ", ".join("?" * len(keys))
        if filters.open:
            yield from self.connection.execute(
                f"SELECT body_hash, id FROM units WHERE body_hash IN ({places}) ORDER BY id",  # noqa: S608  marks
                tuple(keys),
            )
            return
        rows = self.connection.execute(
            "SELECT units.body_hash, units.id, units.kind, files.path, files.language"  # noqa: S608  marks
            " FROM units JOIN files ON files.id = units.file"
            f" WHERE units.body_hash IN ({places}) ORDER BY units.id",
            tuple(keys),
        )
        for key, number, kind, path, language in rows:
            if filters.accepts(real_path(path), language, kind):
                yield key, number

    @taking_for_damage()
    def bodies_passing(self, filters: SearchFilters) -> set[str]:
        """Return the keys of the bodies of all units that pass the filters."""
        found: set[str] = set()
        kinds = tuple(filters.kinds or KINDS)
        files = np.flatnonzero(self._passing(filters)).tolist()
        for first in range(0, len(files), ROWS_AT_ONCE):
            group = files[first : first + ROWS_AT_ONCE]
            rows = self.connection.execute(
                f"SELECT body_hash FROM units WHERE file IN ({', '.join('?' * len(group))})"  # noqa: S608  marks
                f" AND kind IN ({', '.join('?' * len(kinds))})",
                (*group, *kinds),
            )
            found.update(key for (key,) in rows)
        return found

    @taking_for_damage()
    def bodies_of_units(self, units: Sequence[int]) -> dict[int, str]:
        """Return the keys of the bodies of units, by the units' rows."""
        found: dict[int, str] = {}
        for first in range(0, len(units), ROWS_AT_ONCE):
            group = units[first : first + ROWS_AT_ONCE]
            places = ", ".join("?" * len(group))
            found |= self.connection.execute(
                f"SELECT id, body_hash FROM units WHERE id IN ({places})",  # noqa: S608  marks
                tuple(group),
            )
        return found

    @taking_for_damage()
    def hits(self, found: Sequence[Found]) -> dict[int, Hit]:
        """Return the units of an answer, with their files, by their rows."""
        return self._hits(found)

    @taking_for_damage()
    def search(
        self, terms: Sequence[str], *, limit: int = 10, filters: SearchFilters = EVERYTHING
    ) -> list[Hit]:
        """Return the best units for finished terms, by BM25.

        Args:
            terms: From the same splitting that the index was made with.
            limit: How many at most.
            filters: What may answer; the rest does not take up places.

        Returns:
            Best first; equal scores by path and place.
        """
        hits = list(self._hits(self._best(terms, limit, filters)).values())
        hits.sort(key=lambda hit: (-hit.score, hit.path, hit.unit.start_byte))
        return hits[:limit]

    def _best(self, terms: Sequence[str], limit: int, filters: SearchFilters) -> list[Found]:
        """Return the best by BM25, and all that are as good as the last of them."""
        lexicon = self.lexicon
        wanted = None if filters.open else self._wanted(filters, lexicon.segments)
        return best(self.connection, lexicon.collection, terms, limit=limit, wanted=wanted)

    def _wanted(
        self, filters: SearchFilters, segments: Sequence[Segment]
    ) -> list[NDArray[np.bool_]]:
        """Return for each segment the documents that the filters let through."""
        passing = self._passing(filters)
        kinds = np.array([not filters.kinds or kind in filters.kinds for kind in KINDS])
        return [
            passing[segment.documents.files] & kinds[segment.documents.kinds]
            for segment in segments
        ]

    def _passing(self, filters: SearchFilters) -> NDArray[np.bool_]:
        """Return for each row number of a file whether the filters let it through."""
        passing = living_files(self.connection)
        if filters.languages or filters.paths:
            rows = self.connection.execute("SELECT id, path, language FROM files")
            for number, path, language in rows:
                passing[number] = filters.accepts_file(real_path(path), language)
        return passing

    def _hits(self, found: Sequence[Found]) -> dict[int, Hit]:
        """Return the units of an answer, with their files, by their rows' numbers."""
        hits: dict[int, Hit] = {}
        for first in range(0, len(found), ROWS_AT_ONCE):
            group = {entry.unit: entry for entry in found[first : first + ROWS_AT_ONCE]}
            places = ", ".join("?" * len(group))
            rows = self.connection.execute(
                f"SELECT units.id, files.path, files.language, {UNIT_COLUMNS} FROM units"  # noqa: S608  constants
                f" JOIN files ON files.id = units.file WHERE units.id IN ({places})",
                tuple(group),
            )
            hits |= {row[0]: hit_of(group[row[0]], row) for row in rows}
        return hits

    def files(self) -> Iterator[FileRow]:
        """Yield every file the store knows, by path."""
        for row in self.connection.execute(f"SELECT {FILE_COLUMNS} FROM files ORDER BY path"):  # noqa: S608  constants
            yield file_of(row)

    def file(self, path: str) -> FileRow | None:
        """Return one file, or ``None``."""
        row = self.connection.execute(
            f"SELECT {FILE_COLUMNS} FROM files WHERE path = ?",  # noqa: S608  constants
            (stored_path(path),),
        ).fetchone()
        return file_of(row) if row else None

    def units(self, path: str) -> list[UnitRow]:
        """Return the units of one file, in order of their place."""
        rows = self.connection.execute(
            f"SELECT {UNIT_COLUMNS} FROM units"  # noqa: S608  constants
            " WHERE file = (SELECT id FROM files WHERE path = ?) ORDER BY id",
            (stored_path(path),),
        )
        return [unit_of(row) for row in rows]

    def body(self, body_hash: str) -> Body | None:
        """Return text and graph under a body's hash, or ``None``."""
        row = self.connection.execute(
            "SELECT hash, packing, text, graph FROM bodies WHERE hash = ?", (body_hash,)
        ).fetchone()
        return checked_body(row) if row else None

    def bodies(self) -> Iterator[Body]:
        """Yield every distinct body: all that an expert needs to embed the store anew."""
        for row in self.connection.execute("SELECT hash, packing, text, graph FROM bodies"):
            yield checked_body(row)

    def experts(self) -> dict[str, str]:
        """Return the experts that searches ask: the hash of each by name."""
        row = self.connection.execute("SELECT value FROM meta WHERE key = 'experts'").fetchone()
        return dict(json.loads(row[0])) if row else {}

    def without_vector(self, expert_hash: str, kinds: Sequence[str]) -> list[str]:
        """Return the keys of bodies of some kinds of units that an expert has not seen.

        Args:
            expert_hash: Whose vectors are looked for.
            kinds: Kinds of units.

        Returns:
            The short ones first, so that those of about one length stand together.
        """
        places = ", ".join("?" * len(kinds))
        rows = self.connection.execute(
            "SELECT hash FROM bodies WHERE hash IN"  # noqa: S608  marks
            f" (SELECT body_hash FROM units WHERE kind IN ({places}))"
            " AND NOT EXISTS (SELECT 1 FROM vectors WHERE body_hash = hash AND expert_hash = ?)"
            " ORDER BY length(text), hash",
            (*kinds, expert_hash),
        )
        return [row[0] for row in rows]

    def vectors(self, expert_hash: str) -> VectorIndex:
        """Return all vectors of an expert, from memory or the cache where those are current.

        Args:
            expert_hash: Whose.
        """
        row = self.connection.execute(
            "SELECT value FROM meta WHERE key = 'vector_changes'"
        ).fetchone()
        changes = int(row[0]) if row else 0
        known = self.known_vectors.get(expert_hash)
        if known is None or known.changes != changes:
            known = open_vectors(self.connection, self.folder, expert_hash, changes=changes)
            self.known_vectors[expert_hash] = known
        return known

    def facts(self) -> StoreFacts:
        """Count what is in the store."""
        return StoreFacts(
            files=self._number("SELECT count(*) FROM files WHERE status = 'indexed'"),
            skipped=self._number("SELECT count(*) FROM files WHERE status = 'skipped'"),
            units=self._counts("SELECT kind, count(*) FROM units GROUP BY kind ORDER BY kind"),
            languages=self._counts(
                "SELECT coalesce(language, 'text'), count(*) FROM files"
                " WHERE status = 'indexed' GROUP BY 1 ORDER BY 2 DESC, 1"
            ),
            reasons=self._counts(
                "SELECT substr(reason, 1, instr(reason || ':', ':') - 1), count(*) FROM files"
                " WHERE status = 'skipped' GROUP BY 1 ORDER BY 2 DESC, 1"
            ),
            bodies=self._number("SELECT count(*) FROM bodies"),
            segments=self._number("SELECT count(*) FROM segments"),
            postings=self._number("SELECT coalesce(sum(postings), 0) FROM segments"),
            bytes_on_disk=self._number("PRAGMA page_count") * self._number("PRAGMA page_size"),
            format_version=format_version(self.connection),
        )

    def _number(self, query: str) -> int:
        return int(self.connection.execute(query).fetchone()[0])

    def _counts(self, query: str) -> dict[str, int]:
        return {str(name): int(count) for name, count in self.connection.execute(query)}


def living_files(connection: sqlite3.Connection) -> NDArray[np.bool_]:
    """Return for each row number ever given to a file whether it is in the store now."""
    highest = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'files'").fetchone()
    living = np.zeros(1 + (highest[0] if highest else 0), dtype=bool)
    ids = [row[0] for row in connection.execute("SELECT id FROM files")]
    living[np.array(ids, dtype=np.int64)] = True
    return living


@taking_for_damage()
def file_of(row: Sequence[object]) -> FileRow:
    """Return the file that `FILE_COLUMNS` selected."""
    path, *middle, unparsable = row
    names = FILE_COLUMNS.split(", ")[1:-1]
    regions = tuple((first, last) for first, last in json.loads(str(unparsable)))
    facts = dict(zip(names, middle, strict=True))
    return FileRow(path=real_path(str(path)), unparsable=regions, **facts)  # type: ignore[arg-type]  # by the schema


def unit_of(row: Sequence[object]) -> UnitRow:
    """Return the unit that `UNIT_COLUMNS` selected."""
    return UnitRow(**dict(zip(UNIT_COLUMNS.split(", "), row, strict=True)))  # type: ignore[arg-type]  # by the schema


def hit_of(found: Found, row: Sequence[object]) -> Hit:
    """Return the hit for a row of unit, path, language and `UNIT_COLUMNS`."""
    _, path, language, *unit = row
    return Hit(
        path=real_path(str(path)),
        language=None if language is None else str(language),
        unit=unit_of(unit),
        score=found.score,
        why=found.parts,
    )


def body_of(row: tuple[str, str, bytes, bytes]) -> Body:
    """Unpack a row of bodies."""
    key, packing, text, graph = row
    return Body(hash=key, text=zlib.decompress(text) if packing == "zlib" else text, graph=graph)


@taking_for_damage()
def checked_body(row: tuple[str, str, bytes, bytes]) -> Body:
    """Unpack a row of bodies as `body_of` does, and tell of damage as SQLite would."""
    return body_of(row)
