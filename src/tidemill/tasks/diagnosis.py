"""What this machine can do and whether the store is sound: ``tidemill doctor``.

Every check is a small function that returns one line: what was looked at, what
was found, whether that is well, and what to do if it is not. Nothing heavy is
imported to find out: torch, for one, is looked up and never loaded.
"""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tidemill.core.errors import TidemillError
from tidemill.core.native import status
from tidemill.core.processor import processor_flags
from tidemill.core.settings import Settings, resolve
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import grammar_of
from tidemill.sparsity.instruction_sets import usable_sets
from tidemill.store.store import Store
from tidemill.tasks.whereabouts import store_folder

__all__ = ["Check", "Diagnosis", "diagnose"]

Verdict = Literal["ok", "warn", "fail"]

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 35, 0)
SCARCE_DISK_BYTES = 1 << 30
NO_DISK_BYTES = 64 << 20
SCARCE_RAM_BYTES = 1 << 30
VECTOR_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "asimd", "sve")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the report.

    Args:
        subject: What was looked at.
        verdict: ``ok``; ``warn``: works, but less well; ``fail``: something will not work.
        found: What was found.
        remedy: What to do; empty when all is well.
    """

    subject: str
    verdict: Verdict
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The whole report."""

    checks: tuple[Check, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing failed."""
        return all(check.verdict != "fail" for check in self.checks)


def diagnose(*, settings: Settings | None = None, cwd: Path | None = None) -> Diagnosis:
    """Look at the machine, the installation and the store.

    Args:
        settings: By default those in force.
        cwd: Where to look for a store; by default the working folder.
    """
    settings = settings or resolve().settings
    cwd = cwd or Path.cwd()
    return Diagnosis(checks=tuple(_checks(settings, cwd)))


def _checks(settings: Settings, cwd: Path) -> Iterator[Check]:
    yield check_python(sys.version_info[:3])
    yield check_torch()
    yield _guarded("grammars", check_grammars)
    yield _guarded("native parts", lambda: check_native(settings))
    yield _guarded("N:M kernels", lambda: check_kernels(settings, processor_flags()))
    yield check_sqlite(sqlite3.sqlite_version_info)
    yield check_processor(processor_flags(), len(os.sched_getaffinity(0)))
    yield check_memory(_memory_bytes(Path("/proc/meminfo")))
    folder = store_folder(settings, cwd)
    yield check_disk(folder or cwd)
    yield check_store(folder)


def _guarded(subject: str, check: Callable[[], Check]) -> Check:
    """Run a check; one that fails to run is itself a finding."""
    try:
        return check()
    except (TidemillError, ImportError, OSError, AttributeError, ValueError) as error:
        remedy = "install tidemill again: pip install --force-reinstall tidemill"
        return Check(subject=subject, verdict="fail", found=str(error), remedy=remedy)


def check_python(version: tuple[int, ...]) -> Check:
    """Check the interpreter's version."""
    found = ".".join(map(str, version)) + f" on {platform.system()} {platform.machine()}"
    if version >= OLDEST_PYTHON:
        return Check(subject="Python", verdict="ok", found=found)
    return Check(subject="Python", verdict="fail", found=found, remedy="use Python 3.11 or newer")


def check_torch() -> Check:
    """Check whether torch is installed, without importing it."""
    if importlib.util.find_spec("torch") is None:
        return Check(
            subject="torch",
            verdict="warn",
            found="not installed",
            remedy="reading, data flow and lexical search work without; experts need it",
        )
    version = importlib.metadata.version("torch")
    return Check(subject="torch", verdict="ok", found=f"{version} (not loaded)")


def check_grammars() -> Check:
    """Load every grammar; one whose ABI tree-sitter does not understand raises on loading."""
    versions = [grammar_of(language).abi_version for language in LANGUAGES.values()]
    reader = importlib.metadata.version("tree-sitter")
    found = f"{len(versions)} languages, ABI {_range(versions)}, tree-sitter {reader}"
    return Check(subject="grammars", verdict="ok", found=found)


def _range(numbers: Iterable[int]) -> str:
    known = sorted(set(numbers))
    return str(known[0]) if len(known) == 1 else f"{known[0]}-{known[-1]}"


def check_native(settings: Settings) -> Check:
    """Say which compiled parts are there, and why the others are not."""
    parts = status(native=settings.native)
    missing = [part for part in parts if part.library is None]
    if not parts:
        return Check(subject="native parts", verdict="ok", found="none in this version")
    if not missing:
        names = ", ".join(f"{part.name} ({part.state})" for part in parts)
        return Check(subject="native parts", verdict="ok", found=names)
    return Check(
        subject="native parts",
        verdict="warn",
        found=", ".join(f"{part.name}: {part.state}" for part in missing),
        remedy=missing[0].reason or "everything works without, more slowly",
    )


def check_kernels(settings: Settings, flags: frozenset[str]) -> Check:
    """Say whether sparse products have native kernels, and for which instruction set.

    They are looked up and not loaded: loaded before torch, they would not have its threads.

    Args:
        settings: Those in force.
        flags: What the processor can do.
    """
    found = next((part for part in status(native=settings.native) if part.name == "nm"), None)
    if found is not None and found.library is not None:
        words = f"{found.state}, for {usable_sets(flags)[-1]} (not loaded)"
        return Check(subject="N:M kernels", verdict="ok", found=words)
    state = "not declared" if found is None else found.state
    return Check(
        subject="N:M kernels",
        verdict="warn",
        found=f"{state}: sparse experts answer and train by torch alone, no faster than dense",
        remedy=_kernels_remedy(state, found.reason if found is not None else ""),
    )


def _kernels_remedy(state: str, reason: str) -> str:
    """Say how there would be kernels; of a compiler's complaint the first line."""
    if state == "off":
        return "leave the setting native, and TIDEMILL_NATIVE, at auto"
    if state == "not built":
        return "build them: python -m tidemill.core.native"
    return next(iter(reason.splitlines()), "") or "install tidemill again"


def check_sqlite(version: tuple[int, ...]) -> Check:
    """Check SQLite's version and that full-text search is compiled in."""
    found = f"{'.'.join(map(str, version))}, {'FTS5' if _has_fts5() else 'no FTS5'}"
    if version < OLDEST_SQLITE:
        remedy = "use a Python that is built with SQLite 3.35 or newer"
        return Check(subject="SQLite", verdict="fail", found=found, remedy=remedy)
    return Check(subject="SQLite", verdict="ok", found=found)


def _has_fts5() -> bool:
    with closing(sqlite3.connect(":memory:")) as connection:
        rows = connection.execute("PRAGMA compile_options").fetchall()
    return ("ENABLE_FTS5",) in rows


def check_processor(flags: frozenset[str], cores: int) -> Check:
    """Say how many cores this process may use and what their vector units can do."""
    known = [flag for flag in VECTOR_FLAGS if flag in flags]
    noun = "core" if cores == 1 else "cores"
    found = f"{cores} {noun}, {' '.join(known) or 'no vector extensions known'}"
    return Check(subject="processor", verdict="ok", found=found)


def check_memory(available: int | None) -> Check:
    """Check that there is memory to work in."""
    if available is None:
        return Check(subject="memory", verdict="ok", found="unknown on this system")
    found = f"{readable_bytes(available)} available"
    if available < SCARCE_RAM_BYTES:
        remedy = "close other programs, or lower the setting workers"
        return Check(subject="memory", verdict="warn", found=found, remedy=remedy)
    return Check(subject="memory", verdict="ok", found=found)


def _memory_bytes(path: Path) -> int | None:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = (line.split()[1] for line in lines if line.startswith("MemAvailable:"))
    kilobytes = next(found, None)
    return int(kilobytes) * 1024 if kilobytes else None


def check_disk(folder: Path) -> Check:
    """Check that the store has room to grow."""
    folder = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(folder).free
    found = f"{readable_bytes(free)} free at {folder}"
    if free < NO_DISK_BYTES:
        remedy = "free some space, or move the store with the setting store"
        return Check(subject="disk", verdict="fail", found=found, remedy=remedy)
    if free < SCARCE_DISK_BYTES:
        return Check(subject="disk", verdict="warn", found=found, remedy="free some space soon")
    return Check(subject="disk", verdict="ok", found=found)


def check_store(folder: Path | None) -> Check:
    """Open the store and verify it from end to end."""
    if folder is None or not Store(folder).exists:
        found = "none here yet; tidemill index PATH makes one"
        return Check(subject="store", verdict="ok", found=found)
    try:
        with Store(folder) as store:
            verification = store.verify()
            with store.snapshot() as snapshot:
                facts = snapshot.facts()
    except TidemillError as error:
        remedy = error.hint or "move it away and index again"
        return Check(subject="store", verdict="fail", found=error.message, remedy=remedy)
    found = (
        f"{folder}: {facts.files:,} files, {verification.units:,} units, "
        f"{readable_bytes(facts.bytes_on_disk)}"
    )
    if verification.sound:
        return Check(subject="store", verdict="ok", found=f"{found}, sound")
    return Check(
        subject="store",
        verdict="fail",
        found=f"{found}; {'; '.join(verification.problems)}",
        remedy="move it away and index again; the files it was made from are untouched",
    )


def readable_bytes(number: int) -> str:
    """Return a number of bytes as people read it, for example ``3.4 GB``."""
    size = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
