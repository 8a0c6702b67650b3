"""Search: words -> terms -> the store's ranking -> places with their matching lines."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from tidemill.core.errors import InputError, SettingError
from tidemill.core.settings import Settings, resolve
from tidemill.serving.hosted import ExpertSource
from tidemill.source.language import LANGUAGES, language_of
from tidemill.source.tokens import terms
from tidemill.store.filters import SearchFilters
from tidemill.store.rows import FileRow
from tidemill.store.snapshot import Snapshot
from tidemill.store.store import Store
from tidemill.tasks.asking import experts_of
from tidemill.tasks.hybrid import Asked, FusedHit, ask, fused_search
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
        score: Higher is better, only comparable within one answer: BM25, or the sum of
            ``parts`` where experts were asked.
        lines: The lines that show best why it was found.
        why: What each query term added to BM25, most first.
        parts: What words and experts added to the score; empty where only words count.
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
    parts: tuple[tuple[str, float], ...]
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
        experts: Names of those that were asked.
        unasked: Why experts that should be asked were not, by name.
    """

    store: Path
    root: Path
    files: int
    units: int
    stale: int
    eligible: int | None
    unfinished: bool
    experts: tuple[str, ...]
    unasked: Mapping[str, str]


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
    experts: ExpertSource | None = None,
) -> SearchAnswer:
    """Return the functions, modules and texts that best match a query.

    Args:
        query: Plain words, names, or parts of names.
        settings: By default those in force.
        filters: What may answer; by default everything. Its paths count from the store's
            root or from ``cwd``; those that begin with a dot, from ``cwd`` alone.
        limit: How many hits at most; by default the setting ``search_limit``.
        cwd: Where to look for the store; by default the working folder.
        experts: Who has the experts; by default this process.

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
        found = experts_of(snapshot, settings, experts)
        asked = ask(found.opened, query, snapshot)
        limit = limit or settings.search_limit
        root = store.root
        hits = tuple(
            _hit(one, snapshot, root) for one in _found(snapshot, wanted, asked, (limit, filters))
        )
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
        experts=tuple(one.name for one in asked),
        unasked=found.missing,
    )
    return SearchAnswer(query=query, terms=tuple(wanted), hits=hits, state=state)


def _found(
    snapshot: Snapshot,
    terms: Sequence[str],
    asked: Sequence[Asked],
    given: tuple[int, SearchFilters],
) -> list[FusedHit]:
    """Rank by words and experts, or by words alone where there are none."""
    limit, filters = given
    if asked:
        return fused_search(snapshot, terms, asked, limit=limit, filters=filters)
    hits = snapshot.search(terms, limit=limit, filters=filters)
    return [FusedHit(hit=hit, score=hit.score, parts={}) for hit in hits]


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


def _hit(found: FusedHit, snapshot: Snapshot, root: Path) -> SearchHit:
    """Dress a row of the ranking with what a reader wants to see of it."""
    hit, unit = found.hit, found.hit.unit
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
        score=found.score,
        lines=matching_lines(text, unit.start_line, dict(hit.why), terms),
        why=tuple(sorted(hit.why, key=lambda part: -part[1])),
        parts=tuple(found.parts.items()),
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
