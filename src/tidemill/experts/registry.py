"""Every expert that is at hand: those that come with Tidemill, and over them the user's own."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from tidemill.core.clock import Clock, SystemClock
from tidemill.core.errors import ExpertError, SettingError, TidemillError
from tidemill.core.files import flush_directory, make_private_directory, named_failures
from tidemill.core.locks import JobLock
from tidemill.core.progress import Progress
from tidemill.core.settings import Settings, resolve
from tidemill.experts.archive import unpack_archive
from tidemill.experts.folder import DRAFT_ENDING, blocks_of, opened, staged, write_new
from tidemill.experts.names import check_id
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.experts.seals import break_seal, is_sealed, seal
from tidemill.experts.verification import sound_expert

__all__ = ["SHIPPED", "ExpertEntry", "ExpertRegistry", "open_registry"]

SHIPPED: Final = Path(__file__).parent / "shipped"
"""The experts that come with Tidemill."""

JOB: Final = "experts"
WAIT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertEntry:
    """One expert in a registry.

    Attributes:
        name: By which it is asked for.
        folder: Where it lies.
        is_own: Whether it is the user's, not shipped.
        package: The package, or None where it cannot be opened.
        trouble: Why it cannot be opened; empty where it can.
    """

    name: str
    folder: Path
    is_own: bool
    package: ExpertPackage | None
    trouble: str = ""


class ExpertRegistry:
    """Experts by name, from several folders.

    Args:
        folders: Where packages lie; a later folder's shadow an earlier one's of the same
            name. The last one is the user's: what is added or removed is added or removed
            there, and it need not be there yet.
        clock: Says since when the lock is held.

    Raises:
        ValueError: There are no folders.
    """

    def __init__(self, folders: Sequence[Path], *, clock: Clock | None = None) -> None:
        if not folders:
            message = "a registry needs a folder"
            raise ValueError(message)
        self.folders = tuple(folders)
        self._clock = clock or SystemClock()

    @property
    def own(self) -> Path:
        """The user's folder."""
        return self.folders[-1]

    def list(self) -> tuple[ExpertEntry, ...]:
        """Return every expert by name, those that cannot be opened with the reason.

        Raises:
            StoreError: A folder cannot be listed.
        """
        return tuple(_entry(name, folder, self.own) for name, folder in self._found().items())

    def get(self, name: str, *, progress: Progress | None = None) -> ExpertPackage:
        """Open an expert that is sound.

        It is checked in full when it entered, and again only after one of its files changed.

        Args:
            name: The expert's.
            progress: Told of a full check, in bytes.

        Raises:
            ExpertError: There is no such expert, or something is wrong with it.
            StoreError: It cannot be read.
        """
        folder = self._folder_of(name)
        package = open_expert(folder)
        _check_place(package)
        if is_sealed(self.own, package):
            return package
        package = sound_expert(folder, progress=progress)
        seal(self.own, package)
        return package

    def add(
        self, source: Path, *, replace: bool = False, progress: Progress | None = None
    ) -> ExpertPackage:
        """Take a copy of an expert into the user's folder, after checking it in full.

        Args:
            source: The folder of a package, or an archive of one.
            replace: Whether it may take the place of the user's expert of the same name.
                Between the old one and the new one there is a moment with neither; whoever
                opened the old one keeps it.
            progress: Told of the check, in bytes.

        Raises:
            ExpertError: The expert is not sound, or the user has one of this name.
            LockedError: Somebody else adds or removes at this moment.
            CapacityError: The disk is full.
            StoreError: Something cannot be read or written.
        """
        make_private_directory(self.own)
        with self._lock():
            self._sweep()
            draft = self.own / f".added.{os.urandom(8).hex()}{DRAFT_ENDING}"
            try:
                package = _copied(source, draft, progress)
                target = self.own / package.name
                self._make_room(target, replace=replace)
                with named_failures(target, doing="write"):
                    draft.rename(target)
                    flush_directory(self.own)
            finally:
                _erase(draft)
            package = open_expert(target)
            seal(self.own, package)
        return package

    def remove(self, name: str) -> None:
        """Remove one of the user's experts.

        Args:
            name: The expert's.

        Raises:
            ExpertError: There is none of this name, or it comes with Tidemill.
            LockedError: Somebody else adds or removes at this moment.
            StoreError: It cannot be removed.
        """
        folder = self._folder_of(name)
        if folder.parent != self.own:
            raise ExpertError(
                f"the expert {name} comes with Tidemill and stays",
                hint="add one of the same name: it is taken instead",
            )
        with self._lock():
            break_seal(self.own, name)
            self._discard(folder)

    def _lock(self) -> JobLock:
        return JobLock(self.own, JOB, self._clock, wait_seconds=WAIT_SECONDS)

    def _make_room(self, target: Path, *, replace: bool) -> None:
        if os.path.lexists(target):
            if not replace:
                raise ExpertError(
                    f"there is an expert {target.name} already: {target}",
                    hint="replace it with --replace, or remove it first",
                )
            self._discard(target)

    def _discard(self, folder: Path) -> None:
        """Take a folder out of the registry in one step, and then its files."""
        litter = self.own / f".removed.{os.urandom(8).hex()}{DRAFT_ENDING}"
        with named_failures(folder, doing="remove"):
            folder.rename(litter)
            flush_directory(self.own)
        _erase(litter)

    def _sweep(self) -> None:
        """Remove what a killed process left; the lock is ours, so it is nobody's work."""
        for path in self.own.glob(f".*{DRAFT_ENDING}"):
            _erase(path)

    def _folder_of(self, name: str) -> Path:
        check_id(name, what="name of an expert")
        found = self._found()
        if name not in found:
            near = get_close_matches(name, found, n=1)
            known = ", ".join(found) or "none"
            raise ExpertError(
                f"there is no expert {name}",
                hint=f"Did you mean {near[0]}?" if near else f"there are: {known}",
            )
        return found[name]

    def _found(self) -> Mapping[str, Path]:
        found: dict[str, Path] = {}
        for folder in self.folders:
            found |= {path.name: path for path in _candidates(folder)}
        return dict(sorted(found.items()))


def open_registry(
    settings: Settings | None = None, environ: Mapping[str, str] | None = None
) -> ExpertRegistry:
    """Return the registry in force: the shipped experts and the user's.

    Args:
        settings: Its ``experts`` is the user's folder; by default the settings in force.
        environ: The environment, for where user data lie; by default the process's own.

    Raises:
        SettingError: The user has no folder for data.
    """
    settings = settings or resolve().settings
    own = settings.experts or _data_home(os.environ if environ is None else environ)
    return ExpertRegistry([SHIPPED, own])


def _data_home(environ: Mapping[str, str]) -> Path:
    if environ.get("XDG_DATA_HOME"):
        return Path(environ["XDG_DATA_HOME"], "tidemill", "experts")
    if environ.get("HOME"):
        return Path(environ["HOME"], ".local", "share", "tidemill", "experts")
    raise SettingError(
        "there is no folder for experts: neither XDG_DATA_HOME nor HOME is set",
        hint="set TIDEMILL_EXPERTS to a folder",
    )


def _candidates(folder: Path) -> Iterator[Path]:
    """Yield what could be packages: everything but hidden entries and the lock's file."""
    if not folder.is_dir():
        return
    with named_failures(folder, doing="list"), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir() and not entry.name.startswith((".", "_")):
                yield folder / entry.name


def _entry(name: str, folder: Path, own: Path) -> ExpertEntry:
    try:
        package = open_expert(folder)
        _check_place(package)
    except TidemillError as error:
        return ExpertEntry(
            name=name,
            folder=folder,
            is_own=folder.parent == own,
            package=None,
            trouble=error.message,
        )
    return ExpertEntry(name=name, folder=folder, is_own=folder.parent == own, package=package)


def _check_place(package: ExpertPackage) -> None:
    """Refuse a folder under another name, and one that lies elsewhere."""
    if package.folder.is_symlink():
        raise ExpertError(
            f"{package.folder}: is a link", hint="add the expert: tidemill experts import"
        )
    if package.folder.name != package.name:
        raise ExpertError(f"{package.folder}: the expert in it is called {package.name}")


def _copied(source: Path, draft: Path, progress: Progress | None) -> ExpertPackage:
    """Copy a package and check the copy; what is wrong with it is said of the source."""
    if source.is_dir():
        _copy(source, draft)
    else:
        unpack_archive(source, draft)
    try:
        return sound_expert(draft, progress=progress)
    except ExpertError as error:
        message = error.message.replace(str(draft), str(source))
        raise ExpertError(message, hint=error.hint) from error


def _copy(source: Path, draft: Path) -> None:
    package = open_expert(source)
    with staged(draft) as stage:
        for name in package.stamps:
            with opened(source / name) as file:
                write_new(stage / name, blocks_of(file))


def _erase(path: Path) -> None:
    if path.is_symlink():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)
