"""Flows of data through a folder of JavaScript and TypeScript: from where, to where, how.

Files are found as for every other task. What cannot be read or parsed is reported, and the
rest goes on. Calls are resolved with the types that the files declare, and with those that
somebody hands over, a model's for instance; how many calls each of them resolves is part
of the report.
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from os import path as os_path
from pathlib import Path

from tidemill.core.clock import SystemClock
from tidemill.core.errors import InputError
from tidemill.core.files import bytes_and_facts
from tidemill.core.settings import Settings, resolve
from tidemill.source.language import language_of
from tidemill.source.parsing import parse
from tidemill.source.program.callgraph import CallGraph, call_graph_of
from tidemill.source.program.catalogue import SANITIZERS, SINKS, SOURCES
from tidemill.source.program.flows import Flow, FlowLimits, Query, flows_in
from tidemill.source.program.modules import MANIFEST
from tidemill.source.program.patterns import Pattern, pattern_from, read_table
from tidemill.source.program.program import Program, again, program_of
from tidemill.source.program.receivers import (
    DeclaredTypes,
    FirstOf,
    NoTypes,
    ReceiverTypes,
)
from tidemill.source.program.syntax import Syntax, is_analysable, syntax_of
from tidemill.source.text import decode
from tidemill.tasks.discovery import Candidate, discover

__all__ = ["Problem", "Resolution", "TraceOptions", "TraceReport", "root_of", "trace"]

HEAD_BYTES = 4_096
OWN = "given"

Wanted = Iterable[str | tuple[Pattern, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceOptions:
    """How to look.

    Attributes:
        sanitizers: Patterns of calls whose value is harmless, each with the harms that it
            prevents; none: all. By default those known for Node.js.
        through_unknown: Whether a call that nobody knows lets data through.
        by_unique_name: Whether a member that only one class of the program has is taken
            for that one, whatever it is called on.
        limits: How far to go.
        with_resolution: Whether to count calls without types and with declared ones too.
    """

    sanitizers: Mapping[str, Sequence[str]] = field(default_factory=lambda: SANITIZERS)
    through_unknown: bool = True
    by_unique_name: bool = False
    limits: FlowLimits = field(default_factory=FlowLimits)
    with_resolution: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A file that is not, or not wholly, part of the program.

    Attributes:
        path: Its path in the program.
        message: What is wrong.
    """

    path: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """How many calls have a target in the program, or a full name outside it.

    Attributes:
        types: Which types were known: ``none``, ``declared``, ``inferred``.
        calls: All calls that control can come to.
        resolved: Those with a target, by what it is known by.
        named: Those without a target, but with a full name.
    """

    types: str
    calls: int
    resolved: Mapping[str, int]
    named: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceReport:
    """What was found.

    Attributes:
        root: The folder from which paths count.
        files: How many files the program has.
        flows: One for every pair of source and sink.
        sources: How many sources there are.
        sinks: How many arguments are sinks.
        problems: Files that are left out, or that have errors.
        resolution: How calls were resolved, with more and more types.
        cut: Why something may be missing; empty where nothing is.
        texts: The text of every file with a flow, for places in lines and columns.
    """

    root: Path
    files: int
    flows: tuple[Flow, ...]
    sources: int
    sinks: int
    problems: tuple[Problem, ...]
    resolution: tuple[Resolution, ...]
    cut: tuple[str, ...]
    texts: Mapping[str, bytes] = field(repr=False)


def trace(
    paths: Iterable[str | Path],
    *,
    sources: Wanted | None = None,
    sinks: Wanted | None = None,
    types: ReceiverTypes | None = None,
    options: TraceOptions | None = None,
    settings: Settings | None = None,
) -> TraceReport:
    """Find flows of data through files and folders of JavaScript and TypeScript.

    Args:
        paths: Files and folders; together they are one program.
        sources: Patterns (:mod:`tidemill.source.program.patterns`), as written or with what
            they stand for; by default what comes in a request.
        sinks: Patterns; by default what is known to do harm in Node.js.
        types: Who knows types that the files do not declare: paths are those of the
            report, from its root, with ``/``.
        options: How to look.
        settings: Limits; by default those in force.

    Raises:
        InputError: A path does not exist.
        SettingError: A pattern is none.
    """
    options, settings = options or TraceOptions(), settings or resolve().settings
    query = _query(sources, sinks, options)
    roots = [Path(path) for path in paths]
    root = root_of(roots)
    gathering = _Gathering(root, settings)
    syntaxes = list(gathering.files(roots))
    program = program_of(syntaxes, gathering.manifests)
    levels = list(_graphs(program, types, options))
    graph = levels[-1][1]
    found = flows_in(graph, query, clock=SystemClock())
    touched = {step.path for flow in found.flows for step in (*flow.steps, flow.call)}
    return TraceReport(
        root=root,
        files=len(program.files),
        flows=found.flows,
        sources=found.sources,
        sinks=found.sinks,
        problems=tuple(gathering.problems),
        resolution=tuple(_resolution(name, each) for name, each in levels),
        cut=found.cut,
        texts={path: program.by_path[path].syntax.text for path in sorted(touched)},
    )


def _query(sources: Wanted | None, sinks: Wanted | None, options: TraceOptions) -> Query:
    sanitizers: dict[Pattern, frozenset[str]] = {
        pattern_from(text, is_foreign=text in SANITIZERS): frozenset(kinds)
        for text, kinds in options.sanitizers.items()
    }
    return Query(
        sources=_patterns(sources, SOURCES),
        sinks=_patterns(sinks, SINKS),
        sanitizers=sanitizers,
        through_unknown=options.through_unknown,
        limits=options.limits,
    )


def _patterns(
    wanted: Wanted | None, known: Mapping[str, Iterable[str]]
) -> list[tuple[Pattern, str]]:
    if wanted is None:
        return read_table(known, is_foreign=True)
    return [(pattern_from(one), OWN) if isinstance(one, str) else one for one in wanted]


def _graphs(
    program: Program, types: ReceiverTypes | None, options: TraceOptions
) -> Iterator[tuple[str, CallGraph]]:
    """Yield call graphs with more and more types; the last is the one to use."""
    guess = options.by_unique_name
    declared = DeclaredTypes((file.syntax, file.names, file.definitions) for file in program.files)
    fresh = count()
    steps: list[tuple[str, ReceiverTypes]] = [("none", NoTypes()), ("declared", declared)]
    if types is not None:
        steps.append(("inferred", FirstOf(declared, types)))
    for name, known in steps if options.with_resolution else steps[-1:]:
        own = program if next(fresh) == 0 else again(program)
        yield name, call_graph_of(own, known, by_unique_name=guess)


def _resolution(types: str, graph: CallGraph) -> Resolution:
    return Resolution(
        types=types,
        calls=len(graph.calls),
        resolved=graph.resolved(),
        named=len(set(graph.names) - set(graph.targets)),
    )


def root_of(paths: Iterable[str | Path]) -> Path:
    """Return the folder from which the paths of a program count."""
    roots = [Path(path) for path in paths]
    folders = [root.resolve() if root.is_dir() else root.resolve().parent for root in roots]
    return Path(os_path.commonpath(folders)) if folders else Path.cwd()


class _Gathering:
    """Reads the files of a program, and notes what is wrong with them."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.manifests: dict[str, bytes] = {}
        self.problems: list[Problem] = []
        self._root, self._settings = root, settings

    def files(self, roots: Sequence[Path]) -> Iterator[Syntax]:
        """Yield the syntax of every file that can be read."""
        for found in discover(roots, settings=self._settings):
            name = self._name(found.path)
            if isinstance(found, Candidate):
                syntax = self._read(found.path, name)
                if syntax is not None:
                    yield syntax
            elif is_analysable(language_of(posixpath.basename(name), b"")):
                self.problems.append(Problem(path=name, message=found.reason))

    def _name(self, path: str) -> str:
        place = Path(path)
        inside = place.is_relative_to(self._root)
        return (place.relative_to(self._root) if inside else place).as_posix()

    def _read(self, path: str, name: str) -> Syntax | None:
        is_manifest = posixpath.basename(name) == MANIFEST
        if not is_manifest and not is_analysable(language_of(posixpath.basename(name), b"")):
            return None
        try:
            _, raw, _ = bytes_and_facts(path, self._settings.max_file_bytes)
            if is_manifest:
                self.manifests[name] = raw
                return None
            return self._parsed(raw, name)
        except InputError as error:
            self.problems.append(Problem(path=name, message=error.message))
        except OSError as error:
            self.problems.append(Problem(path=name, message=f"cannot be read: {error.strerror}"))
        return None

    def _parsed(self, raw: bytes, name: str) -> Syntax | None:
        language = language_of(posixpath.basename(name), raw[:HEAD_BYTES])
        if language is None:
            return None
        seconds = self._settings.parse_seconds
        tree = parse(decode(raw, name).data, language, seconds=seconds, path=name)
        if tree.errors:
            places = f"{len(tree.errors):,} place" + ("s" if len(tree.errors) > 1 else "")
            message = f"{places} could not be parsed: flows through them may be missing"
            self.problems.append(Problem(path=name, message=message))
        return syntax_of(tree, name)
