"""Packages are read where they lie: nothing of an archive is ever unpacked onto the disk.

A member is a name and some bytes, so that links, devices and names with ``..``
have nothing to act on; what is read is bounded in size and in number.
"""

import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from typing_extensions import Buffer, override

from tidemill.core.errors import InputError
from tidemill.core.files import bytes_and_facts

__all__ = ["Bounds", "Member", "members"]

AR_MAGIC = b"!<arch>\n"
AR_HEADER_BYTES = 60
ZIP_MAGIC = b"PK\x03\x04"
BLOCK_BYTES = 1 << 18
DAMAGE = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(EOFError, OSError, RuntimeError, NotImplementedError),
)
"""What the standard library raises for archives that are torn, locked or of unknown kinds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much of an archive is read at most.

    Attributes:
        member_bytes: Larger members are passed over.
        total_bytes: All members together, unpacked; more is refused.
        members: Entries of any kind; more are refused.
    """

    member_bytes: int = 1_000_000
    total_bytes: int = 4 << 30
    members: int = 400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One regular file of an archive.

    Attributes:
        path: Its name, relative and without ``..``.
        data: What it holds.
    """

    path: str
    data: bytes


def members(
    archive: Path, wanted: Callable[[str], bool], bounds: Bounds | None = None
) -> Iterator[Member]:
    """Read the regular files of a tar (plain, gz, bz2, xz), a zip or wheel, a deb, or a folder.

    Args:
        archive: The archive, whose first bytes say what it is, or a folder, in
            which links are not followed.
        wanted: Says by a member's path whether it is read.
        bounds: How much is read at most.

    Yields:
        The wanted members, in the order of the archive; a folder's by their paths.

    Raises:
        InputError: It is no such archive, it is damaged, it holds more than the
            bounds allow, or a name that leads out of it.
    """
    bounds = bounds or Bounds()
    if archive.is_dir():
        yield from _lying(archive, wanted, _Tally(archive, bounds))
        return
    try:
        with archive.open("rb") as file:
            head = file.read(len(AR_MAGIC))
            file.seek(0)
            if head.startswith(ZIP_MAGIC):
                yield from _zipped(file, wanted, _Tally(archive, bounds))
            else:
                with _tar_inside(file, head, archive) as tar:
                    yield from _tarred(tar, wanted, _Tally(archive, bounds))
    except DAMAGE as error:
        raise _refusal(archive, f"cannot be read: {error}") from error


class _Tally:
    """Counts what was met, and refuses what is too much or leads elsewhere."""

    def __init__(self, archive: Path, bounds: Bounds) -> None:
        self.bounds = bounds
        self._archive = archive
        self._members = 0
        self._bytes = 0

    def take(self, name: str, size: int) -> str:
        """Count an entry; return its path."""
        self._members += 1
        self._bytes += size
        if self._members > self.bounds.members:
            raise _refusal(self._archive, f"more than {self.bounds.members:,} entries")
        if self._bytes > self.bounds.total_bytes:
            raise _refusal(self._archive, f"more than {self.bounds.total_bytes:,} bytes unpacked")
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            raise _refusal(self._archive, f"an entry leads out of it: {name!r}")
        return str(path)


def _lying(folder: Path, wanted: Callable[[str], bool], tally: _Tally) -> Iterator[Member]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        inner = tally.take(path.relative_to(folder).as_posix(), path.stat().st_size)
        if not wanted(inner):
            continue
        _, data, _ = bytes_and_facts(str(path), tally.bounds.member_bytes)
        if len(data) <= tally.bounds.member_bytes:
            yield Member(path=inner, data=data)


def _zipped(file: BinaryIO, wanted: Callable[[str], bool], tally: _Tally) -> Iterator[Member]:
    with zipfile.ZipFile(file) as zipped:
        for info in zipped.infolist():
            path = tally.take(info.filename, info.file_size)
            if info.is_dir() or info.file_size > tally.bounds.member_bytes or not wanted(path):
                continue
            with zipped.open(info) as member:
                # The size that is written down may be a lie.
                data = member.read(tally.bounds.member_bytes + 1)
            if len(data) <= tally.bounds.member_bytes:
                yield Member(path=path, data=data)


def _tarred(tar: tarfile.TarFile, wanted: Callable[[str], bool], tally: _Tally) -> Iterator[Member]:
    for info in tar:
        path = tally.take(info.name.removeprefix("/") if info.isdir() else info.name, info.size)
        if not info.isreg() or info.size > tally.bounds.member_bytes or not wanted(path):
            continue
        member = tar.extractfile(info)
        if member is not None:
            yield Member(path=path, data=member.read())


@contextmanager
def _tar_inside(file: BinaryIO, head: bytes, archive: Path) -> Iterator[tarfile.TarFile]:
    """Open a tar, or the one in a deb that holds its files, as a stream."""
    stream: IO[bytes] = file
    if head == AR_MAGIC:
        name, stream = _data_of_deb(file, archive)
        if name.endswith(".zst"):
            raise _refusal(archive, "is packed with zstd, which cannot be read here")
    with tarfile.open(fileobj=stream, mode="r|*", bufsize=BLOCK_BYTES) as tar:
        yield tar


def _data_of_deb(file: BinaryIO, archive: Path) -> tuple[str, IO[bytes]]:
    """Find the member ``data.tar.*`` of an ar archive; return its name and its bytes."""
    file.seek(len(AR_MAGIC))
    while len(header := file.read(AR_HEADER_BYTES)) == AR_HEADER_BYTES:
        name = header[:16].decode("ascii", "replace").rstrip(" /")
        size_field = header[48:58].strip()
        if header[58:] != b"`\n" or not size_field.isdigit():
            break
        size = int(size_field)
        if name.startswith("data.tar"):
            return name, cast("IO[bytes]", io.BufferedReader(_Window(file, size), BLOCK_BYTES))
        file.seek(size + size % 2, io.SEEK_CUR)
    raise _refusal(archive, "is no deb: it holds no data.tar")


class _Window(io.RawIOBase):
    """The next bytes of a file as a file of their own."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer)
        data = self._file.read(min(len(view), self._left))
        self._left -= len(data)
        view[: len(data)] = data
        return len(data)


def _refusal(archive: Path, reason: str) -> InputError:
    return InputError(
        f"the archive {reason}", path=str(archive), hint="Fetch it again, or leave it out."
    )
