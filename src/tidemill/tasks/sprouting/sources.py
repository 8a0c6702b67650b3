"""Which code sprouts are grown from: folders, and of shelves of packages each package by itself."""

import importlib.metadata
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tidemill.core.errors import InputError
from tidemill.core.hashing import content_hash
from tidemill.corpus.left_out import is_foreign, is_test
from tidemill.corpus.licence import said_in
from tidemill.source.language import language_of
from tidemill.tasks.discovery import NEVER_ENTERED, require
from tidemill.tasks.packages import FOREIGN_FOLDERS, STDLIB

__all__ = ["SproutSource", "digest_of", "interpreter_folders", "sources_in"]

STDLIB_LICENCE = "PSF-2.0"
METADATA = "METADATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class SproutSource:
    """Code that is read in one go.

    Attributes:
        place: A folder that is read with all below it, or one module.
        name: Where it stands in the tree of all code: ``("networkx",)``.
        licences: What its metadata say, as far as the words are known.
    """

    place: Path
    name: tuple[str, ...]
    licences: frozenset[str] = frozenset()


def interpreter_folders() -> list[Path]:
    """Return what is at hand everywhere: the standard library, and what is installed beside it."""
    paths = sysconfig.get_paths()
    named = [Path(paths[key]) for key in ("stdlib", "purelib", "platlib")]
    return list(dict.fromkeys(path for path in named if path.is_dir()))


def sources_in(folders: Sequence[Path]) -> list[SproutSource]:
    """Return the sources in some folders, each once, in order.

    Of the standard library and of folders that packages are installed in, each package is a
    source; any other folder is one.

    Args:
        folders: As somebody named them.

    Raises:
        InputError: One of them is not there, or is no folder.
    """
    found: dict[Path, SproutSource] = {}
    for folder in folders:
        require(folder)
        if not folder.is_dir():
            raise InputError("this is no folder", path=str(folder), hint="Name one with code.")
        for source in _sources(folder.resolve()):
            found.setdefault(source.place, source)
    return list(found.values())


def digest_of(source: SproutSource) -> str:
    """Name the state of a source: paths, sizes and times of what could be read."""
    files = [source.place] if source.place.is_file() else sorted(source.place.rglob("*"))
    facts = []
    for path in files:
        if language_of(path.name) is None or path.is_symlink():
            continue
        state = path.stat()
        facts.append((str(path), state.st_size, state.st_mtime_ns))
    return content_hash(repr((source.name, facts)).encode("utf-8", "surrogatepass"))


def _sources(folder: Path) -> Iterator[SproutSource]:
    if folder == Path(sysconfig.get_paths()["stdlib"]).resolve():
        for place in _members(folder):
            yield SproutSource(
                place=place, name=(STDLIB, place.name), licences=frozenset({STDLIB_LICENCE})
            )
    elif folder.name in FOREIGN_FOLDERS:
        licences = _installed_licences(folder)
        for place in _members(folder):
            known = licences.get(place.name, frozenset())
            yield SproutSource(place=place, name=(place.name,), licences=known)
    else:
        yield SproutSource(place=folder, name=(folder.name,))


def _members(shelf: Path) -> Iterator[Path]:
    """Yield the packages and modules of a shelf, without tests and what is installed below it."""
    for place in sorted(shelf.iterdir()):
        inner = PurePosixPath(place.name, "x")
        if place.is_symlink() or place.name in NEVER_ENTERED or is_test(inner) or is_foreign(inner):
            continue
        is_module = place.is_file() and language_of(place.name) is not None
        if is_module or (place.is_dir() and place.name.isidentifier()):
            yield place


def _installed_licences(shelf: Path) -> Mapping[str, frozenset[str]]:
    """Return what installed packages say of their licences, by the names of their folders."""
    found: dict[str, frozenset[str]] = {}
    for distribution in importlib.metadata.distributions(path=[str(shelf)]):
        said = said_in(METADATA, distribution.read_text(METADATA) or "")
        for top in {PurePosixPath(file).parts[0] for file in distribution.files or ()}:
            found[top] = found.get(top, frozenset()) | said
    return found
