"""What goes through calls of nobody knows what.

Array methods and promises hand on what they are called on to their callbacks, and what
those return to their value. Any other call lets its arguments and what it is called on
through to its value, but for those whose answer is a number or a truth.
"""

from tidemill.source.program.calls import CallSite
from tidemill.source.program.program import Program
from tidemill.source.program.resolution import Resolver
from tidemill.source.program.syntax import NONE
from tidemill.source.program.targets import ANY
from tidemill.source.program.values import CAPTURE, COPY, ENTER, EXIT, LOAD, STORE, THROUGH

__all__ = ["UnknownCalls"]

ELEMENTWISE = frozenset(
    {"map", "forEach", "filter", "find", "findLast", "some", "every", "flatMap", "sort"}
)
KEEPING = frozenset({"filter", "sort", "reverse", "slice", "concat", "flat", "catch", "finally"})
CHOOSING = frozenset({"find", "findLast"})
TAKING = frozenset({"pop", "shift", "at"})
FOLDING = frozenset({"reduce", "reduceRight"})
HANDING_ON = frozenset({"all", "race", "any", "resolve", "allSettled", "from", "of", "freeze"})
ANSWERS = frozenset(
    {"includes", "indexOf", "lastIndexOf", "startsWith", "endsWith", "test", "has", "every"}
    | {"some", "hasOwnProperty", "isArray", "isInteger", "isNaN", "isFinite", "localeCompare"}
    | {"search", "charCodeAt", "codePointAt", "forEach", "findIndex", "getTime", "push"}
    | {"unshift", "equals", "Number", "Boolean", "parseInt", "parseFloat", "BigInt"}
)
MAPS = frozenset({"Map:get", "WeakMap:get"})
SETTLING = "Promise"


class UnknownCalls:
    """Wires calls that resolve to nothing.

    Args:
        program: The program.
        resolver: Answers what expressions may be.
    """

    def __init__(self, program: Program, resolver: Resolver) -> None:
        self._program = program
        self._resolver = resolver

    def wire(self, call: CallSite) -> None:
        """Wire a call of nobody knows what, by the name of its method."""
        callbacks = [self._functions(argument.node) for argument in call.arguments[:2]]
        if call.form == "new":
            self._wire_new(call, callbacks)
        elif call.form == "member" and self._wire_method(call, callbacks):
            return
        elif call.name not in ANSWERS:
            self._let_through(call)

    def _wire_new(self, call: CallSite, callbacks: list[list[int]]) -> None:
        """Wire a constructor that is not of this program."""
        if call.name != SETTLING or not callbacks:
            self._let_through(call)
            return
        for function in callbacks[0]:
            about, file = self._program.functions[function], self._program.file_of(function)
            if about.parameters and file is not None:
                self._settle(call, about.parameters[0].names, file.first)

    def _settle(self, call: CallSite, names: tuple[int, ...], first: int) -> None:
        """Let what ``resolve`` is called with be the value of the promise."""
        for name in names:
            for used, op, _, _ in self._program.out.get(name + first, ()):
                place = self._program.at(used)
                if op not in {CAPTURE, COPY} or place is None:
                    continue
                file, at = place
                parent = file.syntax.parents[at]
                arguments = file.syntax.child(parent, "arguments")
                if file.syntax.child(parent, "function") == at and arguments != NONE:
                    for argument in file.syntax.children(arguments):
                        self._program.edge(argument + file.first, call.node)

    def _wire_method(self, call: CallSite, callbacks: list[list[int]]) -> bool:
        """Wire a method that arrays and promises have; return whether it was one."""
        first = callbacks[0] if callbacks else []
        if call.name in ELEMENTWISE and first:
            self._wire_elements(call, first)
        elif call.name in FOLDING and first:
            self._wire_fold(call, first)
        elif call.name in {"then", "catch", "finally"}:
            self._wire_promise(call, callbacks)
        elif call.name in TAKING or self._is_lookup(call):
            self._program.edge(call.receiver, call.node, LOAD, label=(ANY,))
        else:
            kept = self._kept(call)
            for node in kept:
                self._program.edge(node, call.node)
            return bool(kept)
        return True

    def _is_lookup(self, call: CallSite) -> bool:
        """Whether a call looks something up in a map: what it asks for is not in its value."""
        if call.name != "get":
            return False
        return not MAPS.isdisjoint(self._resolver.find(call.callee).names)

    def _kept(self, call: CallSite) -> list[int]:
        """Return what a method hands on as it is."""
        arguments = [argument.node for argument in call.arguments]
        if call.name in HANDING_ON:
            return arguments[:1]
        if call.name == "assign":
            return arguments
        if call.name in KEEPING:
            return [call.receiver, *(arguments if call.name == "concat" else ())]
        return []

    def _wire_elements(self, call: CallSite, functions: list[int]) -> None:
        program = self._program
        element = program.node(call.receiver)
        program.edge(call.receiver, element, LOAD, label=(ANY,))
        for function in functions:
            self._give(call, function, 0, element)
            self._give(call, function, 2, call.receiver)
            if call.name == "sort":
                self._give(call, function, 1, element)
            if call.name in {"map", "flatMap"}:
                self._take(call, function, STORE if call.name == "map" else COPY)
        if call.name in KEEPING:
            program.edge(call.receiver, call.node)
        elif call.name in CHOOSING:
            program.edge(element, call.node)

    def _wire_fold(self, call: CallSite, functions: list[int]) -> None:
        program = self._program
        element, folded = program.node(call.receiver), program.node(call.node)
        program.edge(call.receiver, element, LOAD, label=(ANY,))
        program.edge(folded, call.node)
        for argument in call.arguments[1:2]:
            program.edge(argument.node, folded)
        for function in functions:
            self._give(call, function, 0, folded)
            self._give(call, function, 1, element)
            program.edge(self._resolver.returns[function], folded, EXIT, call=call.node)

    def _wire_promise(self, call: CallSite, callbacks: list[list[int]]) -> None:
        handlers = callbacks[0] if callbacks else []
        if call.name == "then":
            for function in handlers:
                self._give(call, function, 0, call.receiver)
        else:
            self._program.edge(call.receiver, call.node)
        if call.name != "finally":
            for function in [function for group in callbacks for function in group]:
                self._take(call, function, COPY)

    def _give(self, call: CallSite, function: int, place: int, node: int) -> None:
        """Hand a node to a parameter of a callback."""
        about, file = self._program.functions[function], self._program.file_of(function)
        if file is not None and place < len(about.parameters) and node != NONE:
            target = about.parameters[place].at + file.first
            self._program.edge(node, target, ENTER, call=call.node)

    def _take(self, call: CallSite, function: int, op: int) -> None:
        """Make what a callback returns the value of a call, or an element of it."""
        between = self._program.node(call.node)
        self._program.edge(self._resolver.returns[function], between, EXIT, call=call.node)
        self._program.edge(between, call.node, op, label=(ANY,) if op == STORE else ())

    def _functions(self, node: int) -> list[int]:
        place = self._program.at(node)
        if place is None or place[0].syntax.kinds[place[1]] in {"string", "number", "object"}:
            return []
        return sorted(self._resolver.find(node).functions)

    def _let_through(self, call: CallSite) -> None:
        for argument in call.arguments:
            self._program.edge(argument.node, call.node, THROUGH, call=call.node)
        if call.receiver != NONE:
            self._program.edge(call.receiver, call.node, THROUGH, call=call.node)
