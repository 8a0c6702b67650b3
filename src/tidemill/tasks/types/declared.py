"""What the types that a program declares can be asked for, read from the declarations."""

from collections.abc import Sequence

from tidemill.source.typescript.syntax.declarations import Declaration, declarations_of
from tidemill.tasks.types.builtins import MEMBERS
from tidemill.tasks.types.project import ProjectFile

__all__ = ["DeclaredMembers"]

OBJECT = MEMBERS["boolean"]
"""What every object has."""


class DeclaredMembers:
    """The members of a program's classes and interfaces, by name.

    Types of one name in several files are taken together: what is refused must lack a member in
    all of them.

    Args:
        files: The program.
    """

    def __init__(self, files: Sequence[ProjectFile]) -> None:
        self._declarations: dict[str, list[Declaration]] = {}
        for file in files:
            for name, one in declarations_of(file.tree):
                self._declarations.setdefault(name, []).append(one)

    def of(self, name: str) -> frozenset[str] | None:
        """Return what values of a type have; None where that is not known for sure.

        Args:
            name: The type's name. That of a type that is declared elsewhere is not known, nor is
                one that extends such a type.
        """
        found: set[str] = set()
        waiting, seen = [name], {name}
        while waiting:
            one = waiting.pop()
            declarations = self._declarations.get(one)
            if declarations is None:
                known = MEMBERS.get(one)
                if known is None:
                    return None
                found |= known
                continue
            for declaration in declarations:
                if declaration.is_open:
                    return None
                found |= declaration.own | OBJECT
                waiting += [base for base in declaration.bases if base not in seen]
                seen.update(declaration.bases)
        return frozenset(found)
