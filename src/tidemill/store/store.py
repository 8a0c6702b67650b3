"""The store: one SQLite file that readers and one writer at a time share."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from tidemill.core.clock import SystemClock
from tidemill.core.locks import JobLock
from tidemill.store.audit import audit
from tidemill.store.connection import (
    DATABASE,
    FOLDER,
    Reader,
    open_for_reading,
    open_for_writing,
    refuse_foreign,
)
from tidemill.store.faults import taking_for_damage, telling_faults, told
from tidemill.store.snapshot import Lexicon, Snapshot
from tidemill.store.writer import StoreWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tidemill.core.clock import Clock
    from tidemill.store.rows import Verification
    from tidemill.store.vectors import VectorIndex

__all__ = ["FOLDER", "Store"]


class Store:
    """A store's folder, open for reading; writers are made for one job each.

    Args:
        folder: The store's folder; paths in the store are relative to its parent.
        clock: Stamps locks and journal entries.
    """

    def __init__(self, folder: Path, *, clock: Clock | None = None) -> None:
        self.folder = folder
        self.path: Path = folder / DATABASE
        self._clock = clock or SystemClock()
        self._reader: Reader | None = None
        self._lexicon: Lexicon | None = None
        self._vectors: Mapping[str, VectorIndex] = {}

    @property
    def exists(self) -> bool:
        """Whether there is an index to read."""
        return self.path.exists()

    @property
    def root(self) -> Path:
        """The folder that paths in the store are relative to."""
        return self.folder.absolute().parent

    def path_of(self, path: str) -> str:
        """Return an absolute path as the store writes it: relative where it can be."""
        head = str(self.root).rstrip("/") + "/"
        return path.removeprefix(head)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; the store may be used again."""
        if self._reader is not None:
            self._reader.connection.close()
        self._reader = None
        self._lexicon = None
        self._vectors = {}

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Read one consistent state, whatever is committed meanwhile.

        Snapshots of one `Store` do not nest; threads each open their own store.

        Raises:
            StoreError: There is no index, or it cannot be read.
        """
        reader = self._current_reader()
        snapshot = Snapshot(reader.connection, self.folder, self._lexicon, self._vectors)
        try:
            reader.connection.execute("BEGIN")
            yield snapshot
            reader.check()
        except sqlite3.Error as error:
            reader.check()
            raise told(error, self.path) from error
        finally:
            reader.connection.rollback()
        self._lexicon, self._vectors = snapshot.known_lexicon, snapshot.known_vectors

    def _current_reader(self) -> Reader:
        if self._reader is None or not self._reader.is_current:
            self.close()
            self._reader = open_for_reading(self.folder)
        return self._reader

    @contextmanager
    def writer(self, job: str = "index", *, wait_seconds: float = 0.0) -> Iterator[StoreWriter]:
        """Write as the only job of this kind; makes the store where there is none.

        Args:
            job: Kind of job.
            wait_seconds: How long to wait for another of this kind: long jobs wait
                for nobody, small writes for a few seconds.

        Raises:
            LockedError: Another process does this kind of job.
            StoreError: The folder is read-only, or the file damaged or too new.
            CapacityError: The disk is full.
        """
        refuse_foreign(self.folder)  # before the lock's file is made there
        with JobLock(self.folder, job, self._clock, wait_seconds=wait_seconds):
            connection = open_for_writing(self.folder)
            try:
                yield StoreWriter(connection, self.path, self._clock)
            finally:
                connection.close()

    def verify(self) -> Verification:
        """Check that file, journal, rows, texts and postings are whole and agree.

        Raises:
            StoreError: There is no index, or it cannot be read.
        """
        with telling_faults(self.path), taking_for_damage(), self.snapshot() as snapshot:
            return audit(snapshot.connection, self.path)
