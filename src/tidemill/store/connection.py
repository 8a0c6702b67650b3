"""Opening ``index.db``: private, in WAL, and readable even where nothing can be written."""

import sqlite3
import time
from pathlib import Path
from urllib.parse import quote

from tidemill.core.errors import StoreError
from tidemill.core.files import make_private_directory, write_atomically
from tidemill.store.faults import BUSY, primary_code, taking_for_damage, telling_faults
from tidemill.store.schema import format_version, migrate, refuse_other, refuse_strange

__all__ = ["DATABASE", "FOLDER", "Reader", "open_for_reading", "open_for_writing", "refuse_foreign"]

DATABASE = "index.db"
FOLDER = ".tidemill"
"""Name of the store's folder at the first indexed path."""


PATIENCE_SECONDS = 10.0
POLL_SECONDS = 0.02
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
    with telling_faults(path), taking_for_damage():
        make_folder(folder)
        path.touch(mode=0o600)
        connection = connected(path, "rwc")
        try:
            refuse_strange(connection, path)
            switch_to_wal(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            migrate(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def switch_to_wal(connection: sqlite3.Connection) -> None:
    """Let readers go on beside a writer; SQLite's own patience does not cover this switch."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if primary_code(error) not in BUSY or time.monotonic() >= give_up_at:
                raise
            time.sleep(POLL_SECONDS)
        else:
            return


def make_folder(folder: Path) -> None:
    """Make the store's folder, for its owner only and ignored by git."""
    make_private_directory(folder)
    names = {path.name for path in folder.iterdir()}
    # What lies in a folder with an index is its owner's: the rule may be gone on purpose.
    if DATABASE not in names and ".gitignore" not in names:
        write_atomically(folder / ".gitignore", IGNORE_EVERYTHING.encode())


def refuse_foreign(folder: Path) -> None:
    """Refuse to make a store among files that are not a store's.

    Everything in a store's folder is hidden from git, and may be deleted with it.

    Raises:
        StoreError: The folder holds other files and no index, or is no folder.
    """
    refuse_links(folder)
    with telling_faults(folder):
        if folder.name == FOLDER or not folder.exists() or (folder / DATABASE).exists():
            return
        foreign = min((path.name for path in folder.iterdir() if not is_own(path.name)), default="")
    if foreign:
        raise StoreError(
            f"{folder} holds {foreign} and no index: it is not a store's folder",
            hint=f"give the store a folder of its own, such as {folder / FOLDER}",
        )


def refuse_links(folder: Path) -> None:
    """Refuse a store that is a link: a repository could aim it at anything of its reader's.

    Raises:
        StoreError: The folder or its index is a symbolic link.
    """
    for path in (folder, folder / DATABASE):
        if path.is_symlink():
            raise StoreError(
                f"{path} is a symbolic link",
                hint="name the place that it leads to with the setting store",
            )


def is_own(name: str) -> bool:
    """Whether a run that ended early, or an index moved away, leaves a file of this name."""
    return name in {".gitignore", "index.lock"} or name.startswith(DATABASE)


class Reader:
    """A connection for reading, and whether it still shows what is on the disk.

    Args:
        connection: Open for reading only.
        path: The file.
        facts: Of the file, from before it was opened.
        is_frozen: Whether SQLite takes the file for one that nobody changes.

    Attributes:
        connection: As given.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        *,
        facts: tuple[int, ...],
        is_frozen: bool,
    ) -> None:
        self.connection = connection
        self._path = path
        self._facts = facts if is_frozen else facts[:2]
        self._is_frozen = is_frozen

    @property
    def is_current(self) -> bool:
        """Whether the file is the one that was opened, and unchanged where it must be."""
        try:
            return facts_of(self._path)[: len(self._facts)] == self._facts
        except OSError:
            return False

    def check(self) -> None:
        """Make sure that what was read belongs together.

        Raises:
            StoreError: Somebody wrote to a file that was read as one that nobody changes.
        """
        if self._is_frozen and not self.is_current:
            raise StoreError(
                f"{self._path} was written while it was read, from where its writer is not seen",
                hint="try again when it is not being written, or read it where it is writable",
            )


def facts_of(path: Path) -> tuple[int, ...]:
    """Return what tells one state of a file from another: first its identity."""
    facts = path.stat()
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns


def open_for_reading(folder: Path) -> Reader:
    """Open the store in ``folder`` for reading only.

    Where SQLite cannot make the files that WAL needs (a read-only folder, a full
    disk), the file is opened as one that nobody changes; `Reader.check` tells if
    somebody did.

    Raises:
        StoreError: There is no store, or it is damaged, too old or too new.
    """
    path = folder / DATABASE
    refuse_links(folder)
    if not path.exists():
        raise StoreError(f"there is no index in {folder}", hint="make one: tidemill index PATH")
    with telling_faults(path):
        facts = facts_of(path)
        try:
            return Reader(readable(path, "ro"), path, facts=facts, is_frozen=False)
        except sqlite3.OperationalError:
            log = path.with_name(f"{DATABASE}-wal")
            if log.exists() and log.stat().st_size:
                raise
            frozen = readable(path, "ro&immutable=1")
            return Reader(frozen, path, facts=facts, is_frozen=True)


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
