"""The other files of a project: the types that they export."""

import logging
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tidemill.core.errors import TidemillError
from tidemill.core.progress import Silence
from tidemill.core.settings import Settings
from tidemill.faces.lsp.limits import Limits
from tidemill.faces.lsp.recent import Recent
from tidemill.source.annotations.finding import can_be_typed
from tidemill.source.language import language_of
from tidemill.tasks.discovery import Candidate, discover
from tidemill.tasks.types.declared import DeclaredMembers
from tidemill.tasks.types.exports import Exports
from tidemill.tasks.types.project import ProjectFile, read_project

__all__ = ["Neighbourhood", "Neighbours"]

_LOGGER = logging.getLogger("tidemill.lsp")

AT_ONCE = 25
SECONDS = 5.0
"""How long the files of a project are read; what is left then is not known."""

PATIENCE_SECONDS = 30.0
"""How long a project is known before a change of its files counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """What a project's files offer each other.

    Attributes:
        exports: Types that can be imported.
        declared: What can be asked of types.
    """

    exports: Exports
    declared: DeclaredMembers


class Neighbours:
    """Reads the files of projects, and remembers what they export.

    Args:
        settings: Limits of reading.
        limits: How many files are read.
    """

    def __init__(self, settings: Settings, limits: Limits) -> None:
        self._settings = settings
        self._limits = limits
        self._known: Recent[Path, tuple[float, Neighbourhood]] = Recent(limits.compilers)
        self._changed: set[Path] = set()

    def of(self, root: Path | None) -> Neighbourhood:
        """Return what the files of a project offer; without a project, nothing.

        Args:
            root: Its folder.
        """
        if root is None:
            return _of(())
        known = self._known.get(root)
        now = time.monotonic()
        if known is not None and (root not in self._changed or now - known[0] < PATIENCE_SECONDS):
            return known[1]
        found = _of(tuple(self._files(root, now + SECONDS)))
        self._changed.discard(root)
        self._known.put(root, (now, found))
        return found

    def changed(self, root: Path) -> None:
        """Note that files of a project have changed on disk."""
        self._changed.add(root)

    def _files(self, root: Path, until: float) -> Iterator[ProjectFile]:
        paths = list(islice(self._paths(root, until), self._limits.neighbours))
        for start in range(0, len(paths), AT_ONCE):
            if time.monotonic() > until:
                _LOGGER.warning("%s: only %d files were read for their types", root, start)
                return
            yield from self._read(paths[start : start + AT_ONCE], root)

    def _paths(self, root: Path, until: float) -> Iterator[str]:
        try:
            for entry in discover([root], settings=self._settings):
                if time.monotonic() > until:
                    return
                language = language_of(entry.path)
                is_typed = language is not None and can_be_typed(language.name)
                if isinstance(entry, Candidate) and is_typed:
                    yield entry.path
        except (TidemillError, OSError) as error:
            _LOGGER.warning("%s cannot be walked: %s", root, error)

    def _read(self, paths: Sequence[str], root: Path) -> Sequence[ProjectFile]:
        there = [path for path in paths if os.access(path, os.R_OK)]
        try:
            return read_project(there, settings=self._settings, progress=Silence(), cwd=root).files
        except (TidemillError, OSError) as error:
            _LOGGER.warning("some files of %s cannot be read: %s", root, error)
            return ()


def _of(files: Sequence[ProjectFile]) -> Neighbourhood:
    return Neighbourhood(exports=Exports(files), declared=DeclaredMembers(files))
