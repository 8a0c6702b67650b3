"""What values of types can be asked for, as seen from a text that is being edited."""

from tidemill.source.typescript.syntax.declarations import Declaration, declarations_of
from tidemill.tasks.types.builtins import MEMBERS
from tidemill.tasks.types.declared import DeclaredMembers
from tidemill.tasks.types.project import ProjectFile

__all__ = ["MembersHere"]

OBJECT = MEMBERS["boolean"]
"""What every object has."""

SHAPELESS = frozenset({"alias", "enum"})
"""Kinds of names whose members are not read from what declares them."""


class MembersHere:
    """The members of types by name, as `DeclaredMembers` has them for a program.

    What the text itself declares counts ahead of the files on disk, among which is the text as
    it was when it was saved. What a script declares it shares with other scripts, so there both
    count.

    Args:
        file: The text.
        around: Types of the files on disk.
    """

    def __init__(self, file: ProjectFile, around: DeclaredMembers) -> None:
        self._around = around
        self._is_module = file.is_module
        self._shapeless = {one.name for one in file.type_names if one.kind in SHAPELESS}
        self._own: dict[str, list[Declaration]] = {}
        for name, one in declarations_of(file.tree):
            self._own.setdefault(name, []).append(one)

    def of(self, name: str) -> frozenset[str] | None:
        """Return what values of a type have; None where that is not known for sure."""
        found: set[str] = set()
        waiting, seen = [name], {name}
        while waiting:
            known = self._declared(waiting.pop())
            if known is None or known.is_open:
                return None
            found |= known.own
            waiting += [base for base in known.bases if base not in seen]
            seen.update(known.bases)
        return frozenset(found)

    def _declared(self, name: str) -> Declaration | None:
        """Return all that declares a name, as one; None where that is not known."""
        own = self._own.get(name, [])
        members = OBJECT.union(*(one.own for one in own)) if own else frozenset[str]()
        if not own or not self._is_module:
            known = None if name in self._shapeless else self._around.of(name)
            if known is None:
                return None
            members |= known
        return Declaration(
            own=members,
            bases=tuple(base for one in own for base in one.bases),
            is_open=any(one.is_open for one in own),
        )
