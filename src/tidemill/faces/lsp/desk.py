"""Whatever looks at files for one editor, and the thread in which it does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tidemill.core.settings import Settings
from tidemill.faces.lsp.analyst import Analyst
from tidemill.faces.lsp.annotating import Annotating
from tidemill.faces.lsp.compilers import Compilers
from tidemill.faces.lsp.limits import Limits
from tidemill.faces.lsp.neighbours import Neighbours
from tidemill.faces.lsp.worker import Worker
from tidemill.tasks.types.source import TypeSource

__all__ = ["Desk", "desk_for"]

CONFIGURATIONS = frozenset({"tsconfig.json", "jsconfig.json", "package.json"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What is used in the worker's thread alone.

    Attributes:
        worker: The thread.
        analyst: Looks at texts.
        annotating: Writes and checks types.
        compilers: Of the projects.
        neighbours: Other files of the projects.
    """

    worker: Worker
    analyst: Analyst
    annotating: Annotating
    compilers: Compilers
    neighbours: Neighbours

    def saved(self, root: Path) -> None:
        """Take note that a file of a project is on disk as the editor shows it.

        Args:
            root: The project's folder.
        """
        self.neighbours.changed(root)
        self.compilers.revive(root)
        self.analyst.forgive()
        self.annotating.forget()

    def changed(self, root: Path, paths: Sequence[Path], *, in_place: bool) -> None:
        """Take note that files of a project have changed on disk.

        Args:
            root: Its folder.
            paths: The files.
            in_place: Whether they were there before, and are there still.
        """
        self.neighbours.changed(root)
        if in_place and not any(path.name in CONFIGURATIONS for path in paths):
            self.compilers.reread(root, paths)
        else:
            self.compilers.forget(root)
        self.analyst.forgive()
        self.annotating.forget()

    def close(self) -> None:
        """End the compilers, and begin nothing more."""
        self.compilers.close()
        self.worker.close()


def desk_for(
    source: Callable[[], TypeSource],
    settings: Settings,
    limits: Limits,
    tell: Callable[[str], None],
    *,
    trusts_projects: bool,
) -> Desk:
    """Return a desk.

    Args:
        source: Makes whoever guesses types, when that is first needed.
        settings: Where a compiler is, and limits of reading.
        limits: What one editor may take.
        tell: Told what people should know, in the worker's thread.
        trusts_projects: Whether a project's own compiler is run where the settings name none.
    """
    compilers = Compilers(settings.typescript, limits, tell, trusts_projects=trusts_projects)
    neighbours = Neighbours(settings, limits)
    analyst = Analyst(source, settings, limits=limits, compilers=compilers, neighbours=neighbours)
    return Desk(
        worker=Worker(limits.step_seconds),
        analyst=analyst,
        annotating=Annotating(analyst, compilers),
        compilers=compilers,
        neighbours=neighbours,
    )
