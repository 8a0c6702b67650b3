"""Types that files of a program export: what another file could import."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tidemill.source.typescript.syntax.exporting import exported_names
from tidemill.tasks.types.project import ProjectFile
from tidemill.tasks.types.source import Arity

__all__ = ["ExportedType", "Exports"]

DECLARED = frozenset({"class", "interface", "alias", "enum"})
NEAREST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedType:
    """A type under the name by which a file exports it.

    Attributes:
        name: What it would be called elsewhere.
        exported: The exported name; ``default`` for the default.
        path: The file.
        arity: Its type arguments.
    """

    name: str
    exported: str
    path: str
    arity: Arity


class Exports:
    """The exported types of a program by name.

    Args:
        files: The program.
    """

    def __init__(self, files: Sequence[ProjectFile]) -> None:
        self._found: dict[str, list[ExportedType]] = {}
        for file in files:
            for one in _exported(file):
                known = self._found.setdefault(one.name, [])
                if not any(other.path == one.path for other in known):
                    known.append(one)

    def of(self, name: str, file: ProjectFile) -> list[ExportedType]:
        """Return what a name may mean in a file, the nearest files first."""
        path = file.path.as_posix()
        others = [one for one in self._found.get(name, ()) if one.path != path]
        return sorted(others, key=lambda one: (_distance(path, one.path), one.path))[:NEAREST]

    def names_for(self, file: ProjectFile) -> Mapping[str, Arity]:
        """Return the names that a file could import, each with its type arguments."""
        own = {name.name for name in file.type_names}
        path = file.path.as_posix()
        return {
            name: found[0].arity
            for name, found in self._found.items()
            if name not in own and any(one.path != path for one in found)
        }


def _distance(path: str, other: str) -> int:
    """Return how many folders lie between two files."""
    here, there = posixpath.dirname(path).split("/"), posixpath.dirname(other).split("/")
    common = len(posixpath.commonprefix([here, there]))
    return len(here) + len(there) - 2 * common


def _exported(file: ProjectFile) -> Iterator[ExportedType]:
    """Yield what a file declares and exports; not what it only hands on."""
    whole = len(file.text)
    arities = {
        name.name: (name.least or 0, name.most)
        for name in file.type_names
        if name.kind in DECLARED and (name.scope.start, name.scope.end) == (0, whole)
    }
    path = file.path.as_posix()
    for local, exported in exported_names(file.tree):
        if local in arities:
            name = local if exported == "default" else exported
            yield ExportedType(name=name, exported=exported, path=path, arity=arities[local])
