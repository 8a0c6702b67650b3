"""The files of a package as the disk has them: regular, flat, few, and whole or not there."""

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final

from typing_extensions import Buffer

from tidemill.core.errors import ExpertError, InputError
from tidemill.core.files import (
    PRIVATE_DIRECTORY,
    PRIVATE_FILE,
    flush_directory,
    make_private_directory,
    named_failures,
)
from tidemill.experts.documents import placed
from tidemill.experts.refusals import refuse_name

__all__ = [
    "DRAFT_ENDING",
    "MOST_FILES",
    "FileFact",
    "FileStamp",
    "blocks_of",
    "fact_of",
    "fresh_file",
    "opened",
    "read_whole",
    "staged",
    "stamped_files",
    "write_new",
]

MOST_FILES: Final = 64
BLOCK_BYTES: Final = 1 << 20
DRAFT_ENDING: Final = ".draft"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFact:
    """What a manifest says of a file.

    Attributes:
        sha256: Of its bytes, in hexadecimal.
        bytes: How many there are.
    """

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStamp:
    """By what a changed file is noticed without reading it."""

    bytes: int
    mtime_ns: int
    inode: int


def stamped_files(folder: Path) -> dict[str, FileStamp]:
    """Look at every file of a folder without opening any.

    Args:
        folder: A package, or what claims to be one.

    Returns:
        The files by name.

    Raises:
        ExpertError: The folder holds a link, a device, a folder, code, a pickle, or too much.
        StoreError: It cannot be listed.
    """
    found: dict[str, FileStamp] = {}
    with named_failures(folder, doing="list"), os.scandir(folder) as entries:
        for entry in entries:
            if len(found) == MOST_FILES:
                raise ExpertError(f"{folder}: more than {MOST_FILES} files")
            seen = entry.stat(follow_symlinks=False)
            if not stat.S_ISREG(seen.st_mode):
                raise ExpertError(f"{folder}: {entry.name!r} is {_kind_of(seen.st_mode)}")
            with placed(str(folder)):
                refuse_name(entry.name)
            found[entry.name] = _stamp(seen)
    return dict(sorted(found.items()))


def _kind_of(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a link, and every file must be in the folder itself"
    return "a folder" if stat.S_ISDIR(mode) else "no regular file"


def _stamp(seen: os.stat_result) -> FileStamp:
    return FileStamp(bytes=seen.st_size, mtime_ns=seen.st_mtime_ns, inode=seen.st_ino)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading, never through a link and never waiting for a pipe.

    Args:
        path: The file.

    Yields:
        The open file.

    Raises:
        ExpertError: It is a link or no regular file.
        StoreError: It cannot be read.
    """
    with named_failures(path, doing="read"):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise ExpertError(f"{path}: is {_kind_of(stat.S_IFLNK)}") from error
            raise
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise ExpertError(f"{path}: is {_kind_of(mode)}")
            yield file


def read_whole(path: Path, *, most_bytes: int) -> bytes:
    """Read a file of bounded size.

    Args:
        path: The file.
        most_bytes: How large it may be.

    Raises:
        ExpertError: It is larger, or no regular file.
        StoreError: It cannot be read.
    """
    with opened(path) as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise ExpertError(f"{path}: larger than {most_bytes:,} bytes")
    return data


def blocks_of(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the rest of a file in blocks, so that its size costs no memory."""
    while block := file.read(BLOCK_BYTES):
        yield block


def fact_of(path: Path, told: Callable[[int], None]) -> FileFact:
    """Hash a file.

    Args:
        path: The file.
        told: Called with the number of bytes after every block.

    Raises:
        ExpertError: It is no regular file.
        StoreError: It cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    with opened(path) as file:
        for block in blocks_of(file):
            digest.update(block)
            size += len(block)
            told(len(block))
    return FileFact(sha256=digest.hexdigest(), bytes=size)


def write_new(path: Path, chunks: Iterable[Buffer], *, mode: int = PRIVATE_FILE) -> FileFact:
    """Write a file that is not there yet, and hash it on the way.

    Args:
        path: The file, in a folder that exists.
        chunks: Its bytes.
        mode: Its permissions.

    Returns:
        What a manifest says of it.

    Raises:
        CapacityError: The disk is full.
        StoreError: It is there, or cannot be written.
    """
    digest, size = hashlib.sha256(), 0
    with named_failures(path, doing="write"):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                size += file.write(chunk)
            file.flush()
            os.fsync(descriptor)
    return FileFact(sha256=digest.hexdigest(), bytes=size)


@contextmanager
def staged(target: Path, *, mode: int = PRIVATE_DIRECTORY) -> Iterator[Path]:
    """Make a folder in one step: after the block it is there whole, or not at all.

    Args:
        target: The folder that will be there; made private folders lead to it.
        mode: Its permissions.

    Yields:
        A new folder beside it, to be filled.

    Raises:
        InputError: Something is there already.
        CapacityError: The disk is full.
        StoreError: The folder cannot be made.
    """
    _refuse_existing(target)
    make_private_directory(target.parent)
    draft = _draft_of(target)
    with named_failures(target, doing="write"):
        draft.mkdir(mode=mode)
        try:
            yield draft
            flush_directory(draft)
            _refuse_existing(target)
            draft.rename(target)
            flush_directory(target.parent)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise


@contextmanager
def fresh_file(target: Path, *, mode: int) -> Iterator[BinaryIO]:
    """Make a file in one step: after the block it is there whole, or not at all.

    Args:
        target: The file, in a folder that exists.
        mode: Its permissions.

    Yields:
        A new file beside it, open for writing.

    Raises:
        InputError: Something is there already.
        CapacityError: The disk is full.
        StoreError: The file cannot be written.
    """
    _refuse_existing(target)
    draft = _draft_of(target)
    with named_failures(target, doing="write"):
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(descriptor, "w+b") as file:
                yield file
                file.flush()
                os.fsync(descriptor)
            _refuse_existing(target)
            draft.rename(target)
            flush_directory(target.parent)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def _draft_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.urandom(8).hex()}{DRAFT_ENDING}")


def _refuse_existing(target: Path) -> None:
    if os.path.lexists(target):
        raise InputError(
            "is there already", path=str(target), hint="remove it first, or choose another place"
        )
