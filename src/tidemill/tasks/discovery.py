"""Walking folders: which files to read, and why the others are not read.

The walk keeps its own stack, so depth costs no recursion, and holds one folder's
names at a time, so a large tree costs no memory.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tidemill.core.errors import InputError
from tidemill.core.settings import Settings
from tidemill.tasks.ignore import IgnoreFile, is_ignored, read_ignore_file

__all__ = [
    "NEVER_ENTERED",
    "TOO_LARGE",
    "UNREADABLE",
    "Candidate",
    "Skipped",
    "discover",
    "printable",
    "require",
]

NEVER_ENTERED = frozenset(
    {".git", ".hg", ".svn", ".tidemill", "node_modules", "__pycache__", ".venv"}
)
"""Names of folders that are never walked into, whatever the ignore files say."""

UNREADABLE = "unreadable: "
"""How the reason begins when the system does not let us read: it may pass."""

TOO_LARGE = "large: "
"""How the reason begins for a file over `max_file_bytes`: the limit may be raised."""

OWN_IGNORE_FILE = ".tidemillignore"
IGNORE_FILES = (OWN_IGNORE_FILE, ".gitignore")
"""Read in every folder; of two rules that match, the one in the first file decides."""

SPECIAL = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A file to read.

    Attributes:
        path: Absolute.
        size: Bytes.
        mtime_ns: Time of the last change, in nanoseconds.
        inode: Its inode.
        ctime_ns: Time of the last change of its inode, which nobody can set back.
    """

    path: str
    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A file or folder that is not read.

    Attributes:
        path: Absolute.
        reason: A short kind, a colon, and the detail.
        size: Bytes, as far as known.
        mtime_ns: Time of the last change, as far as known.
        inode: Its inode, as far as known.
        ctime_ns: Time of the last change of its inode, as far as known.
    """

    path: str
    reason: str
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    ctime_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder on the stack, with the ignore files that hold there, the nearest first."""

    path: str
    ignores: tuple[IgnoreFile, ...]


def printable(path: str) -> str:
    """Return a path that is safe to print: one line, valid UTF-8, nothing invisible."""
    if path.isprintable():
        return path
    return "".join(
        character if character.isprintable() else escaped(character) for character in path
    )


def escaped(character: str) -> str:
    """Write a character as source code would: backslash and hexadecimal digits."""
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def discover(
    roots: Sequence[Path],
    *,
    settings: Settings,
    only: Sequence[Path] = (),
    top: Path | None = None,
) -> Iterator[Candidate | Skipped]:
    """Walk ``roots`` in order of names and return every file that is not ignored, once.

    A root itself is never ignored: whoever names a path means it.

    Args:
        roots: Files or folders.
        settings: `max_file_bytes` and `follow_symlinks` are used.
        only: Folders to which the walk is limited, by default none; rules on the
            way to them hold as always.
        top: Folder from which ignore files hold, so that a folder in it is walked
            alone as it would be with everything else; by default the top of the
            root's git repository.

    Raises:
        InputError: A root does not exist, or cannot be looked at.
    """
    for root in roots:
        require(root)
    places = [root.resolve() for root in roots]
    found = chain.from_iterable(walk_of(place, settings, only, top) for place in places)
    return distinct(found) if overlap(places) else found


def require(root: Path) -> None:
    """Make sure that a path which somebody named is there.

    Raises:
        InputError: It does not exist, cannot be looked at, or is neither file nor folder.
    """
    try:
        kind = stat.S_IFMT(root.stat().st_mode)
    except OSError as error:
        gone = isinstance(error, FileNotFoundError | NotADirectoryError)
        raise InputError(
            "there is no such file or folder" if gone else f"{UNREADABLE}{error.strerror}",
            path=printable(str(root)),
            hint="if it was indexed and is gone, tidemill index --forget PATH drops it",
        ) from error
    if kind in SPECIAL:
        raise InputError(
            f"it is {SPECIAL[kind]}", path=printable(str(root)), hint="name a file or a folder"
        )


def walk_of(
    place: Path, settings: Settings, only: Sequence[Path], top: Path | None
) -> Iterator[Candidate | Skipped]:
    """Return what one root brings."""
    if place.is_dir():
        return Walk(settings, only).below(place, top)
    return file_at(str(place), settings)


def overlap(places: Sequence[Path]) -> bool:
    """Whether one of ``places`` lies in another, or is named twice."""
    known = set(places)
    return len(known) < len(places) or any(
        parent in known for place in places for parent in place.parents
    )


def distinct(found: Iterable[Candidate | Skipped]) -> Iterator[Candidate | Skipped]:
    """Yield what has not been met before, at the cost of remembering every path."""
    known: set[str] = set()
    for entry in found:
        if entry.path not in known:
            known.add(entry.path)
            yield entry


class Walk:
    """One walk over one root.

    Args:
        settings: `max_file_bytes` and `follow_symlinks` are used.
        only: Folders to which it is limited, if any.
    """

    def __init__(self, settings: Settings, only: Sequence[Path] = ()) -> None:
        self._settings = settings
        self._only = [f"{folder}/" for folder in only]
        self._entered: set[tuple[int, int]] = set()

    def below(self, root: Path, top: Path | None = None) -> Iterator[Candidate | Skipped]:
        """Yield what lies below ``root``; ignore files hold from ``top`` on."""
        stack = [Folder(path=str(root), ignores=inherited(root, top))]
        while stack:
            folder = stack.pop()
            try:
                with os.scandir(folder.path) as entries:
                    children = sorted(entries, key=lambda entry: entry.name)
                    known = self._known(folder.path)
            except OSError as error:
                yield unreadable(folder.path, error)
                continue
            if known:
                yield Skipped(path=folder.path, reason="link: this folder was walked already")
                continue
            ignores = ignores_in(folder, {entry.name for entry in children})
            deeper = []
            for entry in children:
                is_folder = self._is_folder(entry)
                if left_out(entry, ignores, is_folder=is_folder):
                    continue
                if is_folder and self._leads(entry.path):
                    deeper.append(Folder(path=entry.path, ignores=ignores))
                elif not is_folder and self._covers(entry.path):
                    yield from self._file(entry)
            stack.extend(reversed(deeper))

    def _covers(self, path: str) -> bool:
        """Whether ``path`` lies where the walk is limited to."""
        return not self._only or any(path.startswith(head) for head in self._only)

    def _leads(self, folder: str) -> bool:
        """Whether ``folder`` lies there, or on the way."""
        inside = folder + "/"
        return self._covers(inside) or any(head.startswith(inside) for head in self._only)

    def _known(self, folder: str) -> bool:
        """Whether the folder was entered before, by another link; remembers it."""
        if not self._settings.follow_symlinks:
            return False
        facts = Path(folder).stat()
        identity = (facts.st_dev, facts.st_ino)
        if identity in self._entered:
            return True
        self._entered.add(identity)
        return False

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        try:
            return entry.is_dir(follow_symlinks=self._settings.follow_symlinks)
        except OSError:
            return False

    def _file(self, entry: os.DirEntry[str]) -> Iterator[Candidate | Skipped]:
        if entry.is_symlink() and not self._settings.follow_symlinks:
            yield Skipped(path=entry.path, reason="link: symbolic links are not followed")
        else:
            yield from file_at(entry.path, self._settings)


def file_at(path: str, settings: Settings) -> Iterator[Candidate | Skipped]:
    """Yield the file at ``path`` as a candidate, or skipped with the reason."""
    try:
        facts = Path(path).stat()
    except OSError as error:
        yield unreadable(path, error)
        return
    known = {
        "size": facts.st_size,
        "mtime_ns": facts.st_mtime_ns,
        "inode": facts.st_ino,
        "ctime_ns": facts.st_ctime_ns,
    }
    if not stat.S_ISREG(facts.st_mode):
        kind = SPECIAL.get(stat.S_IFMT(facts.st_mode), "neither a file nor a folder")
        yield Skipped(path=path, reason=f"special: {kind}", **known)
    elif facts.st_size > settings.max_file_bytes:
        detail = f"{facts.st_size:,} bytes, more than max_file_bytes = {settings.max_file_bytes:,}"
        yield Skipped(path=path, reason=f"{TOO_LARGE}{detail}", **known)
    else:
        yield Candidate(path=path, **known)


def unreadable(path: str, error: OSError) -> Skipped:
    """Return the entry for something the system does not let us read."""
    return Skipped(path=path, reason=f"{UNREADABLE}{error.strerror or error}")


def left_out(entry: os.DirEntry[str], ignores: tuple[IgnoreFile, ...], *, is_folder: bool) -> bool:
    """Whether an entry is left out without a word: ignored, or a folder never entered."""
    if entry.name in NEVER_ENTERED and (is_folder or entry.name == ".git"):
        return True
    return is_ignored(os.fsencode(entry.path), is_folder=is_folder, files=ignores)


def ignores_in(folder: Folder, names: set[str]) -> tuple[IgnoreFile, ...]:
    """Return the ignore files that hold inside ``folder``, the nearest first."""
    place = Path(folder.path)
    sources = [place / name for name in IGNORE_FILES if name in names]
    above = folder.ignores
    if ".git" in names:
        sources.append(place / ".git" / "info" / "exclude")
        # A repository inside another has rules of its own, as it has for git.
        above = tuple(file for file in above if file.source.name == OWN_IGNORE_FILE)
    # Links are not followed here, as git does not.
    own = [read_ignore_file(source, place) for source in sources if not source.is_symlink()]
    return (*(file for file in own if file is not None), *above)


def inherited(root: Path, top: Path | None) -> tuple[IgnoreFile, ...]:
    """Return the ignore files above ``root`` that hold in it, the nearest first.

    They begin at ``top`` or at the top of the root's git repository, whichever is higher.
    """
    way = (root, *root.parents)
    repository = next((step for step, folder in enumerate(way) if holds(folder, ".git")), 0)
    highest = max(repository, way.index(top) if top in way else 0)
    ignores: tuple[IgnoreFile, ...] = ()
    for parent in reversed(way[1 : highest + 1]):
        names = {name for name in (*IGNORE_FILES, ".git") if holds(parent, name)}
        ignores = ignores_in(Folder(path=str(parent), ignores=ignores), names)
    return ignores


def holds(folder: Path, name: str) -> bool:
    """Whether there is such a name in a folder; not where the folder is closed to us."""
    return os.path.exists(folder / name)  # noqa: PTH110  `Path.exists` would raise there
