"""Every expert that is at hand: those that come with Tidemill, and over them the user's own."""

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Final

from tidemill.core.clock import Clock, SystemClock
from tidemill.core.errors import ExpertError, SettingError
from tidemill.core.files import flush_directory, make_private_directory, named_failures
from tidemill.core.locks import JobLock
from tidemill.core.progress import Progress
from tidemill.core.settings import Settings, resolve
from tidemill.experts.folder import DRAFT_ENDING
from tidemill.experts.names import check_id
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.experts.packing import ExpertDraft, write_expert
from tidemill.experts.seals import break_seal, is_sealed, seal
from tidemill.experts.shelf import (
    ExpertEntry,
    check_place,
    copy_package,
    entry_of,
    erase,
    packages_in,
)
from tidemill.experts.verification import Verification, sound_expert, verify_expert

__all__ = ["SHIPPED", "ExpertRegistry", "open_registry"]

SHIPPED: Final = Path(__file__).parent / "shipped"
"""The experts that come with Tidemill."""

JOB: Final = "experts"
WAIT_SECONDS: Final = 10.0


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
        self.folders: tuple[Path, ...] = tuple(folders)
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
        return tuple(
            entry_of(folder, is_own=folder.parent == self.own) for folder in self._found().values()
        )

    def folder_of(self, name: str) -> Path:
        """Return where an expert lies.

        Args:
            name: The expert's.

        Raises:
            ExpertError: There is no such expert.
        """
        check_id(name, what="name of an expert")
        for folder in reversed(self.folders):
            if (folder / name).is_dir():
                return folder / name
        found = self._found()
        near = get_close_matches(name, found, n=1)
        raise ExpertError(
            f"there is no expert {name}",
            hint=f"Did you mean {near[0]}?" if near else f"there are: {', '.join(found) or 'none'}",
        )

    def get(
        self, name: str, *, mapped: bool = True, progress: Progress | None = None
    ) -> ExpertPackage:
        """Open an expert that is sound.

        It was checked in full when it entered, and is again only after a file changed.

        Args:
            name: The expert's.
            mapped: Whether its weights are at hand; see `open_expert`.
            progress: Told of a full check, in bytes.

        Raises:
            ExpertError: There is no such expert, or something is wrong with it.
            StoreError: It cannot be read.
        """
        package = open_expert(self.folder_of(name), mapped=mapped)
        check_place(package)
        if not is_sealed(self.own, package):
            sound = sound_expert(package.folder, progress=progress)
            seal(self.own, sound)
            package = sound if mapped else open_expert(package.folder, mapped=False)
        return package

    def verify(self, name: str, *, progress: Progress | None = None) -> Verification:
        """Check an expert in full, whether or not it was checked before.

        Args:
            name: The expert's.
            progress: Told of every block, in bytes.

        Raises:
            ExpertError: There is no such expert.
            StoreError: It cannot be read, or what was known of it not be forgotten.
        """
        found = verify_expert(self.folder_of(name), progress=progress)
        if found.package is not None:
            try:
                check_place(found.package)
            except ExpertError as error:
                found = dataclasses.replace(found, findings=(*found.findings, error.message))
        if found.package is not None and found.sound:
            seal(self.own, found.package)
        else:
            break_seal(self.own, name)
        return found

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
        return self._enter(partial(_copied, source, progress=progress), replace=replace)

    def add_draft(self, draft: ExpertDraft, *, replace: bool = False) -> ExpertPackage:
        """Pack an expert into the user's folder, after checking it in full.

        Args:
            draft: The expert.
            replace: As for `add`.

        Raises:
            ExpertError: The draft says what no package may hold, its shapes are not those of
                its config, or the user has one of this name.
            LockedError: Somebody else adds or removes at this moment.
            CapacityError: The disk is full.
            StoreError: It cannot be written.
        """
        return self._enter(partial(_written, draft), replace=replace)

    def remove(self, name: str) -> Path:
        """Remove one of the user's experts; whoever opened it keeps it.

        Args:
            name: The expert's.

        Returns:
            Where it was.

        Raises:
            ExpertError: There is none of this name, or it comes with Tidemill.
            LockedError: Somebody else adds or removes at this moment.
            StoreError: It cannot be removed.
        """
        folder = self.folder_of(name)
        if folder.parent != self.own:
            raise ExpertError(
                f"the expert {name} comes with Tidemill and stays",
                hint="add one of the same name: it is taken instead",
            )
        with self._lock():
            break_seal(self.own, name)
            self._discard(folder)
        return folder

    def _enter(self, fill: Callable[[Path], ExpertPackage], *, replace: bool) -> ExpertPackage:
        """Let a package in that ``fill`` makes, sound, in a folder of its own."""
        make_private_directory(self.own)
        with self._lock():
            self._sweep()
            draft = self.own / f".added.{os.urandom(8).hex()}{DRAFT_ENDING}"
            try:
                target = self.own / fill(draft).name
                self._make_room(target, replace=replace)
                with named_failures(target, doing="write"):
                    draft.rename(target)
                    flush_directory(self.own)
            finally:
                erase(draft)
            package = open_expert(target)
            seal(self.own, package)
        return package

    def _lock(self) -> JobLock:
        return JobLock(self.own, JOB, self._clock, wait_seconds=WAIT_SECONDS)

    def _sweep(self) -> None:
        """Remove what a killed process left; the lock is ours, so it is nobody's work."""
        for path in self.own.glob(f".*{DRAFT_ENDING}"):
            erase(path)

    def _make_room(self, target: Path, *, replace: bool) -> None:
        if not os.path.lexists(target):
            return
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
        erase(litter)

    def _found(self) -> Mapping[str, Path]:
        found: dict[str, Path] = {}
        for folder in self.folders:
            found |= {path.name: path for path in packages_in(folder)}
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


def _copied(source: Path, draft: Path, *, progress: Progress | None) -> ExpertPackage:
    """Copy a package and check the copy; what is wrong with it is said of the source."""
    copy_package(source, draft)
    try:
        return sound_expert(draft, progress=progress)
    except ExpertError as error:
        message = error.message.replace(str(draft), str(source))
        raise ExpertError(message, hint=error.hint) from error


def _written(made_of: ExpertDraft, draft: Path) -> ExpertPackage:
    write_expert(draft, made_of)
    try:
        return sound_expert(draft)
    except ExpertError as error:
        message = error.message.replace(str(draft), made_of.name)
        raise ExpertError(message, hint="mend the draft") from error
