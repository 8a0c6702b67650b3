"""The TypeScript files of a package that a person wrote, and what it says of its licence."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tidemill.core.errors import InputError
from tidemill.core.hashing import content_hash
from tidemill.corpus.archive import Bounds, members
from tidemill.corpus.left_out import left_out
from tidemill.corpus.licence import said_in
from tidemill.source.text import decode

__all__ = ["PackageFiles", "files_of"]

ENDINGS = (".ts", ".tsx", ".mts", ".cts")
DECLARATIONS = (".d.ts", ".d.mts", ".d.cts")
METADATA = frozenset({"package.json", "LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFiles:
    """What a package holds.

    Attributes:
        texts: Its files by path, UTF-8, in order of their paths; files with equal texts once.
        left_out: Files that were passed over, counted by reason.
        licences: What its metadata says, as far as that is known.
    """

    texts: dict[str, bytes]
    left_out: Counter[str]
    licences: frozenset[str]


def files_of(archive: Path, *, only: tuple[str, ...] = (), most_bytes: int) -> PackageFiles:
    """Read the files of an npm package.

    Args:
        archive: As npm packs it: everything lies in one folder.
        only: Beginnings of paths; empty: all of it.
        most_bytes: Larger files are passed over.

    Raises:
        InputError: The archive cannot be read, or is not to be trusted.
    """
    texts: dict[str, bytes] = {}
    passed: Counter[str] = Counter()
    licences: frozenset[str] = frozenset()
    seen: set[str] = set()
    wanted = Bounds(member_bytes=most_bytes)
    for member in sorted(members(archive, _is_read, wanted), key=lambda member: member.path):
        path = member.path.partition("/")[2]
        if path in METADATA:
            licences |= said_in(path, member.data.decode("utf-8", "replace"))
            continue
        if only and not path.startswith(only):
            continue
        text, reason = _text_of(path, member.data)
        hash_ = content_hash(text)
        if not reason and hash_ in seen:
            reason = "equal file"
        if reason:
            passed[reason] += 1
            continue
        seen.add(hash_)
        texts[path] = text
    return PackageFiles(texts=texts, left_out=passed, licences=licences)


def _is_read(path: str) -> bool:
    inner = path.partition("/")[2]
    return inner in METADATA or (inner.endswith(ENDINGS) and not inner.endswith(DECLARATIONS))


def _text_of(path: str, data: bytes) -> tuple[bytes, str]:
    """Return a file's text, and why it is not read, if it is not."""
    reason = left_out(PurePosixPath(path), data)
    if reason:
        return b"", reason
    try:
        return decode(data, path).data, ""
    except InputError:
        return b"", "not a text"
