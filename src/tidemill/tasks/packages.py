"""Named packages become files, without importing a line of them."""

import importlib.util
import re
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from tidemill.core.errors import InputError
from tidemill.core.settings import Settings
from tidemill.corpus.left_out import is_test
from tidemill.tasks.discovery import Candidate, discover

__all__ = ["STDLIB", "Package", "package_named", "packages_named", "source_files"]

STDLIB = "stdlib"
"""The interpreter's standard library, without its tests and what is installed beside it."""

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
FOREIGN_FOLDERS = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Code that is measured under one name.

    Attributes:
        name: As results are reported.
        root: Its folder, or its only file.
    """

    name: str
    root: Path


def package_named(name: str) -> Package:
    """Find a package: a path, ``stdlib``, or the name that Python would import.

    Args:
        name: A file or folder, ``stdlib``, or a name such as ``numpy.linalg``.

    Raises:
        InputError: There is no such path or name, or it has no sources.
    """
    if name == STDLIB:
        return Package(name=name, root=Path(sysconfig.get_paths()["stdlib"]))
    path = Path(name).expanduser()
    if name and path.exists():
        return Package(name=path.resolve().name, root=path.resolve())
    return Package(name=name, root=_imported_root(name))


def packages_named(names: Sequence[str]) -> list[Package]:
    """Find several packages, each once; two of one name are told apart by their paths."""
    found = [package_named(name) for name in dict.fromkeys(names)]
    known = Counter(package.name for package in found)
    return [
        replace(package, name=str(package.root)) if known[package.name] > 1 else package
        for package in found
    ]


def source_files(package: Package, settings: Settings) -> Iterator[Candidate]:
    """Yield the files of a package in order of their paths, but those of its tests."""
    for found in discover([package.root], settings=settings):
        if isinstance(found, Candidate) and not _is_left_out(found.path, package.root):
            yield found


def _imported_root(name: str) -> Path:
    top, *inner = name.split(".")
    for place in _places_of(top, name):
        root = place.joinpath(*inner)
        for candidate in (root, root.with_suffix(".py")):
            if candidate.exists():
                return candidate
    raise InputError(
        f"{name} has no Python sources here",
        hint="It may be built into the interpreter or compiled.",
    )


def _places_of(top: str, name: str) -> list[Path]:
    """Where a top-level package lies; finding an inner one would import what is around it."""
    try:
        spec = importlib.util.find_spec(top) if _DOTTED.fullmatch(name) else None
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        raise _unknown(name)
    if spec.submodule_search_locations is not None:
        return [Path(place) for place in spec.submodule_search_locations]
    origin = Path(spec.origin or "")
    return [origin.with_suffix("")] if origin.suffix == ".py" else []


def _unknown(name: str) -> InputError:
    return InputError(
        f"there is no file, folder or package {name}",
        hint=f"Give a path, '{STDLIB}', or a package installed in {sys.prefix}.",
    )


def _is_left_out(path: str, root: Path) -> bool:
    """Whether a file belongs to tests or to another package; the root's own path never says so."""
    inner = Path(path).relative_to(root) if Path(path) != root else Path(root.name)
    if not FOREIGN_FOLDERS.isdisjoint(inner.parts[:-1]):
        return True
    return is_test(PurePosixPath(inner))
