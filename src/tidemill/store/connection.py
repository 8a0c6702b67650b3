"""Opening ``index.db``: private, in WAL, and readable even where nothing can be written."""

import sqlite3
from pathlib import Path
from urllib.parse import quote

from tidemill.core.errors import StoreError
from tidemill.store.faults import telling_faults
from tidemill.store.schema import format_version, migrate, refuse_other

__all__ = ["DATABASE", "FOLDER", "open_for_reading", "open_for_writing", "refuse_foreign"]

DATABASE = "index.db"
FOLDER = ".tidemill"
"""Name of the store's folder at the first indexed path."""


PATIENCE_SECONDS = 10.0
MAPPED_BYTES = 1 << 28
IGNORE_EVERYTHING = "# Everything here is made by Tidemill and can be made again.\n*\n"


def open_for_writing(folder: Path) -> sqlite3.Connection:
    """Open the store in ``folder`` for writing, making or migrating it as needed.

    Raises:
        StoreError: The folder is read-only or not a store's, or the file damaged or too new.
        CapacityError: The disk is full, or another writer held the file too long.
    """
    path = folder / DATABASE
    refuse_foreign(folder)
    with telling_faults(path):
        make_folder(folder)
        path.touch(mode=0o600)
        connection = connected(path, "rwc")
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            migrate(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def make_folder(folder: Path) -> None:
    """Make the store's folder, for its owner only and ignored by git."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = {path.name for path in folder.iterdir()}
    # What lies in a folder with an index is its owner's: the rule may be gone on purpose.
    if DATABASE not in names and ".gitignore" not in names:
        (folder / ".gitignore").write_text(IGNORE_EVERYTHING)


def refuse_foreign(folder: Path) -> None:
    """Refuse to make a store among files that are not a store's.

    Everything in a store's folder is hidden from git, and may be deleted with it.

    Raises:
        StoreError: The folder holds other files and no index, or is no folder.
    """
    with telling_faults(folder):
        if folder.name == FOLDER or not folder.exists() or (folder / DATABASE).exists():
            return
        foreign = min((path.name for path in folder.iterdir() if not is_own(path.name)), default="")
    if foreign:
        raise StoreError(
            f"{folder} holds {foreign} and no index: it is not a store's folder",
            hint=f"give the store a folder of its own, such as {folder / FOLDER}",
        )


def is_own(name: str) -> bool:
    """Whether a run that ended early, or an index moved away, leaves a file of this name."""
    return name in {".gitignore", "index.lock"} or name.startswith(DATABASE)


def open_for_reading(folder: Path) -> sqlite3.Connection:
    """Open the store in ``folder`` for reading only.

    Where SQLite cannot make the files that WAL needs (a read-only folder), the
    file is opened as immutable, which is right as long as nobody writes to it.

    Raises:
        StoreError: There is no store, or it is damaged, too old or too new.
    """
    path = folder / DATABASE
    if not path.exists():
        raise StoreError(f"there is no index in {folder}", hint="make one: tidemill index PATH")
    with telling_faults(path):
        try:
            return readable(path, "ro")
        except sqlite3.OperationalError:
            if path.with_name(f"{DATABASE}-wal").exists():
                raise
            return readable(path, "ro&immutable=1")


def readable(path: Path, mode: str) -> sqlite3.Connection:
    """Open ``path`` and make sure that its tables can be read."""
    connection = connected(path, mode)
    try:
        connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
        refuse_other(format_version(connection), path)
    except BaseException:
        connection.close()
        raise
    return connection


def connected(path: Path, mode: str) -> sqlite3.Connection:
    """Connect without implicit transactions: every BEGIN is written out."""
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        timeout=PATIENCE_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
