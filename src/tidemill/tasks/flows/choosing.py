"""What to look for: sets of patterns by name, those of a file, and patterns as written.

A word that names a set means its patterns; any other is a pattern itself. A file of
patterns in TOML has tables ``sources`` and ``sinks``, each with sets by name, and
``sanitizers``, each with the harms that it prevents (none: all)::

    [sources]
    queue = ["Consumer:read", "callback subscribe(0)"]
    [sinks]
    audit = ["log.write(0)"]
    [sanitizers]
    scrub = ["audit"]
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from tidemill.core.errors import InputError, SettingError
from tidemill.core.files import bytes_and_facts
from tidemill.corpus.tables import Table, parsed
from tidemill.source.program.catalogue import (
    FURTHER_SOURCES,
    SANITIZERS,
    SHORT_NAMES,
    SINKS,
    SOURCES,
)
from tidemill.source.program.patterns import Pattern, pattern_from, read_table
from tidemill.source.text import decode

__all__ = ["Choice", "PatternFile", "Wanted", "chosen", "known_sets", "read_pattern_file"]

LARGEST_FILE = 1_000_000
MOST_PATTERNS = 10_000
ALL = "all"
GIVEN = "given"
LIKENESS = 0.8
BETWEEN = re.compile(r",(?![^()]*\))")
BARE = re.compile(r"[\w-]+")

Wanted = list[tuple[Pattern, str]]
"""Patterns, each with what it stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternFile:
    """Patterns of one's own.

    Attributes:
        sources: Sets by name.
        sinks: Sets by name, which is that of the harm.
        sanitizers: Patterns, each with the harms that it prevents.
    """

    sources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sinks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sanitizers: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to look for.

    Attributes:
        sources: Where data come from.
        sinks: Where they do harm.
        sanitizers: What makes them harmless, by pattern; none: of all harms.
    """

    sources: Wanted
    sinks: Wanted
    sanitizers: Mapping[str, Sequence[str]]


def chosen(
    sources: Iterable[str] = (),
    sinks: Iterable[str] = (),
    sanitizers: Iterable[str] = (),
    *,
    own: PatternFile | None = None,
) -> Choice:
    """Read what somebody wants to be looked for.

    Args:
        sources: Names of sets and patterns, several of them separated by commas; without
            any, the sets of one's own, and else what comes in a request.
        sinks: The same; without any, all sets.
        sanitizers: Patterns of what prevents every harm, besides those known for Node.js.
        own: Further sets.

    Raises:
        SettingError: A word is neither a set nor a pattern, or is nearly the name of a set.
    """
    own = own or PatternFile()
    own_sources = list(_words(sources)) or list(own.sources) or list(SOURCES)
    further = dict.fromkeys(_words(sanitizers), ())
    for text in further:
        pattern_from(text)
    return Choice(
        sources=_wanted(own_sources, {**SOURCES, **FURTHER_SOURCES}, own.sources),
        sinks=_wanted(list(_words(sinks)) or [ALL], SINKS, own.sinks),
        sanitizers={**SANITIZERS, **_prevented(own), **further},
    )


def known_sets(own: PatternFile | None = None) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return every set by its name, under ``sources`` and ``sinks``."""
    own = own or PatternFile()
    tables = {
        "sources": {**SOURCES, **FURTHER_SOURCES, **own.sources},
        "sinks": {**SINKS, **own.sinks},
    }
    return {
        role: {name: tuple(texts) for name, texts in sets.items()} for role, sets in tables.items()
    }


def read_pattern_file(path: Path) -> PatternFile:
    """Read a file of patterns.

    Raises:
        InputError: It cannot be read, or something in it is wrong; the error names the line.
    """
    try:
        _, raw, _ = bytes_and_facts(str(path), LARGEST_FILE)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=str(path)) from error
    if len(raw) > LARGEST_FILE:
        raise InputError(f"longer than {LARGEST_FILE:,} bytes", path=str(path))
    table = parsed(decode(raw, str(path)).data.decode(), str(path))
    found = PatternFile(
        sources=table.words("sources"),
        sinks=table.words("sinks"),
        sanitizers=table.words("sanitizers"),
    )
    table.finish()
    _refuse_others(found, table)
    return found


def _refuse_others(found: PatternFile, table: Table) -> None:
    """Refuse what is no pattern, and too many of them."""
    texts = [text for sets in (found.sources, found.sinks) for one in sets.values() for text in one]
    texts += found.sanitizers
    if len(texts) > MOST_PATTERNS:
        raise table.error(f"more than {MOST_PATTERNS:,} patterns")
    for text in texts:
        try:
            pattern_from(text)
        except SettingError as error:
            raise table.error(error.message, text, hint=error.hint) from error


def _prevented(own: PatternFile) -> dict[str, tuple[str, ...]]:
    return {
        text: tuple(SHORT_NAMES.get(kind, kind) for kind in kinds)
        for text, kinds in own.sanitizers.items()
    }


def _words(given: Iterable[str]) -> Iterator[str]:
    for text in given:
        yield from (word.strip() for word in BETWEEN.split(text) if word.strip())


def _wanted(
    words: Sequence[str], known: Mapping[str, Sequence[str]], own: Mapping[str, Sequence[str]]
) -> Wanted:
    found: dict[tuple[Pattern, str], None] = {}
    for word in words:
        name = SHORT_NAMES.get(word, word)
        names = [*known, *own] if word == ALL else [name]
        if word != ALL and name not in known and name not in own:
            _refuse_near(word, [*known, *own])
            found[pattern_from(word), GIVEN] = None
            continue
        for one in names:
            if one in own:
                found.update(dict.fromkeys(read_table({one: own[one]})))
            else:
                found.update(dict.fromkeys(read_table({one: known[one]}, is_foreign=True)))
    return list(found)


def _refuse_near(word: str, names: Sequence[str]) -> None:
    """Refuse a bare word that is nearly the name of a set."""
    short = [name for name, full in SHORT_NAMES.items() if full in names]
    near = get_close_matches(word, [*names, *short, ALL], n=1, cutoff=LIKENESS)
    if near and BARE.fullmatch(word):
        raise SettingError(
            f"no set of patterns is called {word}",
            hint=f"did you mean {near[0]}? A function of that name is {word}(*)",
        )
