"""Variables and the regions where their names hold, and which variable a use means.

The walk declares and notes uses as it goes; only afterwards is every name declared that
will be (a ``var`` may follow its uses), so the uses are resolved in a second pass over
what was noted, with one stack a name: linear in the text, however deep its blocks are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = ["Binding", "Scope", "Source", "resolve"]

Role: TypeAlias = Literal["LOCAL", "PARAM", "OTHER"]


@dataclass(frozen=True, slots=True)
class Source:
    """What a variable gets.

    Attributes:
        value: The node with the value; 0: nothing written there.
        access: The operator that takes it out of the value; empty: the value itself.
        path: How the code would write that: ``.name``, ``[0]``.
        is_imported: Whether it comes from another file.
    """

    value: int = 0
    access: str = ""
    path: str = ""
    is_imported: bool = False


@dataclass(slots=True, eq=False)
class Binding:
    """One variable.

    Attributes:
        name: Its name.
        node: Where it is declared.
        role: What it is; functions, classes and imported names are OTHER.
        method: The method that declares it.
        position: Of a parameter, counted from 1.
        annotation: Its declared type; 0 for none.
        in_class: Whether functions inside its scope do not see it.
        source: What it gets first.
        values: Nodes of all values it gets; 0 among them for one that is not written.
        uses: Where it takes part in a call.
        made: The function or class that it is the name of.
    """

    name: bytes
    node: int
    role: Role
    method: int
    position: int = 0
    annotation: int = 0
    in_class: bool = False
    source: Source | None = None
    values: list[int] = field(default_factory=list)
    uses: list[int] = field(default_factory=list)
    made: int = 0


@dataclass(slots=True, eq=False)
class Scope:
    """A region of names.

    Attributes:
        stop: Index of the node after it.
        method: The method it is in.
        around: The scope around it.
        function: The nearest scope that ends what ``var`` declares; it may be this one.
        is_class: Whether functions inside do not see its names.
        names: What is declared in it.
        outer: Names that it shares with a scope around it.
        number: Its number.
        segment: The full name that what is inside continues.
    """

    stop: int
    method: int
    around: "Scope | None"
    number: int
    segment: int
    is_class: bool = False
    function: "Scope" = field(init=False)
    names: dict[bytes, Binding] = field(default_factory=dict)
    outer: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.function = self if self.around is None else self.around.function


def resolve(
    events: Sequence[int], scopes: Sequence[Scope], name_of: Callable[[int], bytes]
) -> dict[int, Binding]:
    """Return the variable of every use that means one.

    Args:
        events: In order: a node that uses a name, or ``~(2 n)`` where scope n opens,
            ``~(2 n + 1)`` where it closes.
        scopes: The scopes by number.
        name_of: Gives a node's name.
    """
    stacks: dict[bytes, list[Binding]] = {}
    found: dict[int, Binding] = {}
    current: list[Scope] = []
    for event in events:
        if event >= 0:
            binding = _meant(stacks.get(name_of(event), ()), current[-1])
            if binding is not None:
                found[event] = binding
            continue
        scope = scopes[~event >> 1]
        if ~event & 1:
            current.pop()
            for name in scope.names:
                stacks[name].pop()
            continue
        current.append(scope)
        for name, binding in scope.names.items():
            stacks.setdefault(name, []).append(binding)
    return found


def _meant(stack: Sequence[Binding], scope: Scope) -> Binding | None:
    """Return the innermost variable of a name that is visible in a scope."""
    for binding in reversed(stack):
        if not binding.in_class or scope.names.get(binding.name) is binding:
            return binding
    return None
