"""A folder of packages, each under its own name."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tidemill.core.errors import ExpertError, TidemillError
from tidemill.core.files import named_failures
from tidemill.experts.archive import unpack_archive
from tidemill.experts.folder import blocks_of, opened, staged, write_new
from tidemill.experts.package import ExpertPackage, open_expert

__all__ = ["ExpertEntry", "check_place", "copy_package", "entry_of", "erase", "packages_in"]


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

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        facts: dict[str, object] = {
            "name": self.name,
            "folder": str(self.folder),
            "is_own": self.is_own,
            "trouble": self.trouble,
        }
        if self.package is None:
            return facts
        return facts | {
            "expert_hash": self.package.expert_hash,
            "parameters": self.package.parameters,
            "bytes": self.package.bytes_on_disk,
            "sparse": footprint.to_dict() if (footprint := self.package.footprint) else None,
            "manifest": self.package.manifest.to_dict(),
        }


def packages_in(folder: Path) -> Iterator[Path]:
    """Yield what could be packages: the folders in a folder that are not hidden.

    Args:
        folder: Need not be there.

    Raises:
        StoreError: It cannot be listed.
    """
    if not folder.is_dir():
        return
    with named_failures(folder, doing="list"), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir() and not entry.name.startswith((".", "_")):
                yield folder / entry.name


def entry_of(folder: Path, *, is_own: bool) -> ExpertEntry:
    """Open a package for a list, where trouble is part of the answer.

    Args:
        folder: The package.
        is_own: Whether it is the user's.
    """
    package, trouble = None, ""
    try:
        opened_package = open_expert(folder)
        check_place(opened_package)
        package = opened_package
    except TidemillError as error:
        trouble = error.message
    return ExpertEntry(
        name=folder.name, folder=folder, is_own=is_own, package=package, trouble=trouble
    )


def check_place(package: ExpertPackage) -> None:
    """Refuse a package under another name, and one that lies elsewhere.

    Args:
        package: On a shelf.

    Raises:
        ExpertError: It is such a one.
    """
    hint = "add the expert instead: tidemill experts import"
    if package.folder.is_symlink():
        raise ExpertError(f"{package.folder}: is a link", hint=hint)
    if package.folder.name != package.name:
        raise ExpertError(f"{package.folder}: the expert in it is called {package.name}", hint=hint)


def copy_package(source: Path, target: Path) -> None:
    """Copy a package, or unpack an archive of one; what comes is still to be verified.

    Args:
        source: A folder or an archive.
        target: A folder that is not there yet.

    Raises:
        ExpertError: The source is no expert, or not allowed.
        CapacityError: The disk is full.
        StoreError: The source cannot be read, or the target not written.
    """
    if not source.is_dir():
        unpack_archive(source, target)
        return
    package = open_expert(source)
    with staged(target) as stage:
        for name in package.stamps:
            with opened(source / name) as file:
                write_new(stage / name, blocks_of(file))


def erase(path: Path) -> None:
    """Remove a folder, or a link to one, as far as that is possible.

    Args:
        path: Need not be there.
    """
    if path.is_symlink():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)
