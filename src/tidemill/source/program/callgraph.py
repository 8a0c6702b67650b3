"""Which function a call calls, and why that is known.

Every call is looked up by searching backwards from its callee. What a search leaves open
because a parameter came in the way is searched again once callers are known, and once more
when it is known what array methods and promises hand to their callbacks.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tidemill.source.program.calls import CallSite, calls_of
from tidemill.source.program.foreign import handler_types
from tidemill.source.program.found import Found, Why
from tidemill.source.program.handlers import HandlerTypes
from tidemill.source.program.hierarchy import Hierarchy
from tidemill.source.program.program import Program
from tidemill.source.program.receivers import NoTypes, ReceiverTypes
from tidemill.source.program.resolution import Resolver
from tidemill.source.program.syntax import NONE
from tidemill.source.program.wiring import Wiring

__all__ = ["CallEdge", "CallGraph", "call_graph_of"]

ROUNDS = 3
INDIRECT = frozenset({"call", "apply"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEdge:
    """A call and one function that it calls.

    Attributes:
        call: The call's node.
        function: The function's node.
        why: What it is known by.
    """

    call: int
    function: int
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CallGraph:
    """The calls of a program.

    Attributes:
        program: The program; its graph holds what goes through the calls.
        resolver: Answers what expressions may be.
        calls: Every call by its node.
        targets: The functions that each resolved call calls.
        names: The full names of what each call calls outside the program.
        wiring: What was put into the graph for the calls.
    """

    program: Program
    resolver: Resolver
    calls: Mapping[int, CallSite]
    targets: Mapping[int, tuple[CallEdge, ...]]
    names: Mapping[int, tuple[str, ...]]
    wiring: Wiring = field(repr=False)

    @property
    def edges(self) -> tuple[CallEdge, ...]:
        """Every call with every function that it calls, in order."""
        return tuple(edge for edges in self.targets.values() for edge in edges)

    def resolved(self) -> dict[str, int]:
        """Return how many calls are resolved, by what the surest target is known by."""
        counted = Counter(min(edge.why for edge in edges).title for edges in self.targets.values())
        return {why.title: counted[why.title] for why in Why if counted[why.title]}


def call_graph_of(
    program: Program, types: ReceiverTypes | None = None, *, by_unique_name: bool = False
) -> CallGraph:
    """Resolve the calls of a program.

    The program's graph takes up what goes through its calls, so a program has one call
    graph; for another one, put the program together again.

    Args:
        program: The program.
        types: Who knows types of variables; by default nobody.
        by_unique_name: Guess that a call of a member whose receiver nobody knows means
            the only method of the program that has that name.
    """
    return _Linker(program, types or NoTypes()).link(by_unique_name=by_unique_name)


class _Linker:
    def __init__(self, program: Program, types: ReceiverTypes) -> None:
        self._program = program
        self._hierarchy = Hierarchy(program)
        self._handlers = HandlerTypes(program, types)
        self._resolver = Resolver(program, self._hierarchy, self._handlers)
        self._calls = {call.node: call for call in calls_of(program)}
        self._targets: dict[int, tuple[CallEdge, ...]] = {}
        self._names: dict[int, tuple[str, ...]] = {}
        self._wiring = Wiring(program, self._resolver, self._hierarchy)

    def link(self, *, by_unique_name: bool) -> CallGraph:
        """Resolve, and wire what is resolved, round by round."""
        self._relate_classes()
        open_calls = list(self._calls.values())
        for _ in range(ROUNDS):
            if not open_calls:
                break
            open_calls = [call for call in open_calls if self._resolve(call)]
            self._learn()
        if by_unique_name:
            self._guess()
        self._wiring.finish(self._calls.values(), self._targets)
        for call in open_calls:
            self._resolve(call)
        return CallGraph(
            program=self._program,
            resolver=self._resolver,
            calls=self._calls,
            targets=self._targets,
            names=self._names,
            wiring=self._wiring,
        )

    def _learn(self) -> None:
        """Learn what functions are called with that are handed to known packages."""
        for node, names in self._names.items():
            if any(handler_types(name, 0) for name in names):
                call = self._calls[node]
                found = (self._resolver.find(argument.node) for argument in call.arguments)
                functions = sorted({function for one in found for function in one.functions})
                self._handlers.learn(names, functions)
        for edges in self._targets.values():
            for edge in edges:
                self._learn_callbacks(self._calls[edge.call], edge.function)

    def _learn_callbacks(self, call: CallSite, function: int) -> None:
        """Learn what functions are called with that the type of a parameter speaks of."""
        file, about = self._program.file_of(function), self._program.functions[function]
        for argument, parameter in zip(call.arguments, about.parameters, strict=False):
            if file is None or argument.is_spread:
                return
            types = self._handlers.handed_on(file.path, file.syntax.starts[parameter.at])
            for callback in sorted(self._resolver.find(argument.node).functions) if types else ():
                self._handlers.give(callback, types)

    def _relate_classes(self) -> None:
        parents: dict[int, list[int]] = {}
        for at, found in self._program.classes.items():
            file = self._program.file_of(at)
            if found.extends != NONE and file is not None:
                parents[at] = list(self._resolver.find(found.extends + file.first).classes)
        self._hierarchy.extend(parents)

    def _resolve(self, call: CallSite) -> bool:
        """Resolve a call; return whether its callers may tell more of it."""
        found, shift = self._found(call)
        edges = tuple(
            CallEdge(call=call.node, function=function, why=why)
            for function, why in sorted(self._functions(call, found).items())
        )
        if found.names:
            self._names[call.node] = tuple(sorted(found.names))
        known = {edge.function for edge in self._targets.get(call.node, ())}
        if edges:
            self._targets[call.node] = edges
        for edge in edges:
            if edge.function not in known:
                self._wiring.enter(call, edge.function, shift)
        return found.depends

    def _found(self, call: CallSite) -> tuple[Found, int]:
        """Return what a call calls, and how many of its arguments come before the first.

        ``f.call(o, x)`` calls ``f``; ``f.apply(o, xs)`` hands on an array.
        """
        found = self._resolver.find(call.callee)
        if call.name in INDIRECT and call.receiver != NONE and not found.functions:
            inner = self._resolver.find(call.receiver)
            if inner.functions:
                return inner, 1 if call.name == "call" else -1
        return found, 0

    def _functions(self, call: CallSite, found: Found) -> dict[int, Why]:
        if call.form not in {"new", "super"}:
            return found.functions
        functions = {} if found.classes else dict(found.functions)
        for at, why in found.classes.items():
            constructor = self._hierarchy.constructor(at)
            self._wiring.instantiate(call, at)
            if constructor is not None:
                functions[constructor] = why
        return functions

    def _guess(self) -> None:
        named: dict[str, list[int]] = {}
        for node, function in self._program.functions.items():
            if function.kind == "method":
                named.setdefault(function.name, []).append(node)
        for call in self._calls.values():
            candidates = named.get(call.name, ())
            known = call.node in self._targets or call.node in self._names
            if call.form == "member" and not known and len(candidates) == 1:
                edge = CallEdge(call=call.node, function=candidates[0], why=Why.NAME)
                self._targets[call.node] = (edge,)
                self._wiring.enter(call, candidates[0], 0)
