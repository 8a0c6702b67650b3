"""What an expression may be: functions, classes, or something foreign with its full name.

A search backwards along the values: from a callee to where the function was made. On the
way it carries the path of what is asked for: ``repo.find`` is ``find`` of what ``repo`` is.
Where the way ends outside the program, the path is the name:
``fs.readFile``, ``pg.Pool:query``, ``mysql.createConnection().query``.
"""

from heapq import heappop, heappush

from tidemill.source.program.foreign import names_by_type
from tidemill.source.program.found import (
    CALLED,
    INSTANCE,
    INSTANCE_OF,
    Found,
    Why,
    full_name,
)
from tidemill.source.program.hierarchy import Hierarchy
from tidemill.source.program.program import File, Program
from tidemill.source.program.receivers import ReceiverType, ReceiverTypes
from tidemill.source.program.syntax import NONE
from tidemill.source.program.targets import ANY, SETTER
from tidemill.source.program.typenames import last_part
from tidemill.source.program.values import CAPTURE, COPY, ENTER, INIT, LOAD, MADE, STORE, Label

__all__ = ["Resolver"]

MOST_STATES = 400
LONGEST_PATH = 8
# What is asked of an array or map itself, and not of something in it.
NEVER_ELEMENTS = frozenset(
    {
        CALLED,
        INSTANCE,
        INSTANCE_OF,
        "push",
        "pop",
        "shift",
        "unshift",
        "splice",
        "slice",
        "concat",
        "join",
    }
    | {"map", "filter", "forEach", "reduce", "reduceRight", "find", "findIndex", "some", "every"}
    | {"indexOf", "lastIndexOf", "includes", "sort", "reverse", "keys", "values", "entries"}
    | {"flat", "flatMap", "fill", "length", "size", "has", "get", "set", "add", "delete", "clear"}
    | {"then", "catch", "finally", "at", "toString"}
)
FREE = frozenset({"identifier", "shorthand_property_identifier"})
BEHIND_TYPES = frozenset({"interface", "alias"})


class Resolver:
    """Answers what expressions may be.

    Args:
        program: The program.
        hierarchy: Its classes.
        types: Who knows types of variables.

    Attributes:
        exports: Nodes of what files export.
        receivers: The function of every ``this``.
        returns: What every function returns.
        imported: Nodes that stand for something imported.
    """

    def __init__(self, program: Program, hierarchy: Hierarchy, types: ReceiverTypes) -> None:
        self.program: Program = program
        self.hierarchy: Hierarchy = hierarchy
        self.types: ReceiverTypes = types
        self.exports: set[int] = {file.first + file.values.exports for file in program.files}
        self.receivers: dict[int, int] = {
            file.first + node: at + file.first
            for file in program.files
            for at, node in file.values.receivers.items()
        }
        self.returns: dict[int, int] = {
            at + file.first: file.first + node
            for file in program.files
            for at, node in file.values.returns.items()
        }
        self.imported: set[int] = {
            taken.at + file.first for file in program.files for taken in file.imports
        }

    def find(self, node: int, path: Label = ()) -> Found:
        """Return what a field of a node may be; the node itself without a path."""
        return _Search(self, node, path).run()

    def type_names(self, node: int) -> dict[str, Why]:
        """Return the names of the types that a node is known to have."""
        found = self.find(node, (INSTANCE_OF,))
        return {
            name.rpartition(":")[0]: why
            for name, why in found.names.items()
            if name.endswith(f":{INSTANCE_OF}")
        }


class _Search:
    """One search, each state once: what is surest first, and of that the nearest."""

    def __init__(self, resolver: Resolver, node: int, path: Label) -> None:
        self._owner = resolver
        self._program, self._hierarchy = resolver.program, resolver.hierarchy
        self._found = Found()
        self._done: set[tuple[int, Label]] = set()
        self._pushed = 0
        self._queue: list[tuple[Why, int, int, Label]] = []
        self._push(node, path, Why.BINDING)

    def run(self) -> Found:
        """Search."""
        for _ in range(MOST_STATES):
            if not self._queue:
                break
            why, _, node, path = heappop(self._queue)
            if (node, path) not in self._done:
                self._done.add((node, path))
                self._step(node, path, why)
        return self._found

    def _push(self, node: int, path: Label, why: Why) -> None:
        if len(path) <= LONGEST_PATH and (node, path) not in self._done:
            self._pushed += 1
            heappush(self._queue, (why, self._pushed, node, path))

    def _step(self, node: int, path: Label, why: Why) -> None:
        program = self._program
        if node in program.foreign:
            self._name(full_name(program.foreign[node], path), why)
        elif node in program.functions:
            self._at_function(node, path, why)
        elif node in program.classes:
            self._at_class(node, path, why)
        elif node in self._owner.receivers:
            self._at_receiver(node, path, why)
        else:
            self._at_expression(node, path, why)

    def _name(self, name: str, why: Why) -> None:
        for known in names_by_type(name):
            self._found.names.setdefault(known, why)

    def _back(self, node: int, path: Label, why: Why) -> None:
        """Go on to where a value comes from."""
        exports = self._owner.exports
        for source, op, label, _ in self._program.into.get(node, ()):
            is_foreign = source in exports and not self._is_in(source, node)
            reached = max(why, Why.IMPORT) if is_foreign else why
            if op == MADE:
                self._push(source, (INSTANCE, *path), max(why, Why.THIS))
            elif op == LOAD:
                self._push(source, (*label, *path), reached)
            elif op == STORE:
                if _covers(label, path):
                    self._push(source, path[len(label) :], reached)
            elif op == ENTER:
                self._push(source, path, max(why, Why.CALLBACK))
            elif op in {CAPTURE, INIT} or (
                op == COPY and not (label and path[: len(label)] == label)
            ):
                self._push(source, path, reached)

    def _is_in(self, exports: int, node: int) -> bool:
        """Whether a node is in the file of which another is what it exports."""
        return self._program.file_of(exports) is self._program.file_of(node)

    def _at_function(self, node: int, path: Label, why: Why) -> None:
        if not path:
            self._found.functions.setdefault(node, why)
        elif path[0] == CALLED:
            self._push(self._owner.returns[node], path[1:], why)
            file = self._program.file_of(node)
            if len(path) > 1 and file is not None:
                place = file.syntax.starts[node - file.first]
                known = self._owner.types.returned_by(file.path, place)
                if known is not None:
                    self._at_type(file, known, path[1:], why)
        elif path[:2] == ("bind", CALLED):
            self._push(node, path[2:], why)

    def _at_class(self, node: int, path: Label, why: Why) -> None:
        if not path:
            self._found.classes.setdefault(node, why)
        elif path[0] == INSTANCE:
            if len(path) > 1:
                self._member(node, path[1:], why)
        else:
            method = self._hierarchy.method(node, path[0], static=True)
            if method is not None:
                self._push(method, path[1:], why)
            self._declared_field(node, path, why)
            self._back(node, path, why)
            self._above(node, path, why)

    def _above(self, node: int, path: Label, why: Why) -> None:
        """Go on to what a class extends: it may be foreign, or no class at all."""
        file = self._program.file_of(node)
        extends = self._program.classes[node].extends
        if extends != NONE and file is not None:
            self._push(extends + file.first, path, why)

    def _declared_field(self, node: int, path: Label, why: Why) -> None:
        file = self._program.file_of(node)
        name = self._program.classes[node].static_fields.get(path[0])
        if file is not None and name is not None:
            self._at_declaration(file, name, path[1:], why)

    def _member(self, node: int, path: Label, why: Why) -> None:
        """Find a member of the instances of a class."""
        hierarchy, name, rest = self._hierarchy, path[0], path[1:]
        if name == INSTANCE_OF:
            self._name(f"{self._program.classes[node].name}:{INSTANCE_OF}", why)
            return
        setter = hierarchy.setter(node, name[1:]) if name.startswith(SETTER) else None
        method = hierarchy.method(node, name) if setter is None else setter
        for found in (
            *((method,) if method is not None else ()),
            *hierarchy.overriding(node, name),
        ):
            self._push(found, rest, why)
        getter = hierarchy.getter(node, name)
        if getter is not None:
            if not rest:
                self._found.getters.add(getter)
            self._push(self._owner.returns[getter], rest, why)
        if method is None and getter is None:
            self._field(node, path, why)

    def _field(self, node: int, path: Label, why: Why) -> None:
        hierarchy, rest = self._hierarchy, path[1:]
        declared = hierarchy.field(node, path[0])
        if declared is not None:
            place = self._program.at(declared)
            if place is not None:
                self._at_declaration(place[0], place[1], rest, why)
        for value, inside in hierarchy.written(node, path[0]):
            if _covers(inside, rest):
                self._push(value, rest[len(inside) :], why)
        for owner in hierarchy.upwards(node):
            file = self._program.file_of(owner)
            if file is not None:
                instance = file.values.instances[owner - file.first]
                self._back(instance + file.first, path, why)
            self._above(owner, (INSTANCE, *path), why)

    def _at_receiver(self, node: int, path: Label, why: Why) -> None:
        function = self._owner.receivers[node]
        file, about = self._program.file_of(node), self._program.functions[function]
        if path and about.owner != NONE and file is not None and not about.is_static:
            self._member(about.owner + file.first, path, max(why, Why.THIS))
        else:
            self._back(node, path, max(why, Why.THIS))

    def _at_expression(self, node: int, path: Label, why: Why) -> None:
        place = self._program.at(node)
        if place is None:
            return
        file, at = place
        if node - file.first >= len(file.syntax.kinds):
            self._back(node, path, why)
            return
        kind = file.syntax.kinds[at]
        if kind in {"new_expression", "call_expression"}:
            self._at_call(file, at, path, why)
        elif kind == "super":
            self._at_super(file, at, path, why)
        elif at in file.names.variables:
            self._at_variable(file, at, path, why)
        else:
            if kind in FREE:
                self._name(full_name(file.syntax.word(at), path), why)
            elif kind.endswith("pattern"):
                self._at_declaration(file, at, path, why)
            self._back(node, path, why)

    def _at_call(self, file: File, at: int, path: Label, why: Why) -> None:
        self._back(at + file.first, path, why)
        if at + file.first in self._owner.imported:
            return
        callee = file.syntax.child(at, "constructor")
        if callee != NONE:
            if path:
                reached = max(why, Why.CONSTRUCTOR)
                self._push(callee + file.first, (INSTANCE, *path), reached)
            return
        callee = file.syntax.child(at, "function")
        if callee != NONE:
            self._push(callee + file.first, (CALLED, *path), why)

    def _at_super(self, file: File, at: int, path: Label, why: Why) -> None:
        """Go on to what the class around extends."""
        is_static = False
        while at not in file.definitions.classes:
            function = file.definitions.functions.get(at)
            is_static = is_static or (function is not None and function.is_static)
            at = file.syntax.parents[at]
            if at == NONE:
                return
        wanted = (INSTANCE, *path) if path and not is_static else path
        self._above(at + file.first, wanted, max(why, Why.THIS))

    def _at_variable(self, file: File, at: int, path: Label, why: Why) -> None:
        variable = file.names.variables[at]
        self._at_declaration(file, variable.at, path, why)
        if variable.kind == "parameter":
            self._found.depends = True
        if variable.kind in BEHIND_TYPES and path[:1] == (INSTANCE,):
            self._interface(variable.name, path, why)
            return
        self._back(at + file.first, path, why)

    def _at_declaration(self, file: File, at: int, path: Label, why: Why) -> None:
        """Ask for the type of what is declared at a node; its values are looked at as well."""
        if path and path[0] not in {INSTANCE, CALLED}:
            known = self._owner.types.type_of(file.path, file.syntax.starts[at])
            if known is not None:
                self._at_type(file, known, path, why)

    def _at_type(self, file: File, known: ReceiverType, path: Label, why: Why) -> None:
        """Go on to a member of a type, by its name as it is known in a file."""
        why = max(why, Why.DECLARED if known.origin == "declared" else Why.INFERRED)
        head, *rest = known.name.split(".")
        variable = file.names.top.get(head)
        inside = (*rest, INSTANCE, *path)
        if variable is not None and variable.kind in BEHIND_TYPES:
            self._interface(known.name, inside, why)
        elif variable is not None:
            node = variable.definitions[0] if variable.definitions else variable.at
            self._push(node + file.first, inside, why)
        elif not rest and len(self._hierarchy.named(head)) == 1:
            self._push(self._hierarchy.named(head)[0], inside, why)
        else:
            self._interface(known.name, inside, why)

    def _interface(self, name: str, path: Label, why: Why) -> None:
        """Take every class that implements an interface, and the interface's own name."""
        for found in self._hierarchy.implementing(last_part(name)):
            self._push(found, path[path.index(INSTANCE) :], why)
        self._name(full_name(name, path[path.index(INSTANCE) :]), why)


def _covers(label: Label, path: Label) -> bool:
    """Whether what is stored under a label is, or holds, what a path asks for."""
    if len(label) > len(path):
        return False
    return all(
        first == second or (ANY in {first, second} and not NEVER_ELEMENTS & {first, second})
        for first, second in zip(label, path, strict=False)
    )
