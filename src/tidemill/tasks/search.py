"""Search: words -> terms -> the store's ranking -> places with their matching lines."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from tidemill.core.errors import InputError, SettingError
from tidemill.core.settings import Settings, resolve
from tidemill.source.language import LANGUAGES, language_of
from tidemill.source.tokens import terms
from tidemill.store.filters import SearchFilters
from tidemill.store.rows import FileRow, Hit
from tidemill.store.snapshot import Snapshot
from tidemill.store.store import Store
from tidemill.tasks.matching import MatchingLine, matching_lines
from tidemill.tasks.whereabouts import required_store_folder

__all__ = ["IndexState", "SearchAnswer", "SearchFilters", "SearchHit", "is_stale", "search"]

LONGEST_QUERY = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """One answer.

    Args:
        path: The file, relative to the indexed root.
        line: First line, counted from 1.
        end_line: Last line.
        kind: ``function``, ``method``, ``module`` or ``text``.
        name: Qualified name.
        signature: Its head on one line.
        language: Name of the language, or None for other text.
        score: BM25; higher is better, only comparable within one answer.
        lines: The lines that show best why it was found.
        why: What each query term added to the score, most first.
        stale: Whether the file is no longer the one that was indexed.
    """

    path: str
    line: int
    end_line: int
    kind: str
    name: str
    signature: str
    language: str | None
    score: float
    lines: tuple[MatchingLine, ...]
    why: tuple[tuple[str, float], ...]
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexState:
    """The snapshot that was searched.

    Args:
        store: Folder of the store.
        root: Folder that relative paths count from.
        files: Files that are indexed in it.
        units: Functions, methods, modules and pieces of text in it.
        stale: How many of the answer's hits lie in files that have changed since.
        eligible: Files that the filters let through, counted where nothing was found.
        unfinished: Whether a run of `index` was stopped, or is at work.
    """

    store: Path
    root: Path
    files: int
    units: int
    stale: int
    eligible: int | None
    unfinished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAnswer:
    """Everything that one search has to say.

    Args:
        query: The words, as they were given.
        terms: What was looked up.
        hits: Best first.
        state: The snapshot that the hits were read from.
    """

    query: str
    terms: tuple[str, ...]
    hits: tuple[SearchHit, ...]
    state: IndexState


def search(
    query: str,
    *,
    settings: Settings | None = None,
    filters: SearchFilters | None = None,
    limit: int | None = None,
    cwd: Path | None = None,
) -> SearchAnswer:
    """Return the functions, modules and texts that best match a query.

    Args:
        query: Plain words, names, or parts of names.
        settings: By default those in force.
        filters: What may answer; by default everything. Its paths count from the store's
            root or from ``cwd``; those that begin with a dot, from ``cwd`` alone.
        limit: How many hits at most; by default the setting ``search_limit``.
        cwd: Where to look for the store; by default the working folder.

    Raises:
        InputError: The query holds no words, or far too many.
        SettingError: A filter names a language that Tidemill does not parse.
        StoreError: There is no index here, or it cannot be read.
    """
    settings = settings or resolve().settings
    filters = filters or SearchFilters()
    _check_languages(filters)
    wanted = _terms_of(query)
    cwd = cwd or Path.cwd()
    folder = required_store_folder(settings, cwd)
    with Store(folder) as store, store.snapshot() as snapshot:
        filters = replace(filters, paths=_placed(filters.paths, store, cwd))
        found = snapshot.search(wanted, limit=limit or settings.search_limit, filters=filters)
        root = store.root
        hits = tuple(_hit(hit, snapshot, root) for hit in found)
        facts = snapshot.facts()
        eligible = None if hits else _eligible(filters, snapshot)
        unfinished = snapshot.unfinished
    state = IndexState(
        store=folder,
        root=root,
        files=facts.files,
        units=sum(facts.units.values()),
        stale=sum(hit.stale for hit in hits),
        eligible=eligible,
        unfinished=unfinished,
    )
    return SearchAnswer(query=query, terms=tuple(wanted), hits=hits, state=state)


def _eligible(filters: SearchFilters, snapshot: Snapshot) -> int:
    return sum(
        row.status == "indexed" and filters.accepts_file(row.path, row.language)
        for row in snapshot.files()
    )


def _placed(globs: Iterable[str], store: Store, cwd: Path) -> tuple[str, ...]:
    """Return globs as the store writes paths, each as it may have been meant."""
    placed = []
    for glob in globs:
        here = store.path_of(os.path.normpath(cwd / glob))
        if glob.partition("/")[0] not in {".", ".."}:
            placed.append(glob)
        placed.append("." if here == str(store.root) else here)
    return tuple(placed)


def _terms_of(query: str) -> list[str]:
    if len(query) > LONGEST_QUERY:
        raise InputError(
            f"a query of {len(query):,} characters is too long",
            hint=f"use at most {LONGEST_QUERY:,}; a few telling words work best",
        )
    wanted = list(dict.fromkeys(terms(query)))
    if not wanted:
        raise InputError("the query holds no words", hint="for example: parse an iso date")
    return wanted


def _check_languages(filters: SearchFilters) -> None:
    for name in sorted(filters.languages - set(LANGUAGES)):
        by_ending = language_of(f"x.{name.lower()}")
        near = [by_ending.name] if by_ending else get_close_matches(name.lower(), LANGUAGES, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(LANGUAGES)}"
        raise SettingError(f"--lang: unknown language {name}", hint=hint)


def _hit(hit: Hit, snapshot: Snapshot, root: Path) -> SearchHit:
    """Dress a row of the ranking with what a reader wants to see of it."""
    unit = hit.unit
    body = snapshot.body(unit.body_hash)
    text = body.text.decode("utf-8", "replace") if body else unit.signature
    return SearchHit(
        path=hit.path,
        line=unit.start_line,
        end_line=unit.end_line,
        kind=unit.kind,
        name=unit.qualified_name,
        signature=unit.signature,
        language=hit.language,
        score=hit.score,
        lines=matching_lines(text, unit.start_line, dict(hit.why), terms),
        why=tuple(sorted(hit.why, key=lambda part: -part[1])),
        stale=is_stale(snapshot.file(hit.path), root),
    )


def is_stale(row: FileRow | None, root: Path) -> bool:
    """Say whether a file is no longer what the index read, by size and time of change."""
    if row is None:
        return True
    try:
        now = (root / row.path).stat()
    except (OSError, ValueError):
        return True
    return (now.st_size, now.st_mtime_ns) != (row.size, row.mtime_ns)
