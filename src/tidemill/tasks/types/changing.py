"""The types that are offered, written into their files, and taken back."""

import json
import os
import stat
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tidemill.core.clock import SystemClock
from tidemill.core.errors import InputError, StoreError, TidemillError
from tidemill.core.files import make_private_directory, named_failures, write_atomically
from tidemill.core.hashing import content_hash
from tidemill.core.locks import JobLock
from tidemill.core.settings import Settings
from tidemill.source.text import MARKS
from tidemill.store.connection import FOLDER
from tidemill.tasks.index_report import SkippedPath
from tidemill.tasks.types.report import FileChange
from tidemill.tasks.whereabouts import store_folder

__all__ = ["Changed", "apply_changes", "undo_changes"]

SUBFOLDER = "types"
FORMAT = 1
MOST_BYTES = 1 << 30
LOCK_SECONDS = 10.0

CHANGED = "it has changed since it was read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What was written, or taken back.

    Attributes:
        files: The files.
        refused: Those that were left alone, and why.
        record: Where what undoing needs is kept; None for nothing.
    """

    files: tuple[str, ...]
    refused: tuple[SkippedPath, ...]
    record: Path | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        refused = [{"path": one.path, "reason": one.reason} for one in self.refused]
        return {"files": list(self.files), "refused": refused}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One file's bytes before and after.

    Attributes:
        path: The file.
        name: As people know it.
        before: Its bytes without the types.
        after: Hash of those with them.
    """

    path: Path
    name: str
    before: bytes
    after: str


def apply_changes(changes: Sequence[FileChange], *, settings: Settings, cwd: Path) -> Changed:
    """Write types into files, each in one step, and keep what is needed to undo it.

    A file that has changed since it was read, or may not be written, is left alone.

    Args:
        changes: What to write.
        settings: Where the store is, beside which is kept what undoing needs.
        cwd: Where to look for it.

    Raises:
        StoreError: A folder cannot be written.
        CapacityError: The disk is full.
    """
    ready: dict[Path, tuple[_Step, bytes, int]] = {}
    refused: list[SkippedPath] = []
    for change in changes:
        try:
            prepared = _prepared(change)
            ready.setdefault(prepared[0].path, prepared)
        except InputError as error:
            refused.append(SkippedPath(path=change.name, reason=error.message))
    if not ready:
        return Changed(files=(), refused=tuple(refused))
    # First the record: whatever happens from here on can be undone.
    record = _recorded([step for step, _, _ in ready.values()], settings, cwd)
    done: list[str] = []
    for step, after, mode in ready.values():
        try:
            _check_unchanged(step)
            write_atomically(step.path, after, mode=mode)
            done.append(step.name)
        except TidemillError as error:
            refused.append(SkippedPath(path=step.name, reason=error.message))
    return Changed(files=tuple(done), refused=tuple(refused), record=record)


def undo_changes(*, settings: Settings, cwd: Path) -> Changed:
    """Take back what was written last; files that have changed since are left alone.

    Where nothing of it can be taken back, what was written before it is, and so on.

    Args:
        settings: Where the store is.
        cwd: Where to look for it.

    Raises:
        InputError: Nothing was written that could be taken back, or the record is damaged.
        StoreError: A folder cannot be written.
    """
    records = _records(settings, cwd)
    if not records:
        raise InputError("there is nothing to undo", hint="first: tidemill types PATH --apply")
    refused: list[SkippedPath] = []
    for record in reversed(records):
        undone = _undone_record(record)
        refused += undone.refused
        if undone.files:
            return Changed(files=undone.files, refused=tuple(refused), record=undone.record)
    return Changed(files=(), refused=tuple(refused), record=records[-1])


def _undone_record(record: Path) -> Changed:
    """Take back what a record is about, and keep of it what could not be taken back."""
    kept: list[_Step] = []
    refused: list[SkippedPath] = []
    done: list[str] = []
    for step in _unpacked(record):
        reason = _undone(step)
        if reason:
            kept.append(step)
            refused.append(SkippedPath(path=step.name, reason=reason))
        else:
            done.append(step.name)
    if not kept:
        with named_failures(record, doing="remove"):
            record.unlink()
    elif done:
        write_atomically(record, _packed(kept))
    return Changed(files=tuple(done), refused=tuple(refused), record=record if kept else None)


def _prepared(change: FileChange) -> tuple[_Step, bytes, int]:
    """Return what is written into a file.

    Raises:
        InputError: It may not be.
    """
    # What a link leads to is written, and the link stays.
    path = change.path.resolve()
    try:
        facts = path.stat()
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from error
    if content_hash(raw) != change.key:
        raise InputError(CHANGED)
    if not facts.st_mode & 0o222 or not os.access(path, os.W_OK):
        raise InputError("it is read-only")
    mark = next((one for one, _ in MARKS if raw.startswith(one)), b"")
    try:
        same = mark + change.before.decode().encode(change.encoding) == raw
        after = mark + change.after.decode().encode(change.encoding)
    except UnicodeError as error:
        reason = f"its encoding, {change.encoding}, has no place for what would be written"
        raise InputError(reason) from error
    if not same:
        raise InputError(f"it could not be written back as it was, in {change.encoding}")
    step = _Step(path=path, name=change.name, before=raw, after=content_hash(after))
    return step, after, stat.S_IMODE(facts.st_mode)


def _check_unchanged(step: _Step) -> None:
    """Look once more, right before a file is written: others take their time.

    Raises:
        InputError: It is not as it was when it was prepared.
    """
    try:
        raw = step.path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from error
    if raw != step.before:
        raise InputError(CHANGED)


def _undone(step: _Step) -> str:
    """Take back what was written into a file; return why it cannot be, or nothing."""
    try:
        raw = step.path.read_bytes()
        mode = stat.S_IMODE(step.path.stat().st_mode)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if raw == step.before:
        return ""
    if content_hash(raw) != step.after:
        return "it has changed since"
    try:
        write_atomically(step.path, step.before, mode=mode)
    except TidemillError as error:
        return error.message
    return ""


def _folder(settings: Settings, cwd: Path) -> Path:
    return (store_folder(settings, cwd) or cwd / FOLDER) / SUBFOLDER


def _records(settings: Settings, cwd: Path) -> list[Path]:
    return sorted(_folder(settings, cwd).glob("[0-9]*.json"))


def _recorded(steps: Sequence[_Step], settings: Settings, cwd: Path) -> Path:
    """Keep what undoing needs, under the next number; two at a time take one after the other.

    Raises:
        LockedError: Another one does not come to its end.
    """
    folder = make_private_directory(_folder(settings, cwd))
    with JobLock(folder, "record", SystemClock(), wait_seconds=LOCK_SECONDS):
        taken = [int(path.stem) for path in folder.glob("[0-9]*") if path.stem.isdecimal()]
        record = folder / f"{max(taken, default=0) + 1:06}.json"
        write_atomically(record, _packed(steps))
    return record


def _packed(steps: Sequence[_Step]) -> bytes:
    rows = [
        {
            "path": os.fsdecode(step.path),
            "name": step.name,
            "before": b64encode(step.before).decode(),
            "after": step.after,
        }
        for step in steps
    ]
    return json.dumps({"format": FORMAT, "files": rows}).encode()


def _unpacked(record: Path) -> list[_Step]:
    try:
        with record.open("rb") as file:
            document = json.loads(file.read(MOST_BYTES))
        if document["format"] != FORMAT:
            raise StoreError(f"{record} is of a newer version", hint="upgrade tidemill")
        return [
            _Step(
                path=Path(row["path"]),
                name=str(row["name"]),
                before=b64decode(row["before"], validate=True),
                after=str(row["after"]),
            )
            for row in document["files"]
        ]
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=str(record)) from error
    except (ValueError, KeyError, TypeError) as error:
        hint = "the files it is about are as they were; remove it"
        raise InputError("is damaged", path=str(record), hint=hint) from error
