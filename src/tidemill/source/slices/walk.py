"""One walk over a flat tree: it notes scopes, variables, calls and assignments.

A language brings its rules, one a kind of node; a rule notes what stands directly in
its node, and may open a scope that ends with the node. Nothing recurses.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from tidemill.source.slices.methods import Outline
from tidemill.source.slices.scopes import Binding, Role, Scope, Source
from tidemill.source.slices.syntax import Syntax
from tidemill.source.slices.usage import RETURNED

__all__ = ["Involvement", "Rule", "Walk"]

Rule: TypeAlias = Callable[["Walk", int], None]
Involvement: TypeAlias = tuple[int, int | str]
"""The node of a call, and the position in it."""


class Walk:
    """What is noted of one text.

    Args:
        syntax: The text.
        path: The file, as full names begin.

    Attributes:
        syntax: As given.
        outline: The functions and their full names.
        scopes: All scopes, in the order in which they open.
        scope: The innermost one that is open.
        bindings: All variables, in the order of their declarations.
        events: Uses of names, and scopes that open and close, in order.
        involved: In which call a use takes part.
        constructed: The allocation behind an assignment that makes an object.
        definitions: A use that gets a value, and the value, in order.
        labels: Names of functions and classes that are the value of something.
        regions: Segment of each class and function, by its node.
        owners: Segment of the class whose object a call is on, where it is its own.
        members: Segment, name and value of what an object gets in its constructor.
    """

    def __init__(self, syntax: Syntax, path: str) -> None:
        self.syntax: Syntax = syntax
        self.outline: Outline = Outline(path)
        self.scopes: list[Scope] = []
        self.bindings: list[Binding] = []
        self.events: list[int] = []
        self.involved: dict[int, Involvement] = {}
        self.constructed: dict[int, int] = {}
        self.definitions: list[tuple[int, Source]] = []
        self.labels: dict[int, str] = {}
        self.regions: dict[int, int] = {}
        self.owners: dict[int, int] = {}
        self.members: list[tuple[int, int, int]] = []
        self.scope: Scope = Scope(
            stop=len(syntax.kinds), method=0, around=None, number=0, segment=0
        )
        self._enter(self.scope)

    def run(self, rules: Sequence[Rule | None]) -> None:
        """Visit every node."""
        kinds, count = self.syntax.kinds, len(self.syntax.kinds)
        index = 0
        while index < count:
            while index >= self.scope.stop:
                self.leave()
            rule = rules[kinds[index]]
            if rule is not None:
                rule(self, index)
            index += 1
        while self.scope.around is not None:
            self.leave()
        self.leave()

    def open_block(self, index: int) -> None:
        """Open a scope that ends with a node."""
        self._open(index, self.scope.method, self.scope.segment)

    def open_class(self, index: int, name: str, *, is_function: bool = False) -> None:
        """Open the scope of a class or namespace.

        Args:
            index: Its node.
            name: Its name.
            is_function: Whether it ends what ``var`` declares, and is no class.
        """
        around = self.scope.segment
        segment = self.outline.segment(name, around, is_class=not is_function)
        self.regions[index] = segment
        scope = self._open(index, self.scope.method, segment)
        if is_function:
            scope.function = scope

    def open_method(self, index: int, name: str, body: int) -> None:
        """Open the scope of a function."""
        method = self.outline.method(index, name, self.scope.segment, body)
        segment = self.outline.methods[method].segment
        self.regions[index] = segment
        scope = self._open(index, method, segment)
        scope.function = scope

    def leave(self) -> None:
        """Close the innermost scope."""
        self.events.append(~(2 * self.scope.number + 1))
        if self.scope.around is not None:
            self.scope = self.scope.around

    def declare(
        self, node: int, role: Role = "LOCAL", *, scope: Scope | None = None, position: int = 0
    ) -> Binding:
        """Return the variable that a node declares, which may be there already."""
        scope = scope or self.scope
        name = self.syntax.raw(node)
        found = scope.names.get(name)
        if found is None:
            found = scope.names[name] = Binding(
                name=name, node=node, role=role, method=scope.method, position=position
            )
            found.in_class = scope.is_class
            self.bindings.append(found)
        return found

    def involve(self, node: int, site: int, position: int | str) -> None:
        """Note that a value takes part in a call, if it is a variable."""
        name = self.syntax.name(node)
        if name and name not in self.involved:
            self.involved[name] = (site, position)
            self.events.append(name)

    def mention(self, node: int) -> None:
        """Note a use of a name outside calls, so that it is known what it means."""
        name = self.syntax.name(node)
        if name and name not in self.involved:
            self.events.append(name)

    def assign(self, site: int, target: int, source: Source) -> None:
        """Note that a variable gets a value.

        Args:
            site: The node that is the assignment.
            target: The node of the variable.
            source: What it gets.
        """
        self.involve(target, site, 1)
        self.definitions.append((target, source))
        if source.value and not source.access:
            made = self.syntax.allocation(source.value)
            if made:
                self.constructed[site] = made

    def returned(self, site: int, value: int) -> None:
        """Note what a function returns."""
        self.involve(value, site, RETURNED)

    def _open(self, index: int, method: int, segment: int) -> Scope:
        scope = Scope(
            stop=self.syntax.end[index],
            method=method,
            around=self.scope,
            number=len(self.scopes),
            segment=segment,
        )
        self._enter(scope)
        return scope

    def _enter(self, scope: Scope) -> None:
        self.scopes.append(scope)
        self.events.append(~(2 * scope.number))
        self.scope = scope
