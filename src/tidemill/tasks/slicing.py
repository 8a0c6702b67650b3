"""Usage slices of files: discovery -> parse -> slices, and the forms they are written in."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tidemill.core.clock import Clock, SystemClock
from tidemill.core.errors import InputError, ParseTimeoutError
from tidemill.core.files import bytes_and_facts
from tidemill.core.progress import Progress, Silence
from tidemill.core.settings import Settings, resolve
from tidemill.source.language import language_of
from tidemill.source.parsing import parse
from tidemill.source.slices.assembly import SliceRules
from tidemill.source.slices.extraction import SLICED, usage_slices
from tidemill.source.slices.formats.places import positioned
from tidemill.source.slices.formats.reading import WRITERS, Form
from tidemill.source.slices.usage import ProgramSlice
from tidemill.source.text import decode
from tidemill.tasks.discovery import (
    TOO_LARGE,
    UNREADABLE,
    Candidate,
    Skipped,
    discover,
    printable,
    require,
)

__all__ = ["SlicingReport", "UnslicedFile", "slices_of", "written"]

HEAD_BYTES = 8_192

LINK = "link: "
"""How the reason begins where what a link leads to is read by its own name, if at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnslicedFile:
    """A file that was not sliced.

    Attributes:
        path: As people know it, safe to print.
        reason: A short kind, a colon, and the detail.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicingReport:
    """The slices of some files.

    Attributes:
        program: The slices, by file in order of path; places are bytes of the texts.
        texts: The text of every file that was sliced, UTF-8, by its name in the slices.
        seconds: How long it took.
        damaged: Files with regions that could not be parsed; the rest of them is sliced.
        skipped: Files of a language that is sliced that were not, and why.
    """

    program: ProgramSlice
    texts: Mapping[str, bytes]
    seconds: float
    damaged: tuple[str, ...] = ()
    skipped: tuple[UnslicedFile, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON: places as bytes, lines and columns."""
        program = positioned(self.program, self.texts, keep_spans=True)
        return {
            "files": len(self.texts),
            "methods": program.methods,
            "user_types": program.user_types,
            "damaged": self.damaged,
            "skipped": self.skipped,
            "seconds": round(self.seconds, 3),
        }


def slices_of(
    paths: Iterable[str | Path],
    *,
    rules: SliceRules | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
    clock: Clock | None = None,
    cwd: Path | None = None,
) -> SlicingReport:
    """Slice files by the use of their variables. Nothing is written.

    Args:
        paths: Files and folders; what is ignored in a folder is left out.
        rules: What becomes a slice, and what of it is shown.
        settings: Limits of reading; by default those in force.
        progress: Told of every file.
        clock: Where the time comes from.
        cwd: Where relative paths count from, in and out; by default the working folder.

    Raises:
        InputError: No paths were given, or one does not exist.
    """
    settings = settings or resolve().settings
    clock = clock or SystemClock()
    progress = progress or Silence()
    began = clock.monotonic()
    cwd = (cwd or Path.cwd()).resolve()
    roots = [cwd / path for path in paths]
    if not roots:
        raise InputError("there is nothing to slice", hint="name a path: tidemill slices .")
    for root in roots:
        require(root)
    slicer = _Slicer(rules or SliceRules(), settings, cwd)
    found = sorted(discover(roots, settings=settings), key=lambda entry: entry.path)
    for done, entry in enumerate(found, 1):
        slicer.take(entry)
        progress.advance(done, len(found), printable(entry.path))
    return slicer.report(clock.monotonic() - began)


def written(report: SlicingReport, form: Form) -> dict[str, object]:
    """Return the slices of a report in a form that other programs read."""
    return WRITERS[form](positioned(report.program, report.texts))


class _Slicer:
    """Slices files one by one; what is wrong with one does not concern the others."""

    def __init__(self, rules: SliceRules, settings: Settings, cwd: Path) -> None:
        self._rules = rules
        self._settings = settings
        self._cwd = cwd
        self._programs: list[ProgramSlice] = []
        self._texts: dict[str, bytes] = {}
        self._damaged: list[str] = []
        self._skipped: list[UnslicedFile] = []

    def take(self, entry: Candidate | Skipped) -> None:
        """Slice a file, if it is in a language that is sliced."""
        if not _may_be_sliced(entry.path):
            return
        name = _shown(entry.path, self._cwd)
        if isinstance(entry, Skipped):
            if not entry.reason.startswith(LINK):
                self._skipped.append(UnslicedFile(path=name, reason=entry.reason))
            return
        reason = self._sliced(entry.path, name)
        if reason:
            self._skipped.append(UnslicedFile(path=name, reason=reason))

    def report(self, seconds: float) -> SlicingReport:
        """Return what all files gave."""
        program = ProgramSlice(
            methods=tuple(one for program in self._programs for one in program.methods),
            user_types=tuple(one for program in self._programs for one in program.user_types),
        )
        return SlicingReport(
            program=program,
            texts=MappingProxyType(self._texts),
            seconds=seconds,
            damaged=tuple(self._damaged),
            skipped=tuple(self._skipped),
        )

    def _sliced(self, path: str, name: str) -> str:
        """Slice a file; return why it could not be, or nothing."""
        try:
            raw = _bytes_of(path, self._settings)
            language = language_of(path, raw[:HEAD_BYTES])
            if language is None or language.name not in SLICED:
                return ""
            text = decode(raw, name).data
            tree = parse(text, language, seconds=self._settings.parse_seconds, path=name)
            self._programs.append(usage_slices(tree, path=name, rules=self._rules))
        except Exception as error:  # noqa: BLE001  a fault of ours must not cost the other files
            return _reason(error)
        self._texts[name] = text
        if tree.errors:
            self._damaged.append(name)
        return ""


def _bytes_of(path: str, settings: Settings) -> bytes:
    most = settings.max_file_bytes
    _, raw, _ = bytes_and_facts(path, most, follow_symlinks=settings.follow_symlinks)
    if len(raw) > most:
        raise InputError(f"{TOO_LARGE}more than max_file_bytes = {most:,}")
    return raw


def _reason(error: Exception) -> str:
    """Say why a file is skipped: a short kind, a colon, and the detail."""
    match error:
        case OSError():
            return f"{UNREADABLE}{error.strerror or error}"
        case ParseTimeoutError():
            return f"slow: {error.message}"
        case InputError():
            return error.message
        case _:
            return f"failed: {type(error).__name__}: {error}"


def _may_be_sliced(path: str) -> bool:
    """Whether a file is in a language that is sliced, or may be by its first line."""
    stem, _, _ = os.path.basename(path).rpartition(".")  # noqa: PTH119  once for every file
    language = language_of(path)
    return not stem if language is None else language.name in SLICED


def _shown(path: str, cwd: Path) -> str:
    """Return a path as people and slices know it: from the working folder, if it is inside."""
    inside = f"{cwd}{os.sep}"
    return printable(path.removeprefix(inside))
