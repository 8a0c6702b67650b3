"""SQLite's and the disk's complaints, told as Tidemill's errors."""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tidemill.core.errors import CapacityError, LockedError, StoreError, TidemillError
from tidemill.core.files import storage_error

__all__ = ["BUSY", "primary_code", "taking_for_damage", "telling_faults", "told"]

DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})
FORBIDDEN = frozenset(
    {
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_AUTH,
    }
)
BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


@contextmanager
def telling_faults(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and of the disk inside the block into typed ones.

    Args:
        path: The file the block works on, for the message.

    Raises:
        CapacityError: The disk is full, or another writer did not finish in time.
        StoreError: The file is damaged, or may not be read or written.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise told(error, path) from error
    except OSError as error:
        raise storage_error(error, path, doing="use the store") from error


@contextmanager
def taking_for_damage() -> Iterator[None]:
    """Let what only a damaged file can make fail be told as SQLite tells of damage.

    Raises:
        sqlite3.DatabaseError: Something in the rows does not fit together.
    """
    try:
        yield
    except (IndexError, KeyError, TypeError, ValueError, zlib.error) as error:
        damage = sqlite3.DatabaseError(f"its rows do not fit together: {error}")
        damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damage from error


def told(error: sqlite3.Error, path: Path) -> TidemillError:
    """Name one error of SQLite, by its primary result code."""
    code = primary_code(error)
    if code == sqlite3.SQLITE_FULL:
        return disk_full(path)
    if code in BUSY:
        return LockedError(
            f"another process has been writing {path} for too long",
            hint="wait for it to finish, then try again",
        )
    if code in FORBIDDEN:
        return forbidden(path, str(error))
    if code in DAMAGED:
        return StoreError(
            f"{path} is damaged: {error}",
            hint="move it away and index again; the files it was made from are untouched",
        )
    return StoreError(f"{path}: {error}", hint="see `tidemill doctor`")


def primary_code(error: sqlite3.Error) -> int:
    """Return the kind of an error, without its details."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF


def disk_full(path: Path) -> CapacityError:
    """Return the error for a disk without room; what was committed stays readable."""
    return CapacityError(
        f"no room left on the disk of {path}",
        hint="free some space and run the same command: it goes on where it stopped",
    )


def forbidden(path: Path, detail: str) -> StoreError:
    """Return the error for a file or folder that may not be opened or written."""
    return StoreError(
        f"{path} cannot be opened for this: {detail}",
        hint="check the permissions of its folder, or choose another with --store",
    )
