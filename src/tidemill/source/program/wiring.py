"""What goes through calls: arguments, receivers, returned values.

Edges into and out of a function carry the call that they belong to, so that a flow which
enters through one call does not leave through another. A getter is a call of what returns
its value, a setter one of what takes it.
"""

from collections.abc import Collection, Iterable, Mapping

from tidemill.source.program.calls import CallSite
from tidemill.source.program.hierarchy import Hierarchy
from tidemill.source.program.methods import UnknownCalls
from tidemill.source.program.program import Program
from tidemill.source.program.resolution import Resolver
from tidemill.source.program.syntax import NONE
from tidemill.source.program.targets import SETTER
from tidemill.source.program.values import (
    ENTER,
    EXIT,
    INIT,
    LOAD,
    STORE,
)

__all__ = ["Wiring"]


class Wiring:
    """Puts what goes through calls into the graph of a program.

    Args:
        program: The program.
        resolver: Answers what expressions may be.
        hierarchy: The classes.

    Attributes:
        instantiated: Classes of which the program makes instances.
    """

    def __init__(self, program: Program, resolver: Resolver, hierarchy: Hierarchy) -> None:
        self._program = program
        self._resolver = resolver
        self._hierarchy = hierarchy
        self.instantiated: set[int] = set()
        self._made: set[tuple[int, int]] = set()

    def enter(self, call: CallSite, function: int, shift: int) -> None:
        """Wire a call to a function.

        Args:
            call: The call.
            function: The function's node.
            shift: Arguments before the first parameter's (``call``); -1: the second
                argument holds them all (``apply``).
        """
        program, about = self._program, self._program.functions[function]
        file = program.file_of(function)
        if file is None:
            return
        receiver = file.values.receivers.get(function - file.first)
        if receiver is not None:
            own = self._receiver_of(call, shift)
            if own != NONE:
                program.edge(own, receiver + file.first, ENTER, call=call.node)
        if call.form not in {"new", "super"}:
            returned = self._resolver.returns[function]
            program.edge(returned, call.node, EXIT, call=call.node)
        parameters = [
            (parameter.at + file.first, parameter.is_rest) for parameter in about.parameters
        ]
        self._hand_over(call, parameters, shift)

    def instantiate(self, call: CallSite, at: int) -> None:
        """Let a call's value begin with the fields of a class."""
        if (call.node, at) in self._made or call.form != "new":
            return
        self._made.add((call.node, at))
        for owner in self._hierarchy.upwards(at):
            self.instantiated.add(owner)
            file = self._program.file_of(owner)
            if file is not None:
                instance = file.values.instances[owner - file.first] + file.first
                self._program.edge(instance, call.node, INIT)

    def finish(self, calls: Iterable[CallSite], targets: Mapping[int, Collection[object]]) -> None:
        """Wire what is left: inherited fields, built-in methods, calls of nobody knows what."""
        for at in self._program.classes:
            self._inherit(at)
        self._read_getters()
        self._write_setters()
        unknown = UnknownCalls(self._program, self._resolver)
        for call in calls:
            if call.node not in targets:
                unknown.wire(call)

    def _read_getters(self) -> None:
        """Let a member that is a getter be what it returns."""
        names = {name for found in self._program.classes.values() for name in found.getters}
        reads = {
            (source, target)
            for source, ways in self._program.out.items()
            for target, op, label, _ in ways
            if op == LOAD and label[-1] in names
        }
        for source, target in sorted(reads):
            for getter in sorted(self._resolver.find(target).getters):
                file = self._program.file_of(getter)
                returned = self._resolver.returns[getter]
                self._program.edge(returned, target, EXIT, call=target)
                if file is not None:
                    receiver = file.values.receivers[getter - file.first] + file.first
                    self._program.edge(source, receiver, ENTER, call=target)

    def _write_setters(self) -> None:
        """Hand what is assigned to a member to the setter of that name."""
        names = {
            function.name
            for function in self._program.functions.values()
            if function.kind == "setter"
        }
        writes = {
            (source, target, label)
            for source, ways in self._program.out.items()
            for target, op, label, _ in ways
            if op == STORE and label[-1] in names
        }
        for source, target, label in sorted(writes):
            wanted = (*label[:-1], SETTER + label[-1])
            for setter in sorted(self._resolver.find(target, wanted).functions):
                self._assign(setter, source, target)

    def _assign(self, setter: int, value: int, owner: int) -> None:
        about, file = self._program.functions[setter], self._program.file_of(setter)
        if file is not None and about.parameters:
            parameter = about.parameters[0].at + file.first
            receiver = file.values.receivers[about.at] + file.first
            self._program.edge(value, parameter, ENTER, call=owner)
            self._program.edge(owner, receiver, ENTER, call=owner)

    def _inherit(self, at: int) -> None:
        file = self._program.file_of(at)
        for parent in self._hierarchy.parents.get(at, ()):
            other = self._program.file_of(parent)
            if file is not None and other is not None:
                source = other.values.instances[parent - other.first] + other.first
                target = file.values.instances[at - file.first] + file.first
                self._program.edge(source, target, INIT)

    def _receiver_of(self, call: CallSite, shift: int) -> int:
        if call.form == "new":
            return call.node
        if call.form == "super" or (call.receiver != NONE and self._is_super(call.receiver)):
            return self._around(call)
        if shift:
            return call.arguments[0].node if call.arguments else NONE
        return call.receiver

    def _is_super(self, node: int) -> bool:
        place = self._program.at(node)
        return place is not None and place[0].syntax.kinds[place[1]] == "super"

    def _around(self, call: CallSite) -> int:
        """Return ``this`` of the method that holds a call."""
        place = self._program.at(call.node)
        if place is None:
            return NONE
        file, at = place
        while at != NONE and at not in file.values.receivers:
            at = file.syntax.parents[at]
        return NONE if at == NONE else file.values.receivers[at] + file.first

    def _hand_over(self, call: CallSite, parameters: list[tuple[int, bool]], shift: int) -> None:
        """Hand arguments to parameters."""
        arguments = call.arguments[max(shift, 0) :]
        if shift < 0:
            for argument in call.arguments[1:2]:
                self._spread(call, argument.node, parameters)
            return
        for place, argument in enumerate(arguments):
            if argument.is_spread:
                self._spread(call, argument.node, parameters[place:])
                return
            if place < len(parameters) and not parameters[place][1]:
                self._program.edge(argument.node, parameters[place][0], ENTER, call=call.node)
            elif parameters and parameters[-1][1]:
                element = str(place - len(parameters) + 1)
                self._collect(call, argument.node, parameters[-1][0], element)

    def _collect(self, call: CallSite, source: int, rest: int, element: str) -> None:
        """Make an argument an element of a rest parameter."""
        between = self._program.node(source)
        self._program.edge(source, between, STORE, label=(element,))
        self._program.edge(between, rest, ENTER, call=call.node)

    def _spread(self, call: CallSite, source: int, parameters: list[tuple[int, bool]]) -> None:
        for place, (parameter, is_rest) in enumerate(parameters):
            if is_rest:
                self._program.edge(source, parameter, ENTER, call=call.node)
            else:
                between = self._program.node(source)
                self._program.edge(source, between, LOAD, label=(str(place),))
                self._program.edge(between, parameter, ENTER, call=call.node)
