"""Files that are whole or not there: atomic writes, private folders, named failures."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tidemill.core.errors import CapacityError, InputError, StoreError, TidemillError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}

PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700


def write_atomically(path: Path, data: bytes, *, mode: int = PRIVATE_FILE) -> None:
    """Replace a file in one step: a reader or a crash sees the old bytes or the new ones.

    The bytes go to a new file in the same folder, are flushed to the disk, take
    the name, and the folder is flushed too.

    Args:
        path: The file, in a folder that exists.
        data: All of its new bytes.
        mode: Permissions of the new file.

    Raises:
        CapacityError: The disk or the quota is full.
        StoreError: The folder is read-only, forbidden or missing, or the disk failed.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.draft")
    with named_failures(path, doing="write"):
        try:
            _write_through(draft, data, mode)
            draft.replace(path)
            flush_directory(path.parent)
        except BaseException:
            with suppress(OSError):
                draft.unlink()
            raise


def write_output(path: Path, data: bytes, *, mode: int) -> None:
    """Write a file that somebody named, as `write_atomically`, but through links.

    What is no file (``/dev/stdout``, a pipe) is written into, never replaced.

    Args:
        path: Where to.
        data: All of its new bytes.
        mode: Permissions of a new file.

    Raises:
        CapacityError: The disk or the quota is full.
        StoreError: It cannot be written.
    """
    with named_failures(path, doing="write"):
        is_other = path.exists() and not path.is_file()
        if is_other:
            path.write_bytes(data)
    if not is_other:
        write_atomically(path.resolve(), data, mode=mode)


def make_private_directory(path: Path) -> Path:
    """Make a folder, and those above it, that only its owner can enter.

    A folder that is there already keeps its permissions.

    Args:
        path: The folder.

    Returns:
        The same path.

    Raises:
        CapacityError: The disk or the quota is full.
        StoreError: The folder cannot be made, or a file stands in its place.
    """
    with named_failures(path, doing="make the folder"):
        for folder in reversed((path, *path.parents)):
            # Not `parents=True`, which gives the folders above what the umask leaves.
            if folder == path or not folder.exists():
                folder.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
    return path


def bytes_and_facts(
    path: str, most: int, *, follow_symlinks: bool = True
) -> tuple[os.stat_result, bytes, os.stat_result]:
    """Read at most ``most`` + 1 bytes, with the file's facts before and after.

    Args:
        path: A regular file.
        most: Bytes; one more says that there are more.
        follow_symlinks: Whether the path itself may be a link.

    Raises:
        InputError: It is no regular file.
        OSError: The system does not let us read it.
    """
    # Without O_NONBLOCK, a file that has become a FIFO would hold us for ever.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    # The walk met no link here; one that has taken the place since is not followed either.
    flags |= 0 if follow_symlinks else os.O_NOFOLLOW
    descriptor = os.open(path, flags)
    with os.fdopen(descriptor, "rb") as file:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise InputError("special: no regular file any more")
        raw = file.read(most + 1)
        return before, raw, os.fstat(descriptor)


def flush_directory(path: Path) -> None:
    """Make a folder's entries survive a power cut.

    Args:
        path: The folder.

    Raises:
        OSError: The folder cannot be opened or flushed.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def named_failures(path: Path, *, doing: str) -> Iterator[None]:
    """Turn the system's errors inside the block into errors that say what to do.

    Args:
        path: What the block works on.
        doing: What it does, as in "cannot <doing> <path>".

    Yields:
        Nothing.

    Raises:
        CapacityError: The disk or the quota is full.
        StoreError: Any other failure of the system.
    """
    try:
        yield
    except OSError as error:
        raise storage_error(error, path, doing=doing) from error


def storage_error(error: OSError, path: Path, *, doing: str) -> TidemillError:
    """Name a failure of the system by who can mend it.

    Args:
        error: What the system said.
        path: What was worked on.
        doing: What was tried, as in "cannot <doing> <path>".

    Returns:
        A ``CapacityError`` when room is missing, otherwise a ``StoreError``.
    """
    reason = os.strerror(error.errno) if error.errno is not None else str(error)
    message = f"cannot {doing} {path}: {reason}"
    if error.errno in _FULL:
        return CapacityError(message, hint="Free some space; what was there before is unharmed.")
    if error.errno in _FORBIDDEN:
        return StoreError(message, hint="Check its permissions, or choose another folder.")
    return StoreError(message, hint="What was there before is unharmed; mend the cause and repeat.")


def _write_through(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
