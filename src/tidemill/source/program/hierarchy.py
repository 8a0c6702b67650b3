"""Classes by what they extend and implement, and where members of them are found."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from tidemill.source.program.functions import Class
from tidemill.source.program.program import Program
from tidemill.source.program.syntax import NONE
from tidemill.source.program.typenames import last_part, type_name
from tidemill.source.program.values import Label

__all__ = ["Hierarchy"]

HIGHEST = 32


class Hierarchy:
    """The classes of a program.

    Args:
        program: The program.

    Attributes:
        parents: Per class, the classes of the program that it extends.
        children: Per class, those that extend it.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self.parents: dict[int, tuple[int, ...]] = {}
        self.children: dict[int, list[int]] = {}
        self._named: dict[str, list[int]] = {}
        self._implementing: dict[str, list[int]] = {}
        self._writes: dict[tuple[int, str], list[tuple[int, Label]]] = {}
        for at, found in program.classes.items():
            self._named.setdefault(found.name, []).append(at)
            file = program.file_of(at)
            for part in found.implements if file is not None else ():
                name = type_name(file.syntax.word(part)) if file is not None else None
                if name is not None:
                    self._implementing.setdefault(last_part(name), []).append(at)
        self._note_writes()

    def extend(self, parents: Mapping[int, Sequence[int]]) -> None:
        """Note what classes extend."""
        for at, found in parents.items():
            self.parents[at] = tuple(parent for parent in found if parent != at)
            for parent in self.parents[at]:
                self.children.setdefault(parent, []).append(at)

    def upwards(self, at: int) -> Iterator[int]:
        """Yield a class and what it extends, the nearest first; cycles end it."""
        seen: set[int] = set()
        waiting = [at]
        while waiting and len(seen) < HIGHEST:
            at = waiting.pop(0)
            if at not in seen:
                seen.add(at)
                yield at
                waiting += self.parents.get(at, ())

    def downwards(self, at: int) -> Iterator[int]:
        """Yield what extends a class, at any distance."""
        seen = {at}
        waiting = list(self.children.get(at, ()))
        while waiting:
            at = waiting.pop(0)
            if at not in seen:
                seen.add(at)
                yield at
                waiting += self.children.get(at, ())

    def method(self, at: int, name: str, *, static: bool = False) -> int | None:
        """Return the method that a class has under a name, inherited or own."""
        if static:
            return self._member(at, lambda found: found.statics.get(name))
        return self._member(at, lambda found: found.methods.get(name))

    def overriding(self, at: int, name: str) -> list[int]:
        """Return the methods by which what extends a class replaces one of it."""
        found: list[int] = []
        for child in self.downwards(at):
            file = self._program.file_of(child)
            methods = self._program.classes[child].methods
            if name in methods and file is not None:
                found.append(methods[name] + file.first)
        return found

    def constructor(self, at: int) -> int | None:
        """Return the constructor that runs when a class is instantiated."""
        return self._member(
            at, lambda found: None if found.constructor == NONE else found.constructor
        )

    def field(self, at: int, name: str) -> int | None:
        """Return the node of the name of a declared field, inherited or own."""
        return self._member(at, lambda found: found.fields.get(name))

    def getter(self, at: int, name: str) -> int | None:
        """Return the getter that a class has under a name, inherited or own."""
        return self._member(at, lambda found: found.getters.get(name))

    def setter(self, at: int, name: str) -> int | None:
        """Return the setter that a class has under a name, inherited or own."""
        return self._member(at, lambda found: found.setters.get(name))

    def _member(self, at: int, choose: Callable[[Class], int | None]) -> int | None:
        """Return the node of the nearest member that is chosen."""
        for owner in self.upwards(at):
            member = choose(self._program.classes[owner])
            file = self._program.file_of(owner)
            if member is not None and file is not None:
                return member + file.first
        return None

    def written(self, at: int, name: str) -> list[tuple[int, Label]]:
        """Return the values that methods write to a field, each with the field inside it."""
        return [
            value for owner in self.upwards(at) for value in self._writes.get((owner, name), ())
        ]

    def named(self, name: str) -> Sequence[int]:
        """Return the classes of a name."""
        return self._named.get(name, ())

    def implementing(self, interface: str) -> Sequence[int]:
        """Return the classes that say they implement an interface."""
        return self._implementing.get(interface, ())

    def _note_writes(self) -> None:
        for file in self._program.files:
            owners = {
                file.values.receivers[at]: function.owner
                for at, function in file.definitions.functions.items()
                if function.owner != NONE and not function.is_static and function.kind != "arrow"
            }
            for receiver, path, value in file.values.writes:
                owner = owners.get(receiver)
                if owner is not None and owner in file.definitions.classes:
                    key = (owner + file.first, path[0])
                    self._writes.setdefault(key, []).append((value + file.first, path[1:]))
