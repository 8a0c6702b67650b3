"""Where flows begin and end in a program: its nodes that patterns of sources and sinks mean."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from tidemill.source.program.callgraph import CallGraph
from tidemill.source.program.calls import CallSite
from tidemill.source.program.patterns import ANY_TYPE, Pattern, Patterns
from tidemill.source.program.surface import offered_functions
from tidemill.source.program.syntax import NONE
from tidemill.source.program.typenames import last_part
from tidemill.source.program.values import LOAD

__all__ = ["Sink", "Source", "sanitizers_in", "sinks_in", "sources_in"]

_Entry = tuple[Pattern, str]
_Meant = tuple[int, Pattern, str]

NAMED_FORMS = frozenset({"plain", "new", "tagged"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A node whose value comes from outside.

    Attributes:
        node: The node.
        pattern: The pattern that means it, as written.
        kind: What the pattern stands for.
    """

    node: int
    pattern: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """An argument that must not come from outside.

    Attributes:
        node: The argument's node.
        call: The call's node.
        position: Which argument; -1: what the call is called on.
        pattern: The pattern that means it, as written.
        kind: What the pattern stands for.
    """

    node: int
    call: int
    position: int
    pattern: str
    kind: str


def sources_in(graph: CallGraph, patterns: Iterable[tuple[Pattern, str]]) -> list[Source]:
    """Return every source, in the order of the program's nodes."""
    patterns = list(patterns)
    wanted = Patterns(patterns)
    found: dict[int, Source] = {}
    for node, pattern, kind in (
        *_read_members(graph, wanted),
        *_called(graph, wanted),
        *_parameters(graph, patterns),
        *_callbacks(graph, [entry for entry in patterns if entry[0].role == "callback"]),
    ):
        found.setdefault(node, Source(node=node, pattern=pattern.text, kind=kind))
    return [found[node] for node in sorted(found)]


def sinks_in(graph: CallGraph, patterns: Iterable[tuple[Pattern, str]]) -> list[Sink]:
    """Return every sink, in the order of the program's calls."""
    wanted = Patterns(patterns)
    found: list[Sink] = []
    for call in graph.calls.values():
        for pattern, kind in _meaning(graph, call, wanted):
            nodes = [
                (place, argument.node)
                for place, argument in enumerate(call.arguments)
                if pattern.takes(place)
            ]
            if pattern.with_receiver and call.receiver != NONE:
                nodes.append((NONE, call.receiver))
            found += [
                Sink(node=node, call=call.node, position=place, pattern=pattern.text, kind=kind)
                for place, node in nodes
            ]
    return found


def sanitizers_in(
    graph: CallGraph, sanitizers: Mapping[Pattern, frozenset[str]]
) -> dict[int, frozenset[str]]:
    """Return the calls that make a value harmless, with the harms that they prevent.

    An empty set stands for all.
    """
    wanted = Patterns((pattern, pattern.text) for pattern in sanitizers)
    kinds = {pattern.text: prevented for pattern, prevented in sanitizers.items()}
    found: dict[int, frozenset[str]] = {}
    for call in graph.calls.values():
        for _, text in _meaning(graph, call, wanted):
            known = found.get(call.node)
            both = kinds[text] if known is None else known | kinds[text]
            found[call.node] = frozenset() if known == frozenset() or not kinds[text] else both
    return found


def _meaning(graph: CallGraph, call: CallSite, wanted: Patterns) -> list[tuple[Pattern, str]]:
    own = call.name if call.form in NAMED_FORMS else ""
    found = wanted.meaning(own, graph.names.get(call.node, ()))
    if call.form == "member" and call.node not in graph.targets:
        found += [entry for entry in wanted.any_receiver(call.name) if entry not in found]
    return found


def _read_members(graph: CallGraph, wanted: Patterns) -> Iterator[tuple[int, Pattern, str]]:
    members = wanted.members
    nodes: dict[int, bool] = {}
    for ways in graph.program.out.values():
        for target, op, label, _ in ways:
            if op == LOAD and not members.isdisjoint(label):
                nodes[target] = nodes.get(target, False) or len(label) > 1
    for node in sorted(nodes):
        names = graph.resolver.find(node).names
        for pattern, kind in wanted.meaning("", names):
            # Of a longer path the member is a source of its own, unless it was read at once.
            if nodes[node] or any(pattern.is_exactly(name) for name in names):
                yield node, pattern, kind


def _called(graph: CallGraph, wanted: Patterns) -> Iterator[tuple[int, Pattern, str]]:
    for call in graph.calls.values():
        names = graph.names.get(call.node, ())
        for pattern, kind in _meaning(graph, call, wanted):
            # What is called on a source is none itself: ``req.body.text.trim()``.
            if not names or any(pattern.is_exactly(name) for name in names):
                yield call.node, pattern, kind


def _parameters(graph: CallGraph, patterns: list[_Entry]) -> Iterator[_Meant]:
    typed = [entry for entry in patterns if entry[0].role == "parameter"]
    for node in graph.program.functions if typed else ():
        yield from _typed(graph, node, typed)
    offered = [entry for entry in patterns if entry[0].role == "exported"]
    for node in offered_functions(graph) if offered else ():
        any_type = [entry for entry in offered if entry[0].name == ANY_TYPE]
        for parameter in _places(graph, node) if any_type else ():
            yield (parameter, *any_type[0])
        yield from _typed(graph, node, offered)


def _places(graph: CallGraph, function: int) -> list[int]:
    """Return the nodes of a function's parameters."""
    file, found = graph.program.file_of(function), graph.program.functions[function]
    return [] if file is None else [parameter.at + file.first for parameter in found.parameters]


def _has_type(graph: CallGraph, parameter: int) -> bool:
    file = graph.program.file_of(parameter)
    if file is None:
        return False
    place = file.syntax.starts[parameter - file.first]
    return graph.resolver.types.type_of(file.path, place) is not None


def _typed(graph: CallGraph, function: int, patterns: list[_Entry]) -> Iterator[_Meant]:
    for parameter in _places(graph, function):
        names = graph.resolver.type_names(parameter) if _has_type(graph, parameter) else ()
        for pattern, kind in patterns:
            if any(pattern.name in {name, last_part(name)} for name in names):
                yield parameter, pattern, kind


def _callbacks(graph: CallGraph, patterns: list[_Entry]) -> Iterator[_Meant]:
    """Yield parameters of functions that are handed to a call, unless their type is known."""
    wanted = Patterns((replace(pattern, role="value"), kind) for pattern, kind in patterns)
    for call in graph.calls.values() if patterns else ():
        for pattern, kind in _meaning(graph, call, wanted):
            for argument in call.arguments:
                for function in sorted(graph.resolver.find(argument.node).functions):
                    for place, parameter in enumerate(_places(graph, function)):
                        if pattern.takes(place) and not _has_type(graph, parameter):
                            yield parameter, pattern, kind
