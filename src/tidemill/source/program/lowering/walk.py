"""The walk over a file: what is scheduled, what variables hold now, and where edges go.

Rules are functions of the walk and a node. They never call each other for what is inside:
they schedule it, so that no depth of a text meets a recursion limit. What variables hold
is a map from variable to node, copied where control forks and joined where it meets;
where control cannot come, there is none.
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tidemill.source.program.functions import Definitions
from tidemill.source.program.scopes import Names, Variable
from tidemill.source.program.syntax import NONE, Syntax
from tidemill.source.program.values import CAPTURE, COPY, STORE, FileValues, Label

__all__ = ["THIS", "Environment", "Event", "Exit", "Rule", "Version", "Walk"]

THIS = "this"
"""The key under which an environment holds the receiver."""

EFFECTS = frozenset(
    {"assignment_expression", "augmented_assignment_expression", "update_expression"}
    | {"return_statement", "throw_statement", "break_statement", "continue_statement"}
    | {"variable_declarator", "for_in_statement", "call_expression"}
)
FIELD_KINDS = frozenset({"field_definition", "public_field_definition"})
HIGHEST_CLIMB = 512

Environment: TypeAlias = dict["Variable | str", int]
Event: TypeAlias = tuple[Any, ...]
Rule: TypeAlias = Callable[["Walk", int], None]


@dataclass(frozen=True, slots=True)
class Version:
    """What a variable holds after a field of it was written.

    Attributes:
        before: What it held.
        path: The field.
        value: What was written.
    """

    before: int
    path: Label
    value: int


@dataclass(slots=True, eq=False)
class Exit:
    """Something that ``break`` or ``continue`` may leave, with what held there.

    Attributes:
        labels: Its labels.
        is_loop: Whether ``continue`` means it, and a ``break`` without a label.
        breaks: What held at each ``break``.
        continues: What held at each ``continue``.
    """

    labels: tuple[str, ...]
    is_loop: bool
    is_switch: bool = False
    breaks: list[Environment] = field(default_factory=list)
    continues: list[Environment] = field(default_factory=list)


class Walk:
    """The state of a walk over one file.

    Args:
        syntax: The file.
        names: Its names.
        definitions: Its functions and classes.
        rules: What to do at each kind of node.

    Attributes:
        values: The graph so far.
        function: The function whose body is walked; 0: the file.
        environment: What its variables hold; None where control does not come.
        exits: What can be left.
        collectors: For every ``try`` around, all that variables held inside it.
        catches: For every ``try`` around, what its catch names; -1 where it names nothing.
        versions: Nodes that were made when fields were written.
        pending: Functions to walk later.
        cells: Per function, what it sees of variables around it.
        done: Functions that were walked.
    """

    def __init__(
        self, syntax: Syntax, names: Names, definitions: Definitions, rules: dict[str, Rule]
    ) -> None:
        self.syntax: Syntax = syntax
        self.names: Names = names
        self.definitions: Definitions = definitions
        self.values: FileValues = FileValues()
        self.function: int = 0
        self.environment: Environment | None = {}
        self.exits: list[Exit] = []
        self.collectors: list[dict[Variable | str, set[int]]] = []
        self.catches: list[int] = []
        self.versions: dict[int, Version] = {}
        self.pending: list[int] = []
        self.cells: dict[int, Environment] = {}
        self.done: set[int] = set()
        self._rules = rules
        self._stack: list[Event] = []
        self._shared: dict[Variable, int] = {}
        self._open_cells: dict[Variable, list[int]] = {}
        self._effects = [at for at, kind in enumerate(syntax.kinds) if kind in EFFECTS]
        self._touches = _touches(names)

    def node(self, anchor: int) -> int:
        """Return a new node of the graph."""
        self.values.anchors.append(anchor)
        return len(self.syntax.kinds) + len(self.values.anchors) - 1

    def edge(self, source: int, target: int, op: int = COPY, label: Label = ()) -> None:
        """Say that a value goes from one node to another."""
        self.values.edges.append((source, target, op, label))

    def then(self, *events: Event) -> None:
        """Schedule events, in this order, before everything that is scheduled already."""
        self._stack.extend(reversed(events))

    def visit_all(self, *nodes: int) -> None:
        """Schedule visits; -1 is no node."""
        self.then(*((Walk.visit, node) for node in nodes if node != NONE))

    def visit(self, at: int) -> None:
        """Let the rule of a node decide, where control comes."""
        if self.environment is None:
            return
        rule = self._rules.get(self.syntax.kinds[at])
        if rule is not None:
            rule(self, at)
        elif self.syntax.after[at] > at + 1:
            self.visit_all(*self.syntax.children(at))

    def run(self) -> None:
        """Do all that is scheduled."""
        stack = self._stack
        while stack:
            action, *arguments = stack.pop()
            action(self, *arguments)

    def may_change(self, *nodes: int) -> bool:
        """Whether something in these nodes changes variables, or leaves its place."""
        for at in nodes:
            place = bisect_left(self._effects, at)
            if place < len(self._effects) and self._effects[place] < self.syntax.after[at]:
                return True
        return False

    def touched(self, at: int) -> list[Variable]:
        """Return the variables that may hold something else after a node."""
        places, variables = self._touches
        first, last = bisect_left(places, at), bisect_left(places, self.syntax.after[at])
        return list(dict.fromkeys(variables[first:last]))

    def define(self, variable: Variable, node: int) -> None:
        """Let a variable hold a node from here on."""
        if variable.written_outside:
            inside = variable.owner != self.function
            self.edge(node, self.shared(variable), CAPTURE if inside else COPY)
        elif not variable.is_plain:
            self.hold(variable, node)
            for cell in self._open_cells.get(variable, ()):
                self.edge(node, cell, CAPTURE)

    def hold(self, key: Variable | str, node: int) -> None:
        """Put a node into the environment, and into those of the catches around."""
        if self.environment is not None:
            self.environment[key] = node
            for collected in self.collectors:
                collected.setdefault(key, set()).add(node)

    def shared(self, variable: Variable) -> int:
        """Return the one node of a variable that is written from several functions."""
        found = self._shared.get(variable)
        if found is None:
            found = self._shared[variable] = self.node(variable.at)
        return found

    def held(self, variable: Variable) -> int:
        """Return what a variable holds here, or -1."""
        if variable.written_outside:
            return self.shared(variable)
        if variable.is_plain:
            return variable.definitions[0] if variable.definitions else NONE
        return NONE if self.environment is None else self.environment.get(variable, NONE)

    def capture(self, function: int) -> None:
        """Note what a function sees of the variables around it when it is made here."""
        if function in self.cells:
            return
        cells: Environment = {}
        for variable in self.names.captured.get(function, ()):
            if variable.written_outside:
                continue
            cells[variable] = self.follow(variable, variable.at)
        self.cells[function] = cells
        self.pending.append(function)

    def follow(self, variable: Variable, at: int) -> int:
        """Return a node of all that a variable holds from here on."""
        cell = self.node(at)
        held = self.held(variable)
        if held != NONE:
            self.edge(held, cell, CAPTURE)
        self._open_cells.setdefault(variable, []).append(cell)
        return cell

    def receiver(self, at: int) -> int:
        """Return the node of what ``this`` means at a place, or -1."""
        syntax, values = self.syntax, self.values
        for _ in range(HIGHEST_CLIMB):
            at = syntax.parents[at]
            if at == NONE:
                return NONE
            if at in values.receivers:
                return values.receivers[at]
            if syntax.kinds[at] in FIELD_KINDS:
                owner = syntax.parents[syntax.parents[at]]
                is_static = syntax.has(at, "static")
                return owner if is_static else values.instances.get(owner, NONE)
            if syntax.kinds[at] == "class_static_block":
                return syntax.parents[syntax.parents[at]]
        return NONE

    def join(
        self, first: Environment | None, second: Environment | None, at: int
    ) -> Environment | None:
        """Return what variables hold where two ways meet."""
        if first is None or second is None or first is second:
            return second if first is None else first
        joined = dict(first)
        for key, node in second.items():
            other = joined.get(key)
            if other is None:
                joined[key] = node
            elif other != node:
                joined[key] = meeting = self.node(at)
                self.edge(other, meeting)
                self.edge(node, meeting)
        return joined

    def renew(self, base: int, path: Label, value: int, anchor: int) -> int:
        """Return the node of what an object is after a field of it was written."""
        renewed = self.node(anchor)
        if base != NONE:
            self.edge(base, renewed, COPY, () if "*" in path else path)
        self.edge(value, renewed, STORE, path)
        if "*" not in path:
            self.versions[renewed] = Version(base, path, value)
        return renewed


def _touches(names: Names) -> tuple[list[int], list[Variable]]:
    """Return the places at which variables may change that are followed in order."""
    found = [
        (at, variable)
        for at, variable in names.variables.items()
        if not variable.is_plain
        and not variable.written_outside
        and (variable.changed or at in variable.definitions)
    ]
    found.sort(key=lambda entry: entry[0])
    return [at for at, _ in found], [variable for _, variable in found]
