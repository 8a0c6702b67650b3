"""What a worker does with a fetched package: its functions, and what it says of its licence."""

import json
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath

from tidemill.core.files import write_atomically
from tidemill.core.hashing import content_hash
from tidemill.core.settings import Settings
from tidemill.corpus.archive import Bounds, Member, members
from tidemill.corpus.documented import DocumentedFunction, functions_in
from tidemill.corpus.left_out import is_foreign, is_made, is_sample, is_test
from tidemill.corpus.licence import said_in
from tidemill.corpus.recipe import Package
from tidemill.source.language import language_of

__all__ = ["Harvest", "HarvestedFile", "harvest"]

EDITION = "3"
"""Part of the key of what is kept: a new one whenever the same package would give other functions."""

LICENCE_FILES = frozenset({"license", "licence", "license.txt", "license.md", "licence.txt", "copying"})
TESTISH_PREFIXES = ("package/", "usr/share/gocode/src/", "usr/share/", "usr/lib/")


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestedFile:
    """The functions of one file."""

    path: str
    hash: str
    functions: tuple[DocumentedFunction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """What a package gave.

    Attributes:
        files: Its files that gave functions, in order of their paths.
        left_out: Files that were passed over, counted by reason.
        licences: What its metadata says, as far as that is known.
    """

    files: tuple[HarvestedFile, ...]
    left_out: dict[str, int]
    licences: frozenset[str]


def harvest(package: Package, archive: Path, settings: Settings) -> Harvest:
    """Read the functions of a package."""
    files: list[HarvestedFile] = []
    reasons: Counter[str] = Counter()
    licences: frozenset[str] = frozenset()
    bounds = Bounds(member_bytes=settings.max_file_bytes)
    for member in members(archive, lambda path: _is_wanted(path, package), bounds):
        if _is_metadata(member.path):
            licences |= said_in(member.path, member.data.decode("utf-8", "replace"))
            continue
        inner = PurePosixPath(inner_path(member.path, package))
        reason = _reason(inner, member.data)
        if reason:
            reasons[reason] += 1
            continue
        found, reason = functions_in(member.data, str(inner), package.name, settings)
        if reason:
            reasons[reason.partition(":")[0]] += 1
        own = tuple(f for f in found if f.language == package.language)
        if own:
            files.append(HarvestedFile(path=str(inner), hash=content_hash(member.data), functions=own))
    files.sort(key=lambda file: file.path)
    return Harvest(files=tuple(files), left_out=dict(reasons), licences=licences)


def inner_path(path: str, package: Package) -> str:
    """Take the folder away that only says which package and version it is."""
    parts = path.split("/")
    if package.registry == "npm" or package.registry == "apt-source":
        return "/".join(parts[1:]) or path
    if package.registry == "apt":
        return path.removeprefix("usr/share/").removeprefix("usr/lib/").removeprefix("gocode/src/").removeprefix("ruby/vendor_ruby/").removeprefix("php/")
    return path


def _is_wanted(path: str, package: Package) -> bool:
    if _is_metadata(path):
        return True
    language = language_of(path)
    if language is None or language.name != package.language:
        return False
    inner = inner_path(path, package)
    return not package.only or inner.startswith(package.only)


def _is_metadata(path: str) -> bool:
    parts = path.split("/")
    if parts[-1] == "copyright":
        return "doc" in parts
    if parts[-1] == "METADATA":
        return len(parts) == 2
    return len(parts) == 2 and (parts[-1].lower() in LICENCE_FILES or parts[-1] == "package.json")


def _reason(path: PurePosixPath, data: bytes) -> str:
    if is_test(path):
        return "test"
    if is_sample(path):
        return "sample"
    if is_foreign(path):
        return "copy of another package"
    return "made by a program" if is_made(path.name, data) else ""
