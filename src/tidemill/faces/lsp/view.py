"""A file before its compiler: itself and what hangs on it, not the whole program."""

from collections.abc import Sequence
from typing import Any, cast

from tidemill.faces.lsp.compilers import OpenProject
from tidemill.source.typescript.service import CompilerService
from tidemill.tasks.types.checker import Checker
from tidemill.tasks.types.project import ProjectFile

__all__ = ["MOST_DEPENDENTS", "checker_of"]

MOST_DEPENDENTS = 16
"""Files that import this one and are looked at as well: an editor waits for the answer."""


def checker_of(
    project: OpenProject, file: ProjectFile, *, dependents: int = MOST_DEPENDENTS
) -> Checker:
    """Return what checks types in one file, as it does in a program.

    Args:
        project: The file's project, with the file as it is shown.
        file: The file.
        dependents: Files that import it and are looked at as well, at most.

    Raises:
        CapacityError: The compiler took too long, or has ended.
        TidemillError: It refused.
    """
    view = _View(project.service, project.name(file.path), dependents)
    return Checker(cast("CompilerService", view), project.root, [file])


class _View:
    """A compiler that knows of one file and of some that import it; the rest is the compiler's.

    Args:
        service: The compiler.
        name: What it calls the file.
        dependents: Of those that import it, at most.
    """

    def __init__(self, service: CompilerService, name: str, dependents: int) -> None:
        self._service = service
        others = [one for one in service.dependents([name]) if one != name] if dependents else []
        self._names = [name, *others[:dependents]]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)

    def sources(self) -> list[str]:
        """Return the files that are looked at."""
        return self._names

    def dependents(self, _: Sequence[str]) -> list[str]:
        """Return the files that are looked at: types are written into one alone."""
        return self._names
