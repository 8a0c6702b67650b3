"""Whole packages with their dependencies, from which types are taken away and given back.

Every package stands in a folder of its own beside the modules that npm installs for it, the
compiler among them, with options of ours that are ``strict``: a module that is not found would
be ``any``, and hide what is wrong. Tests are left out, for what they import is not there. All
of them are in the part of the set of types that nothing is learnt from.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tidemill.source.annotations.finding import sites_of
from tidemill.source.annotations.stripping import stripped
from tidemill.source.language import LANGUAGES
from tidemill.source.lines import LineTable
from tidemill.source.parsing import parse
from tidemill.source.typescript.messages import gist_of

__all__ = [
    "PROGRAMS",
    "Diagnostic",
    "ErrorPlace",
    "SitePlace",
    "TypedRun",
    "bare_copy",
    "diagnostics",
    "original",
    "original_types",
    "prepare_programs",
    "source_files",
    "typed_copy",
]

BUILD = Path(__file__).parents[1] / "build" / "types"
CONFIGURATION = Path(__file__).parent / "programs" / "tsconfig.json"
BESIDES = ("typescript@5.9.3", "@types/node@24.10.1")
PROGRAMS = {
    "immer": "immer@11.2.10",
    "query-core": "@tanstack/query-core@5.108.0",
    "rxjs": "rxjs@7.8.2",
    "mobx": "mobx@7.1.3",
    "zod": "zod@4.6.7",
}
CHECK_SECONDS = 600
"""How long the check of one package may take; what was not looked at then is not written."""
TESTS = {"tests", "__tests__", "benchmarks"}
IMPORTED = "import type "
RETURNED = {0, 1, 2}
"""Without errors, and with some, whether or not something was written."""
SAID = re.compile(r"(?P<file>[^(\s]+)\((?P<line>\d+),\d+\): error TS(?P<code>\d+): (?P<text>.*)")

ErrorPlace = tuple[str, int, int]
"""A file, the number of an error, and a line of the text without types."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What the compiler's command objects to.

    Attributes:
        file: Where.
        code: The number of the error.
        line: Where, counted from 1 in the text without what types import.
        words: Of its first line, as they do not change from run to run.
    """

    file: str
    code: int
    line: int
    words: str

    @property
    def place(self) -> ErrorPlace:
        """What tells it from others, in whatever words."""
        return self.file, self.code, self.line

    @property
    def wording(self) -> tuple[str, int, str]:
        """What tells it from others, wherever it stands in its file."""
        return self.file, self.code, self.words


SitePlace = tuple[str, int, int, str]
"""A file, a line and a column, and the kind of the site there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedRun:
    """What became of a package when the command was run on it.

    Attributes:
        folder: The package with the types that were written.
        told: Standard output: the report in JSON.
        seconds: By the clock on the wall.
    """

    folder: Path
    told: str
    seconds: float


def prepare_programs() -> None:
    """Fetch the packages, what they need and the compiler, once."""
    for name, pin in PROGRAMS.items():
        folder = BUILD / name
        if original(name).is_dir():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text("{}", encoding="utf-8")
        command = ["npm", "install", "--silent", "--ignore-scripts", pin, *BESIDES]
        subprocess.run(command, cwd=folder, check=True)
        package = folder / "node_modules" / pin.rpartition("@")[0]
        shutil.copytree(package / "src", original(name) / "src")
        for path in [*original(name).rglob("*")]:
            if path.name in TESTS or path.name.endswith((".test.ts", ".test-d.ts")):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        shutil.copy(CONFIGURATION, original(name))


def original(name: str) -> Path:
    """Return the folder of a package as its authors wrote it."""
    return BUILD / name / "original"


def source_files(folder: Path) -> Iterator[Path]:
    """Yield the files of a package that are asked about."""
    for path in sorted((folder / "src").rglob("*.ts")):
        if not path.name.endswith(".d.ts"):
            yield path


def bare_copy(name: str) -> Path:
    """Copy a package without its annotations; every place stays where it is."""
    target = BUILD / name / "bare"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(original(name), target)
    for path in source_files(target):
        text = path.read_bytes()
        path.write_bytes(stripped(text, sites_of(parse(text, LANGUAGES["typescript"]))))
    return target


def original_types(name: str) -> dict[SitePlace, str]:
    """Return what the authors of a package wrote, by its place."""
    found = {}
    for path in source_files(original(name)):
        text = path.read_bytes()
        table = LineTable(text)
        file = path.relative_to(original(name)).as_posix()
        for site in sites_of(parse(text, LANGUAGES["typescript"])):
            if site.type is not None:
                at = table.position(site.place.start)
                found[file, at.line, at.column, str(site.kind)] = site.type.of(text).decode()
    return found


def typed_copy(name: str, *, experts: Path) -> TypedRun:
    """Run the command on a copy without annotations, and let it write what it found.

    Args:
        name: Which package.
        experts: Where a folder of experts stands before those that come along.

    Raises:
        RuntimeError: The command failed.
    """
    target = BUILD / name / "typed"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(bare_copy(name), target)
    program = Path(sys.executable).with_name("tidemill")
    command = [str(program), "types", "src", "--check", "--apply", "--json"]
    settings = {"TIDEMILL_EXPERTS": str(experts), "TIDEMILL_STORE": str(BUILD / name / "store")}
    begun = time.perf_counter()
    done = subprocess.run(
        [*command, "--seconds", str(CHECK_SECONDS)],
        cwd=target,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in {0, 1}:
        raise RuntimeError(f"{name}: {done.stderr[-500:]}")
    return TypedRun(folder=target, told=done.stdout, seconds=time.perf_counter() - begun)


def diagnostics(folder: Path, *, bare: Path) -> list[Diagnostic]:
    """Return what the compiler's own command objects to.

    Args:
        folder: A package.
        bare: The same without types, from which lines are counted.

    Raises:
        RuntimeError: It did not come to look at the files.
    """
    compiler = folder.parent / "node_modules" / "typescript" / "bin" / "tsc"
    command = [shutil.which("node") or "node", str(compiler), "-p", "."]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    lines = told.stdout.splitlines()
    said = [one for one in map(SAID.match, lines) if one is not None]
    files = {one["file"] for one in said}
    lines_of = {file: _lines_as_in(folder / file, bare / file) for file in files}
    found = [
        Diagnostic(one["file"], code, lines_of[one["file"]][int(one["line"]) - 1], words)
        for one in said
        for code, words in [gist_of(int(one["code"]), one["text"])]
    ]
    is_whole = told.returncode in RETURNED and bool(found) == bool(told.returncode)
    if not is_whole or any(line.startswith("error TS") for line in lines):
        raise RuntimeError(f"tsc failed in {folder}: {(told.stdout + told.stderr)[-500:]}")
    return found


def _lines_as_in(path: Path, bare: Path) -> list[int]:
    """Return for each line of a file which one it is without the imports that types brought."""
    before = bare.read_text(encoding="utf-8").split("\n")
    lines: list[int] = []
    number = 0
    for line in path.read_text(encoding="utf-8").split("\n"):
        is_added = line.startswith(IMPORTED) and line != before[min(number, len(before) - 1)]
        number += not is_added
        lines.append(max(1, number))
    return lines
