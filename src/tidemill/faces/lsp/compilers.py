"""The compilers of the projects that are open, each with what the editor shows."""

import logging
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tidemill.core.errors import MissingToolError, TidemillError
from tidemill.core.hashing import content_hash
from tidemill.faces.lsp.limits import Limits
from tidemill.faces.lsp.recent import Recent
from tidemill.source.typescript.compiler import Compiler, find_compiler
from tidemill.source.typescript.service import AT_HOME, CompilerService

__all__ = ["Compilers", "OpenProject"]

_LOGGER = logging.getLogger("tidemill.lsp")

CHECKED = {"checkJs": True, "allowJs": True, "noEmit": True, "skipLibCheck": True}
"""JavaScript is checked too, so that what would be written into it can be."""

BUILT = {"composite": False, "incremental": False}
"""Files that no configuration names are shown to the compiler as well."""

CONFIGURATIONS = ("tsconfig.json", "jsconfig.json")
MOST_FAILURES = 3
"""After which a project is no longer asked about, until something of it changes."""

SUPPOSED = ""
"""Stands for the hash of a text that no editor shows, and is that of none."""


@dataclass(slots=True, kw_only=True)
class OpenProject:
    """A project before its compiler.

    Attributes:
        root: Its folder.
        service: The compiler.
        shown: Hashes of the texts that it was shown, by their names; of a file that says
            something else by now, `SUPPOSED`.
    """

    root: Path
    service: CompilerService
    shown: dict[str, str] = field(default_factory=dict)

    def name(self, path: Path) -> str:
        """Return what the compiler calls a file."""
        return Path(os.path.relpath(path, self.root)).as_posix()

    def show(self, texts: Mapping[Path, bytes]) -> None:
        """Let files say what the editor shows, and all others what they say on disk."""
        named = {self.name(path): (path, text) for path, text in texts.items()}
        changed = {}
        for name, (_, text) in named.items():
            key = content_hash(text)
            if self.shown.get(name) != key:
                changed[name], self.shown[name] = text, key
        for name in [name for name in self.shown if name not in named]:
            del self.shown[name]
            changed[name] = _on_disk(self.root / name)
        if changed:
            self.service.update(changed)

    def suppose(self, path: Path) -> None:
        """Note that a file is about to say what no editor shows, as types that are only tried.

        When files are shown next, it says again what the editor shows, or if that has closed it,
        what is on disk.
        """
        self.shown[self.name(path)] = SUPPOSED

    def reread(self, paths: Sequence[Path]) -> None:
        """Let files that are part of the program say what they say on disk by now."""
        known = {*self.service.sources()} - {*self.shown}
        changed = {}
        for path in paths:
            name = self.name(path)
            with suppress(OSError):
                if name in known:
                    changed[name] = path.read_bytes()
        if changed:
            self.service.update(changed)


class Compilers:
    """Compilers by project; the last used ones run.

    Args:
        named: Folder of the compiler; else each project's own.
        limits: How many run, and how long an answer may take.
        tell: Told what people should know.
        trusts_projects: Whether a project's own compiler is run where none is named. It is code
            of whoever has written the project's folder.
    """

    def __init__(
        self,
        named: Path | None,
        limits: Limits,
        tell: Callable[[str], None],
        *,
        trusts_projects: bool,
    ) -> None:
        self._named = named
        self._trusts_projects = trusts_projects
        self._limits = limits
        self._tell = tell
        self._open: Recent[Path, OpenProject] = Recent(limits.compilers)
        self._failures: Counter[Path] = Counter()
        self._told: set[str] = set()

    def __len__(self) -> int:
        return len(self._open)

    def project(self, root: Path, texts: Mapping[Path, bytes]) -> OpenProject | None:
        """Return a project with its compiler, or None where there is none.

        Args:
            root: Its folder.
            texts: Of its files that the editor shows.
        """
        if self.has_given_up(root):
            return None
        try:
            project = self._open.get(root) or self._begun(root)
            project.show(texts)
        except MissingToolError as error:
            self._failures[root] = MOST_FAILURES
            self._say(f"types are not checked: {error}")
        except TidemillError as error:
            self.failed(root, error)
        else:
            return project
        return None

    def failed(self, root: Path, error: TidemillError) -> None:
        """Let a project's compiler go that has failed; it is begun anew, but not for ever.

        Args:
            root: The project's folder.
            error: How it failed.
        """
        _LOGGER.warning("the compiler of %s failed: %s", root, error.message)
        self._end(self._open.pop(root))
        self._failures[root] += 1
        if self.has_given_up(root):
            self._say(f"types in {root} are no longer checked: {error.message}")

    def worked(self, root: Path) -> None:
        """Note that a project's compiler has answered all that is asked about a file."""
        del self._failures[root]

    def has_given_up(self, root: Path) -> bool:
        """Whether a project is no longer asked about."""
        return self._failures[root] >= MOST_FAILURES

    def revive(self, root: Path) -> None:
        """Ask about a project again, because something of it has changed on disk."""
        del self._failures[root]

    def reread(self, root: Path, paths: Sequence[Path]) -> None:
        """Have files of a project read again that have changed on disk; it is asked about again.

        Args:
            root: The project's folder.
            paths: The files.
        """
        self.revive(root)
        project = self._open.get(root)
        try:
            if project is not None:
                project.reread(paths)
        except TidemillError as error:
            self.failed(root, error)

    def forget(self, root: Path) -> None:
        """Let a project's compiler go, because something of the project has changed on disk."""
        self._end(self._open.pop(root))
        self.revive(root)

    def close(self) -> None:
        """End them all."""
        for project in self._open.clear():
            self._end(project)

    def _begun(self, root: Path) -> OpenProject:
        compiler = self._compiler(root)
        config = next((root / name for name in CONFIGURATIONS if (root / name).is_file()), None)
        options = AT_HOME if config is None else BUILT
        service = CompilerService(
            compiler,
            root,
            [],
            options={**options, **CHECKED},
            config=config,
            seconds=self._limits.compiler_seconds,
        )
        project = OpenProject(root=root, service=service)
        for gone in self._open.put(root, project):
            self._end(gone)
        return project

    def _compiler(self, root: Path) -> Compiler:
        if self._named is None and not self._trusts_projects:
            raise MissingToolError(
                "asking for types over a port",
                tool="the setting typescript: a compiler that lies beside the files is not run",
                hint="Name one that you trust: tidemill lsp --port PORT --typescript FOLDER",
            )
        return find_compiler(root, self._named)

    def _end(self, project: OpenProject | None) -> None:
        if project is not None:
            project.service.close()

    def _say(self, words: str) -> None:
        """Tell people something once."""
        if words not in self._told:
            self._told.add(words)
            self._tell(words)


def _on_disk(path: Path) -> bytes:
    """Return what a file says; nothing where it is not there, for it offers nobody anything."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
