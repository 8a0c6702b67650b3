"""Which variable each name means: block scopes, hoisting, closures.

Variables know where they are written, and from which functions: a variable with one
definition needs no flow of control to say what it holds, one that is written in a closure
has no order at all, and only the rest is followed statement by statement.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tidemill.source.program.syntax import CLASSES, FUNCTIONS, NONE, Syntax
from tidemill.source.program.targets import bound, parameters_of, place_of

__all__ = ["Names", "Variable", "names_of"]

NAMES = frozenset(
    {
        "identifier",
        "shorthand_property_identifier",
        "shorthand_property_identifier_pattern",
        "type_identifier",
    }
)
SCOPED = (
    FUNCTIONS
    | CLASSES
    | {"program", "statement_block", "for_statement", "for_in_statement", "catch_clause"}
    | {"switch_body", "class_static_block"}
)
DECLARED = frozenset({"function_declaration", "generator_function_declaration"})
NAMED = {
    "enum_declaration": "enum",
    "internal_module": "namespace",
    "interface_declaration": "interface",
    "type_alias_declaration": "alias",
    "abstract_class_declaration": "class",
    "class_declaration": "class",
    "function_declaration": "function",
    "generator_function_declaration": "function",
}
TYPES = frozenset({"interface", "alias"})
LATE = frozenset({"var", "let"})
ASSIGNED = {
    "assignment_expression": "left",
    "augmented_assignment_expression": "left",
    "update_expression": "argument",
}
MEMBERS = frozenset({"member_expression", "subscript_expression"})
MUTATORS = frozenset({"push", "unshift", "add", "set", "append", "assign"})
DEEPEST_CAPTURE = 64


@dataclass(slots=True, kw_only=True, eq=False)
class Variable:
    """A binding.

    Attributes:
        name: Its name.
        kind: What declares it: ``var``, ``let``, ``parameter``, ``function``, ``class``,
            ``import``, ``catch``, ``enum``, ``namespace``, ``interface``, ``alias``.
        at: The name in its first declaration.
        owner: The function that it belongs to; 0: the file.
        definitions: Names at which it gets a value.
        written_outside: A function inside its owner gives it a value.
        changed: Members of what it holds are written through it.
    """

    name: str
    kind: str
    at: int
    owner: int
    definitions: list[int] = field(default_factory=list)
    written_outside: bool = False
    changed: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it holds one thing for ever."""
        if self.changed or self.written_outside or len(self.definitions) > 1:
            return False
        return self.kind not in LATE or self.definitions in ([], [self.at])


@dataclass(slots=True, eq=False)
class _Scope:
    parent: "_Scope | None"
    function: int
    names: dict[str, Variable] = field(default_factory=dict)
    hoist: "_Scope | None" = None

    def declare(self, name: str, kind: str, at: int) -> Variable:
        """Return the variable of a declaration here; a second one means the same."""
        found = self.names.get(name)
        if found is None or (found.kind in TYPES and kind not in TYPES):
            found = self.names[name] = Variable(name=name, kind=kind, at=at, owner=self.function)
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Names:
    """The names of a file.

    Attributes:
        variables: The variable of each name that has one; the others are free.
        owners: The function around each node; 0: the file. A function's own name and
            node belong to what is around it.
        captured: Per function, the variables of the function directly around it that
            it, or a function in it, reads, where they are not plain.
        top: Variables of the file, by name.
    """

    variables: dict[int, Variable]
    owners: list[int]
    captured: dict[int, list[Variable]]
    top: dict[str, Variable]


def names_of(syntax: Syntax) -> Names:
    """Resolve the names of a file."""
    return _Resolution(syntax).names()


class _Resolution:
    """Declares everything in one pass, so that hoisting is right, then looks names up."""

    def __init__(self, syntax: Syntax) -> None:
        self._syntax = syntax
        self._top = _Scope(None, 0)
        self._top.hoist = self._top
        self._open: list[tuple[int, _Scope]] = []
        self._homes: list[tuple[int, _Scope]] = []
        self._variables: dict[int, Variable] = {}
        self._owners: list[int] = []

    def names(self) -> Names:
        """Return the names of the file."""
        self._declare_all()
        for at, scope in self._homes:
            if at not in self._variables:
                self._look_up(at, scope)
        self._note_definitions()
        return Names(
            variables=self._variables,
            owners=self._owners,
            captured=self._captured(),
            top=self._top.names,
        )

    def _declare_all(self) -> None:
        syntax, opened = self._syntax, self._open
        scope = self._top
        for at, kind in enumerate(syntax.kinds):
            while opened and opened[-1][0] <= at:
                opened.pop()
                scope = opened[-1][1] if opened else self._top
            self._owners.append(scope.function)
            if kind in NAMES:
                self._homes.append((at, scope))
            if kind in NAMED:
                self._declare_name(at, NAMED[kind], scope)
            if kind in SCOPED and at:
                scope = self._enter(at, kind, scope)
            self._declare_inside(at, kind, scope)

    def _enter(self, at: int, kind: str, outer: _Scope) -> _Scope:
        scope = _Scope(outer, at if kind in FUNCTIONS else outer.function)
        scope.hoist = scope if kind in FUNCTIONS or outer.hoist is None else outer.hoist
        self._open.append((self._syntax.after[at], scope))
        return scope

    def _declare_name(self, at: int, kind: str, scope: _Scope) -> None:
        name = self._syntax.child(at, "name")
        if name != NONE:
            self._declare(name, kind, scope)

    def _declare(self, name: int, kind: str, scope: _Scope) -> None:
        self._variables[name] = scope.declare(self._syntax.word(name), kind, name)

    def _declare_inside(self, at: int, kind: str, scope: _Scope) -> None:
        """Declare what a node binds in the scope that holds there."""
        if kind in FUNCTIONS:
            self._declare_parameters(at, kind, scope)
        elif kind == "class":
            self._declare_name(at, "class", scope)
        elif kind == "variable_declarator":
            self._declare_variable(at, scope)
        elif kind == "for_in_statement":
            self._declare_loop(at, scope)
        elif kind == "catch_clause":
            self._declare_pattern(self._syntax.child(at, "parameter"), "catch", scope)
        elif kind == "import_statement":
            for name in _imported(self._syntax, at):
                self._declare(name, "import", scope)

    def _declare_pattern(self, pattern: int, kind: str, scope: _Scope) -> None:
        if pattern != NONE:
            for name in bound(self._syntax, pattern):
                self._declare(name, kind, scope)

    def _declare_parameters(self, at: int, kind: str, scope: _Scope) -> None:
        for pattern in parameters_of(self._syntax, at):
            self._declare_pattern(pattern, "parameter", scope)
        if kind in {"function_expression", "generator_function"}:
            name = self._syntax.child(at, "name")
            if name != NONE and self._syntax.word(name) not in scope.names:
                self._declare(name, "function", scope)

    def _declare_variable(self, at: int, scope: _Scope) -> None:
        hoists = self._syntax.kinds[self._syntax.parents[at]] == "variable_declaration"
        target = scope.hoist if hoists and scope.hoist is not None else scope
        pattern = self._syntax.child(at, "name")
        self._declare_pattern(pattern, "var" if hoists else "let", target)

    def _declare_loop(self, at: int, scope: _Scope) -> None:
        kind, left = self._syntax.child(at, "kind"), self._syntax.child(at, "left")
        if kind != NONE:
            hoists = self._syntax.kinds[kind] == "var" and scope.hoist is not None
            target = scope.hoist if hoists and scope.hoist is not None else scope
            self._declare_pattern(left, "var" if hoists else "let", target)

    def _look_up(self, at: int, home: _Scope) -> None:
        name = self._syntax.word(at)
        scope: _Scope | None = home
        while scope is not None:
            found = scope.names.get(name)
            if found is not None:
                self._variables[at] = found
                return
            while scope.parent is not None and not scope.parent.names:
                scope.parent = scope.parent.parent
            scope = scope.parent

    def _note_definitions(self) -> None:
        for name in self._defining():
            variable = self._variables.get(name)
            if variable is None:
                continue
            if name not in variable.definitions:
                variable.definitions.append(name)
            if self._owners[name] != variable.owner and name != variable.at:
                variable.written_outside = True

    def _defining(self) -> Iterator[int]:
        """Yield every name that gets a value, and mark variables whose members do."""
        syntax = self._syntax
        for at, kind in enumerate(syntax.kinds):
            if kind in ASSIGNED:
                yield from self._assigned(syntax.child(at, ASSIGNED[kind]))
            elif kind == "for_in_statement":
                yield from self._assigned(syntax.child(at, "left"))
            elif kind == "variable_declarator" and syntax.child(at, "value") != NONE:
                yield from self._assigned(syntax.child(at, "name"))
            elif kind == "call_expression":
                self._note_mutation(at)
            elif self._is_definition(at):
                yield at

    def _is_definition(self, at: int) -> bool:
        """Whether a name has its value from its declaration: a function's, a parameter's."""
        variable = self._variables.get(at)
        if variable is None or variable.at != at:
            return False
        return variable.kind not in LATE and variable.kind not in TYPES

    def _assigned(self, pattern: int) -> Iterator[int]:
        if pattern == NONE:
            return
        stack = [pattern]
        while stack:
            at = stack.pop()
            if self._syntax.kinds[at] in MEMBERS:
                self._mark_changed(at)
            elif at in self._variables:
                yield at
            else:
                stack.extend(self._syntax.children(at))

    def _note_mutation(self, call: int) -> None:
        callee = self._syntax.child(call, "function")
        if callee == NONE or self._syntax.kinds[callee] != "member_expression":
            return
        method = self._syntax.child(callee, "property")
        if method == NONE or self._syntax.word(method) not in MUTATORS:
            return
        if self._syntax.word(method) != "assign":
            self._mark_changed(callee)
            return
        arguments = self._syntax.child(call, "arguments")
        for first in self._syntax.children(arguments) if arguments != NONE else ():
            self._mark_changed(first)
            break

    def _mark_changed(self, member: int) -> None:
        root, _ = place_of(self._syntax, member)
        if root in self._variables:
            self._variables[root].changed = True

    def _captured(self) -> dict[int, list[Variable]]:
        captured: dict[int, dict[Variable, None]] = {}
        for at, variable in self._variables.items():
            if variable.is_plain or self._owners[at] == variable.owner:
                continue
            function = self._owners[at]
            for _ in range(DEEPEST_CAPTURE):
                captured.setdefault(function, {})[variable] = None
                function = self._owners[function]
                if function in {variable.owner, 0}:
                    break
            else:
                variable.written_outside = True
        return {function: list(found) for function, found in captured.items()}


def _imported(syntax: Syntax, statement: int) -> Iterator[int]:
    """Yield the names that an import binds."""
    for at in range(statement + 1, syntax.after[statement]):
        kind, parent = syntax.kinds[at], syntax.kinds[syntax.parents[at]]
        if kind != "identifier":
            continue
        if parent == "import_specifier":
            alias = syntax.child(syntax.parents[at], "alias")
            if at == (alias if alias != NONE else syntax.child(syntax.parents[at], "name")):
                yield at
        elif parent in {"import_clause", "namespace_import", "import_require_clause"}:
            yield at
