"""The program of the bench of flows: what is true of it, and its types taken away.

``benches/flows/harbour`` was written for the bench: forty flows over eight harms, each
between a line marked ``// from NAME`` and one marked ``// to NAME``, and lines marked
``// clean NAME``, near twins of those flows that nothing harmful reaches. Types come from
express, pg, mysql2, sqlite3, typeorm, mongodb, mongoose and axios, as declared.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from alone import NOBODYS

from tidemill.source.annotations.finding import sites_of
from tidemill.source.annotations.site import TypeSite
from tidemill.source.annotations.stripping import stripped
from tidemill.source.language import LANGUAGES
from tidemill.source.lines import LineTable
from tidemill.source.parsing import parse
from tidemill.tasks.flows.given import GivenType

__all__ = [
    "HARBOUR",
    "Place",
    "Truth",
    "annotated_copy",
    "inferred_types",
    "original_types",
    "read_truth",
    "stripped_copy",
    "types_file",
]

HARBOUR = Path(__file__).parent / "flows" / "harbour"
MARK = re.compile(r"// (from|to|clean) ([a-z]+-\d+)")

Place = tuple[str, int]
"""A file of the program, and a line of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is true of a program.

    Attributes:
        flows: Source and sink of every flow, by its name.
        clean: Sinks that nothing reaches, by name.
    """

    flows: Mapping[str, tuple[Place, Place]]
    clean: Mapping[str, Place]

    @property
    def kinds(self) -> list[str]:
        """The harms, by the names of the flows."""
        return sorted({name.rpartition("-")[0] for name in self.flows})


def read_truth(folder: Path = HARBOUR) -> Truth:
    """Read the marks of a program.

    Raises:
        ValueError: A flow has only one end.
    """
    found: dict[str, dict[str, Place]] = {"from": {}, "to": {}, "clean": {}}
    for path in sorted(folder.rglob("*.ts")):
        lines = path.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines, 1):
            for role, name in MARK.findall(line):
                found[role][name] = (path.relative_to(folder).as_posix(), number)
    if found["from"].keys() != found["to"].keys():
        raise ValueError(f"one end only: {found['from'].keys() ^ found['to'].keys()}")
    ends = {name: (found["from"][name], place) for name, place in found["to"].items()}
    return Truth(flows=ends, clean=found["clean"])


def stripped_copy(target: Path, folder: Path = HARBOUR) -> Path:
    """Copy a program without its annotations; every place stays where it is."""
    return _copied(folder, target, lambda text, _: stripped(text, _sites(text)))


def annotated_copy(target: Path, folder: Path, types: Iterable[GivenType]) -> Path:
    """Copy a program with types written into it as annotations; lines stay."""
    by_file: dict[str, dict[tuple[int, int, bool], str]] = {}
    for one in types:
        place = (one.line, one.column, one.is_return)
        by_file.setdefault(_inside(one.file, folder), {})[place] = one.type
    return _copied(folder, target, lambda text, name: _annotated(text, by_file.get(name, {})))


def original_types(folder: Path = HARBOUR) -> list[GivenType]:
    """Return the annotations of a program as types that somebody might have inferred."""
    found = []
    for path in sorted(folder.rglob("*.ts")):
        text = path.read_bytes()
        table = LineTable(text)
        for site in _sites(text):
            if site.type is not None:
                at = table.position(site.place.start)
                found.append(
                    GivenType(
                        file=path.relative_to(folder).as_posix(),
                        line=at.line,
                        column=at.column,
                        type=site.type.of(text).decode(),
                        confidence=1.0,
                        is_return=site.kind == "return",
                    )
                )
    return found


def inferred_types(program: Path, report: Path) -> Path:
    """Let the expert that comes along infer the types of a program, and return its report.

    Raises:
        RuntimeError: The command failed.
    """
    tidemill = Path(sys.executable).with_name("tidemill")
    told = subprocess.run(
        [str(tidemill), "types", ".", "--no-check", "--json"],
        cwd=program,
        env=os.environ | {"TIDEMILL_EXPERTS": str(NOBODYS)},
        capture_output=True,
        check=False,
    )
    if told.returncode not in {0, 1}:
        raise RuntimeError(told.stderr.decode())
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_bytes(told.stdout)
    return report


def types_file(types: Iterable[GivenType], path: Path) -> Path:
    """Write types as the file that ``tidemill dataflow --types`` reads."""
    rows = [
        {
            "file": one.file,
            "line": one.line,
            "column": one.column,
            "type": one.type,
            "confidence": one.confidence,
            **({"kind": "return"} if one.is_return else {}),
        }
        for one in types
    ]
    path.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return path


def _inside(file: str, folder: Path) -> str:
    """Return a file by its path in the program; it may count from the working folder."""
    place = (Path.cwd() / file).resolve()
    inside = place.is_relative_to(folder.resolve())
    return place.relative_to(folder.resolve()).as_posix() if inside else file


def _sites(text: bytes) -> tuple[TypeSite, ...]:
    return sites_of(parse(text, LANGUAGES["typescript"]))


def _annotated(text: bytes, types: Mapping[tuple[int, int, bool], str]) -> bytes:
    table = LineTable(text)
    for site in sorted(_sites(text), key=lambda site: -site.insert):
        at = table.position(site.place.start)
        written = types.get((at.line, at.column, site.kind == "return"))
        if written is None or site.annotation is not None:
            continue
        words = f": {' '.join(written.split())}".encode()
        if site.enclose is not None:
            start, end = site.enclose.start, site.enclose.end
            text = text[:start] + b"(" + text[start:end] + words + b")" + text[end:]
        else:
            text = text[: site.insert] + words + text[site.insert :]
    return text


def _copied(folder: Path, target: Path, change: Callable[[bytes, str], bytes]) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    for path in sorted(target.rglob("*.ts")):
        name = path.relative_to(target).as_posix()
        path.write_bytes(change(path.read_bytes(), name))
    return target
