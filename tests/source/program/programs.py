"""Small programs, put together from texts."""

from collections.abc import Iterable, Mapping

from tidemill.source.language import language_of
from tidemill.source.program.callgraph import CallGraph, call_graph_of
from tidemill.source.program.flows import FlowLimits, FlowReport, Query, flows_in
from tidemill.source.program.patterns import pattern_from, read_table
from tidemill.source.program.program import Program, program_of
from tidemill.source.program.receivers import (
    DeclaredTypes,
    FirstOf,
    GivenTypes,
    NoTypes,
    ReceiverTypes,
)
from tidemill.source.program.syntax import Syntax, syntax_of

FILE = "app.js"

Files = str | Mapping[str, str]


def syntax(text: str, path: str = FILE) -> Syntax:
    """The syntax of one file."""
    data = text.encode("utf-8", "surrogatepass")
    return syntax_of(data, path, language_of(path, data))


def program(files: Files, manifests: Mapping[str, str] | None = None) -> Program:
    """A program of one text, or of several by their paths."""
    texts = {FILE: files} if isinstance(files, str) else files
    own = {path: text.encode() for path, text in (manifests or {}).items()}
    return program_of((syntax(text, path) for path, text in texts.items()), own)


def declared(found: Program) -> DeclaredTypes:
    """What the files of a program declare."""
    return DeclaredTypes((file.syntax, file.names, file.definitions) for file in found.files)


def inferred(files: Mapping[str, str], types: Mapping[tuple[str, str], str]) -> ReceiverTypes:
    """Types by file and by the text at whose first occurrence the name is declared."""
    return GivenTypes(
        {
            (path, files[path].encode().index(name.encode())): of
            for (path, name), of in types.items()
        }
    )


def graph(
    files: Files, types: ReceiverTypes | None = None, *, by_unique_name: bool = False
) -> CallGraph:
    """The call graph with the types that the files declare, and those that are given."""
    found = program(files)
    known = declared(found) if types is None else FirstOf(declared(found), types)
    return call_graph_of(found, known, by_unique_name=by_unique_name)


def untyped(files: Files) -> CallGraph:
    """The call graph without any types."""
    return call_graph_of(program(files), NoTypes())


def targets(found: CallGraph) -> dict[str, list[tuple[str, str]]]:
    """Per call, by its text, the names of what it calls and why."""
    named: dict[str, list[tuple[str, str]]] = {}
    for call, edges in found.targets.items():
        functions = found.program.functions
        named[text_of(found, call)] = [(functions[e.function].name, e.why.title) for e in edges]
    return named


def names(found: CallGraph) -> dict[str, tuple[str, ...]]:
    """Per call, by its text, the full names of what it calls outside the program."""
    return {text_of(found, call): full for call, full in found.names.items()}


def text_of(found: CallGraph, call: int) -> str:
    """The text of a call."""
    site = found.calls[call]
    text = found.program.by_path[site.path].syntax.text
    return text[site.start : site.end].decode()


def flows(
    files: Files,
    *,
    sources: Iterable[str] = ("source",),
    sinks: Iterable[str] = ("sink",),
    sanitizers: Iterable[str] = ("clean",),
    limits: FlowLimits | None = None,
    types: ReceiverTypes | None = None,
) -> FlowReport:
    """The flows of a program from ``source()`` to ``sink(...)``, or what is named."""
    return flows_in(
        graph(files, types),
        Query(
            sources=read_table({"source": sources}),
            sinks=read_table({"sink": sinks}),
            sanitizers={pattern_from(text): frozenset() for text in sanitizers},
            limits=limits or FlowLimits(),
        ),
    )
