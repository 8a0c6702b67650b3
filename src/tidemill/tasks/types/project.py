"""The files of a program that have places for types."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tidemill.core.errors import InputError, ParseTimeoutError
from tidemill.core.files import bytes_and_facts
from tidemill.core.hashing import content_hash
from tidemill.core.progress import Progress
from tidemill.core.settings import Settings
from tidemill.source.annotations.finding import can_be_typed, sites_of
from tidemill.source.annotations.scope import type_names_of
from tidemill.source.language import language_of
from tidemill.source.lines import LineTable
from tidemill.source.parsing import SyntaxTree, parse
from tidemill.source.text import decode, is_minified
from tidemill.tasks.discovery import (
    TOO_LARGE,
    UNREADABLE,
    Candidate,
    Skipped,
    discover,
    printable,
    require,
)
from tidemill.tasks.index_report import SkippedPath

if TYPE_CHECKING:
    from tidemill.source.annotations.scope import TypeName
    from tidemill.source.annotations.site import TypeSite

__all__ = ["Project", "ProjectFile", "read_project"]

HEAD_BYTES = 8_192
LINK = "link: "
"""How the reason begins where what a link leads to is read by its own name, if at all."""


class ProjectFile:
    """A file, parsed.

    Args:
        path: Where it is.
        name: As people know it, from the folder in which the command runs.
        tree: Its syntax.
        encoding: What it is written in.
        key: Hash of its bytes.

    Attributes:
        sites: Its places for types.
        type_names: Its type names.
    """

    def __init__(self, path: Path, name: str, *, tree: SyntaxTree, encoding: str, key: str) -> None:
        self.path = path
        self.name = name
        self.tree = tree
        self.encoding = encoding
        self.key = key
        self.sites: tuple[TypeSite, ...] = sites_of(tree)
        self.type_names: tuple[TypeName, ...] = type_names_of(tree)

    @property
    def text(self) -> bytes:
        """Its text, UTF-8."""
        return self.tree.text

    @property
    def is_script(self) -> bool:
        """Whether types are said in comments, as in JavaScript."""
        return self.tree.language.name == "javascript"

    @property
    def is_module(self) -> bool:
        """Whether it imports or exports anything: if not, an import would change what it is."""
        statements = {"import_statement", "export_statement", "import_alias"}
        return any(one.type in statements for one in self.tree.tree.root_node.named_children)

    @cached_property
    def lines(self) -> LineTable:
        """Its lines."""
        return LineTable(self.text)

    @cached_property
    def newline(self) -> bytes:
        """How most of its lines end."""
        windows = self.text.count(b"\r\n")
        return b"\r\n" if 2 * windows > self.text.count(b"\n") else b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What was read.

    Attributes:
        root: Folder that all files lie in.
        files: Those that could be parsed whole, in order of path.
        skipped: The others, and why.
    """

    root: Path
    files: tuple[ProjectFile, ...]
    skipped: tuple[SkippedPath, ...]


def read_project(
    paths: Iterable[str | Path], *, settings: Settings, progress: Progress, cwd: Path
) -> Project:
    """Read the files under some paths.

    Args:
        paths: Files and folders; what is ignored in a folder is left out.
        settings: Limits of reading.
        progress: Told of every file.
        cwd: Where relative paths count from, in and out.

    Raises:
        InputError: No paths were given, or one does not exist.
    """
    roots = [cwd / path for path in paths]
    if not roots:
        raise InputError("there is nothing to look at", hint="name a path: tidemill types .")
    for root in roots:
        require(root)
    found = sorted(_typed(discover(roots, settings=settings)), key=lambda entry: entry.path)
    reader = _Reader(settings, cwd)
    for done, entry in enumerate(found, 1):
        reader.take(entry)
        progress.advance(done, len(found), printable(entry.path))
    return Project(root=_folder_of(roots), files=tuple(reader.files), skipped=tuple(reader.skipped))


def _typed(found: Iterable[Candidate | Skipped]) -> Iterator[Candidate | Skipped]:
    """Yield the files of languages whose types can be written."""
    for entry in found:
        language = language_of(entry.path)
        if language is not None and can_be_typed(language.name):
            yield entry


def _folder_of(roots: Sequence[Path]) -> Path:
    folders = [root.resolve() if root.is_dir() else root.resolve().parent for root in roots]
    return Path(os.path.commonpath(folders))


class _Reader:
    """Reads files one by one; what is wrong with one does not concern the others."""

    def __init__(self, settings: Settings, cwd: Path) -> None:
        self._settings = settings
        self._cwd = cwd
        self.files: list[ProjectFile] = []
        self.skipped: list[SkippedPath] = []

    def take(self, entry: Candidate | Skipped) -> None:
        name = printable(entry.path.removeprefix(f"{self._cwd}{os.sep}"))
        if isinstance(entry, Skipped):
            if not entry.reason.startswith(LINK):
                self.skipped.append(SkippedPath(path=name, reason=entry.reason))
            return
        reason = self._read(entry.path, name)
        if reason:
            self.skipped.append(SkippedPath(path=name, reason=reason))

    def _read(self, path: str, name: str) -> str:
        """Read a file; return why it could not be, or nothing."""
        most = self._settings.max_file_bytes
        try:
            follows = self._settings.follow_symlinks
            _, raw, _ = bytes_and_facts(path, most, follow_symlinks=follows)
            if len(raw) > most:
                return f"{TOO_LARGE}more than max_file_bytes = {most:,}"
            return self._parse(raw, path, name)
        except OSError as error:
            return f"{UNREADABLE}{error.strerror or error}"
        except ParseTimeoutError as error:
            return f"slow: {error.message}"
        except InputError as error:
            return error.message

    def _parse(self, raw: bytes, path: str, name: str) -> str:
        language = language_of(path, raw[:HEAD_BYTES])
        if language is None or not can_be_typed(language.name):
            return ""
        decoded = decode(raw, name)
        if is_minified(decoded.data):
            return "minified: its lines are too long for code that people write"
        tree = parse(decoded.data, language, seconds=self._settings.parse_seconds, path=name)
        if tree.errors:
            line = LineTable(decoded.data).line(tree.errors[0].start)
            return f"broken: line {line} cannot be parsed"
        file = ProjectFile(
            Path(path), name, tree=tree, encoding=decoded.encoding, key=content_hash(raw)
        )
        self.files.append(file)
        return ""
