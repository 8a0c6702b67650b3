"""Types for the objects of usage slices that another program made.

A slice names its object, and brings the source of the function that it is in. That source is
read as what it is: the object is the parameter or variable of that name, found in the tree, so
that a name inside another word is never taken for it (the published server takes the first
place in the text that looks like it).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tidemill.core.errors import ParseTimeoutError
from tidemill.metrics.types.canonical import head
from tidemill.source.annotations.finding import can_be_typed, sites_of
from tidemill.source.annotations.scope import type_names_of
from tidemill.source.annotations.site import TypeSite
from tidemill.source.language import LANGUAGES, Language, language_of
from tidemill.source.lines import LineTable, Position
from tidemill.source.parsing import SyntaxTree, parse, parse_fragment
from tidemill.source.slices.usage import MethodSlice, ProgramSlice, UsageSlice
from tidemill.tasks.types.source import Candidate, TypeQuestion, TypeSource

__all__ = ["ObjectType", "object_types"]

PARSE_SECONDS = 5.0
KINDS = frozenset({"parameter", "variable"})
SAYS_NOTHING = frozenset({"object", "void", "any", "unknown", "unk", "never", "undefined", "null"})
"""Heads that the consumer of slices drops, or that say nothing (Joern's pass, and ours)."""

WORDS = {"array": "Array", "function": "Function", "literal": "", "tuple": "Array"}
"""Forms of types, in the words of a graph that knows names alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectType:
    """What an object of a slice seems to be.

    Attributes:
        target: Its name.
        scope: Full name of its method.
        at: Where it is declared, if the slice says so.
        types: Names of types, the most probable first, each with its confidence.
    """

    target: str
    scope: str
    at: Position | None
    types: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Method:
    """A method whose source could be read."""

    slice: MethodSlice
    question: TypeQuestion
    targets: Mapping[int, UsageSlice]


def object_types(program: ProgramSlice, source: TypeSource) -> list[ObjectType]:
    """Return types for the untyped objects of slices.

    Methods without a source, and objects that are neither a parameter nor a variable there, get
    none.

    Args:
        program: From `tidemill.source.slices.formats`.
        source: Who guesses.

    Raises:
        ExpertError: The source cannot be asked.
    """
    methods = [
        method
        for number, own in enumerate(program.methods)
        if (method := _read(own, number)) is not None
    ]
    answers = source.candidates([method.question for method in methods])
    return [
        found for method, own in zip(methods, answers, strict=True) for found in _found(method, own)
    ]


def _read(method: MethodSlice, number: int) -> _Method | None:
    """Read a method's source; None where it has none, or none with an object of a slice."""
    if not method.source.strip() or not method.slices:
        return None
    tree = _tree(method)
    if tree is None:
        return None
    sites = sites_of(tree)
    targets = _targets(method, tree, sites)
    if not targets:
        return None
    question = TypeQuestion(
        path=f"{number}/{method.file or method.full_name}",
        tree=tree,
        sites=sites,
        wanted=sorted(targets),
        names=type_names_of(tree),
        importable={},
    )
    return _Method(slice=method, question=question, targets=targets)


def _targets(
    method: MethodSlice, tree: SyntaxTree, sites: Sequence[TypeSite]
) -> dict[int, UsageSlice]:
    """Return the sites that objects of slices stand for, those without a type."""
    lines = LineTable(tree.text)
    surround = tree.text[: tree.text.index(_text(method))].count(b"\n")
    named: defaultdict[str, list[int]] = defaultdict(list)
    for place, site in enumerate(sites):
        if site.kind in KINDS:
            named[site.name].append(place)
    meant: dict[int, UsageSlice] = {}
    elsewhere: list[UsageSlice] = []
    for own in method.slices:
        line = _line(method, own, surround)
        there = [
            place
            for place in named.get(own.target.name, [])
            if lines.position(sites[place].place.start).line == line
        ]
        # Of several in one line, each slice takes the next.
        free = next((place for place in there if place not in meant), None)
        if free is not None:
            meant[free] = own
        elif not there:
            elsewhere.append(own)
    for own in elsewhere:
        # Without a line, or where nothing is there: of those inside one another the outermost.
        for place in named.get(own.target.name, [])[:1]:
            meant.setdefault(place, own)
    return {place: own for place, own in meant.items() if sites[place].type is None}


def _line(method: MethodSlice, usage: UsageSlice, before: int) -> int | None:
    """Return the line of a declaration in the text that is parsed, as far as the slice says it."""
    if method.at is None or usage.target.at is None:
        return None
    return usage.target.at.line - method.at.line + 1 + before


def _tree(method: MethodSlice) -> SyntaxTree | None:
    """Parse a method's source, in what must surround it."""
    language = _language(method)
    text = _text(method)
    try:
        bare = parse_fragment(text, language, seconds=PARSE_SECONDS)
        if not bare.offset:
            return bare
        wrap = next(one for one in language.wraps if len(one.prefix) == bare.offset)
        return parse(wrap.prefix + text + wrap.suffix, language, seconds=PARSE_SECONDS)
    except ParseTimeoutError:
        return None


def _text(method: MethodSlice) -> bytes:
    return method.source.encode("utf-8", "replace")


def _language(method: MethodSlice) -> Language:
    file = method.file or method.full_name.partition("::")[0]
    language = language_of(file)
    if language is None or not can_be_typed(language.name):
        return LANGUAGES["typescript"]
    return language


def _found(method: _Method, answers: Mapping[int, Sequence[Candidate]]) -> Iterator[ObjectType]:
    for place, own in sorted(method.targets.items()):
        types = tuple(_names(answers.get(place, ())))
        if types:
            yield ObjectType(
                target=own.target.name,
                scope=method.slice.full_name,
                at=own.target.at,
                types=types,
            )


def _names(candidates: Sequence[Candidate]) -> Iterator[tuple[str, float]]:
    """Yield the names of types; of several with one name, the chances add up."""
    chances: dict[str, float] = {}
    for candidate in candidates:
        form = head(candidate.text)
        name = WORDS.get(form, form)
        if name and " " not in name and name.lower() not in SAYS_NOTHING:
            chances[name] = min(1.0, chances.get(name, 0.0) + candidate.confidence)
    yield from sorted(chances.items(), key=lambda pair: -pair[1])
