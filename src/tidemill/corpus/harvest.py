"""What a package or a folder of code gives: its functions, and what it says of its licence."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tidemill.core.hashing import content_hash
from tidemill.core.settings import Settings
from tidemill.corpus.archive import Bounds, Member, members
from tidemill.corpus.documented import DocumentedFunction, functions_in
from tidemill.corpus.left_out import left_out
from tidemill.corpus.licence import said_in
from tidemill.source.language import language_of

__all__ = ["EDITION", "Harvest", "HarvestedFile", "Source", "harvest"]

EDITION = "5"
"""Part of the key of what is kept: new whenever the same package would give other functions."""

LICENCE_FILE = re.compile(r"(?:licen[cs]e|copying)(?:\.txt|\.md|\.rst)?", re.IGNORECASE)
INSTALLED = re.compile(
    r"usr/(?:share|lib)/(?:gocode/src/|php/|ruby/vendor_ruby/|python3/dist-packages/"
    r"|(?:[\w-]+/)?rubygems-integration/[^/]+/gems/[^/]+/)?"
)
"""Where Debian puts what others keep at the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something that functions are read from.

    Attributes:
        archive: An archive, or a folder.
        name: The package that its functions are counted under.
        language: The only language that is taken; empty: all that are known.
        only: Beginnings of paths inside it; empty: all of it.
        wrapped: Whether all its files lie in one folder that names the version.
    """

    archive: Path
    name: str
    language: str = ""
    only: tuple[str, ...] = ()
    wrapped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestedFile:
    """A file that gave functions.

    Attributes:
        path: Inside the package.
        hash: Content hash of the file.
        functions: What it gave, in order.
    """

    path: str
    hash: str
    functions: tuple[DocumentedFunction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """What a source gave.

    Attributes:
        files: Its files that gave functions, in order of their paths.
        left_out: Files that gave none, counted by reason.
        licences: What its metadata says, as far as that is known.
    """

    files: tuple[HarvestedFile, ...]
    left_out: dict[str, int]
    licences: frozenset[str]


def harvest(source: Source, settings: Settings) -> Harvest:
    """Read the functions of a source.

    Args:
        source: What to read.
        settings: Limits of reading and parsing.

    Raises:
        InputError: The archive cannot be read, or is not to be trusted.
    """
    bounds = Bounds(member_bytes=settings.max_file_bytes)
    found = members(source.archive, lambda path: _is_wanted(path, source), bounds)
    return _gathered(found, source, settings)


def _gathered(found: Iterable[Member], source: Source, settings: Settings) -> Harvest:
    files: list[HarvestedFile] = []
    reasons: Counter[str] = Counter()
    licences: frozenset[str] = frozenset()
    for member in found:
        if _is_metadata(member.path):
            licences |= said_in(member.path, member.data.decode("utf-8", "replace"))
            continue
        inner = _inner(member.path, source)
        reason = left_out(PurePosixPath(inner), member.data)
        functions: tuple[DocumentedFunction, ...] = ()
        if not reason:
            functions, reason = functions_in(member.data, inner, source.name, settings)
        if reason:
            reasons[reason.partition(":")[0]] += 1
        # A header, or a file with a `#!`, may be of another language than its name says.
        own = tuple(f for f in functions if source.language in {"", f.language})
        if own:
            hash_ = content_hash(member.data)
            files.append(HarvestedFile(path=inner, hash=hash_, functions=own))
    files.sort(key=lambda file: file.path)
    return Harvest(files=tuple(files), left_out=dict(reasons), licences=licences)


def _is_wanted(path: str, source: Source) -> bool:
    if _is_metadata(path):
        return True
    language = language_of(path)
    if language is None or source.language not in {"", language.name}:
        return False
    return not source.only or _inner(path, source).startswith(source.only)


def _inner(path: str, source: Source) -> str:
    """Return a path without the folders that only say what is installed, and which version."""
    if source.wrapped:
        return path.partition("/")[2] or path
    return INSTALLED.sub("", path, count=1)


def _is_metadata(path: str) -> bool:
    """Whether a file says how a package is licensed: its own, not that of something inside it."""
    folders, name = path.split("/")[:-1], path.rpartition("/")[2]
    if name == "copyright":
        return "doc" in folders
    own = name in {"METADATA", "package.json"} or LICENCE_FILE.fullmatch(name) is not None
    return own and len(folders) <= 1
