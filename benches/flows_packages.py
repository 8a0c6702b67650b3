"""Packages of npm with a weakness that is known: is the flow to it found?

The index of SecBench.js names package, version and the line where harm is done. Packages are
fetched as archives and only read, never installed or executed. Per category, so many in an
order drawn once by a seed; one that is not there any more, or whose line is not in its
archive, makes room for the next. Where the index speaks of pollution of prototypes the sink
is an assignment, and no pattern means those: that category is left out.

A weakness counts as found when a flow from what a caller hands over, from a request, or from
the process's arguments comes to a call on that line. Whether other flows are true nobody
says, so they are only counted. One of the packages drawn (scp) showed a fault of the analysis
that has been mended since; 34 others, drawn with seed 12 afterwards, had 28 of theirs found.
"""

import csv
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flows_peer import INPUT, MODES, Way, atom_ways
from flows_program import inferred_types

from report import Figure
from tidemill.core.errors import TidemillError
from tidemill.core.randomness import stream
from tidemill.core.settings import Settings
from tidemill.source.lines import LineTable
from tidemill.tasks.flows.choosing import Choice, PatternFile, chosen
from tidemill.tasks.flows.given import placed, read_given_types
from tidemill.tasks.tracing import TraceReport, trace

__all__ = ["Weakness", "package_figures", "prepare_packages", "weaknesses"]

REPOSITORY = Path(__file__).parents[1]
FOLDER = REPOSITORY / "build" / "flows" / "packages"
INFERRED = FOLDER.with_name("package-types")
INDEX = "secbench-js-index/index.csv"
SEED = 11
WANTED = {"command-injection": 6, "code-injection": 5, "path-traversal": 6, "redos": 3}
LARGEST = 5_000_000
PARAMETER = "METHOD_PARAMETER_IN"
SETTINGS = Settings(workers=1, max_file_bytes=2_000_000, parse_seconds=20.0)
MATCHING = PatternFile(
    sinks={"redos": ("*:test(0)", "*:exec(0)", *(f"*:{name}(this)" for name in (
        "match", "matchAll", "replace", "replaceAll", "search", "split"))),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakness:
    """One row of the index.

    Attributes:
        category: What harm it is.
        name: The package with its version, as a folder is called.
        pin: The same as npm calls it.
        path: File of the sink.
        line: Its line.
    """

    category: str
    name: str
    pin: str
    path: str
    line: int


def weaknesses() -> list[Weakness]:
    """Return the rows whose categories are looked at, in the order drawn."""
    named = os.environ.get("TIDEMILL_DATA")
    data = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not (data / INDEX).is_file():
        return []
    with (data / INDEX).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = []
    for row in rows:
        path, _, place = row["sink"].partition(":")
        line = place.partition(":")[0]
        if row["category"] in WANTED and path and line.isdecimal():
            found.append(
                Weakness(
                    category=row["category"],
                    name=row["dir"].replace("/", "+"),
                    pin=f"{row['package']}@{row['version']}",
                    path=path,
                    line=int(line),
                )
            )
    stream(SEED, "packages").shuffle(found)
    return found


def prepare_packages() -> None:
    """Fetch as many packages of every category as are wanted."""
    left = dict(WANTED)
    for one in weaknesses():
        if left[one.category] and _is_fetched(one):
            left[one.category] -= 1


def _is_fetched(one: Weakness) -> bool:
    folder = FOLDER / one.name
    if not folder.is_dir():
        folder.mkdir(parents=True)
        told = subprocess.run(
            ["npm", "pack", "--silent", "--ignore-scripts", one.pin],
            cwd=folder, check=False, capture_output=True, text=True,
        )  # fmt: skip
        archives = sorted(folder.glob("*.tgz"))
        if told.returncode == 0 and archives and archives[0].stat().st_size <= LARGEST:
            with tarfile.open(archives[0]) as archive:
                archive.extractall(folder, filter="data")
    return _sources(one) is not None


def _sources(one: Weakness) -> Path | None:
    """Return the folder of a package's files, if the line of the sink is in it."""
    inside = [place for place in sorted((FOLDER / one.name).glob("*")) if place.is_dir()]
    for folder in inside:
        path = folder / one.path
        if path.is_file() and path.read_bytes().count(b"\n") + 1 >= one.line:
            return folder
    return None


def _present() -> list[Weakness]:
    left = dict(WANTED)
    found = []
    for one in weaknesses():
        if left[one.category] and _sources(one) is not None:
            left[one.category] -= 1
            found.append(one)
    return found


def package_figures(types: Path | None = None, *, with_atom: bool = True) -> list[Figure]:
    """Return how many weaknesses are found, by category.

    Args:
        types: A folder with a file of types ``NAME.json`` for packages, paths in it from the
            package's folder; else the expert that comes along infers them.
        with_atom: Whether to ask atom as well.
    """
    present = _present()
    if not present:
        print("no packages: --prepare, and TIDEMILL_DATA")
    figures = list(_figures("ours, no types", present, {one: _ours(one) for one in present}))
    inferred = {one: _ours(one, _types_of(one, types)) for one in present}
    figures += _figures("ours, inferred types", present, inferred)
    if with_atom and shutil.which("node") is not None:
        figures += _figures("atom", present, {one: _atom(one) for one in present})
    return figures


def _figures(who: str, present: list[Weakness], results: dict[Weakness, bool]) -> Iterator[Figure]:
    for category in WANTED:
        asked = [one for one in present if one.category == category]
        found = [one for one in asked if results[one]]
        missed = ", ".join(one.name for one in asked if not results[one])
        yield Figure(
            name=f"packages, {who}: {category}",
            value=len(found),
            unit=f"of {len(asked)}",
            peer=f"missed: {missed}" if missed else "",
        )


def _types_of(one: Weakness, types: Path | None) -> Path | None:
    folder = _sources(one)
    if types is not None or folder is None:
        return types and types / f"{one.name}.json"
    try:
        return inferred_types(folder, INFERRED / f"{one.name}.json")
    except RuntimeError as error:
        print(f"{one.name}: {error}")
        return None


def _ours(one: Weakness, types: Path | None = None) -> bool:
    folder = _sources(one)
    if folder is None:
        return False
    choice = chosen(["caller,http,process"], ["all"], own=MATCHING)
    try:
        report = _traced(folder, choice, types)
    except TidemillError as error:
        print(f"{one.name}: {error}")
        return False
    calls = {(flow.call.path, flow.call.start, flow.call.end) for flow in report.flows}
    print(f"{one.name}: {len(calls)} calls that something comes to, of {report.sinks} sinks")
    return any(_is_at(report, one, path, (start, end)) for path, start, end in calls)


def _traced(folder: Path, choice: Choice, types: Path | None) -> TraceReport:
    given = None
    if types is not None and types.is_file():
        given = placed(read_given_types(types), folder.resolve(), SETTINGS)
    return trace(
        [folder],
        sources=[*choice.sources],
        sinks=choice.sinks,
        types=given,
        settings=SETTINGS,
    )


def _is_at(report: TraceReport, one: Weakness, path: str, span: tuple[int, int]) -> bool:
    if path != Path(one.path).as_posix():
        return False
    table = LineTable(report.texts[path])
    return table.line(span[0]) <= one.line <= table.line(max(span[0], span[1] - 1))


def _atom(one: Weakness) -> bool:
    folder = _sources(one)
    if folder is None:
        return False
    for mode in MODES:
        try:
            ways = atom_ways(mode, folder, FOLDER.parent)
        except RuntimeError as error:
            print(f"atom {mode}, {one.name}: {str(error)[:100]}")
            continue
        if any(_comes_to(way, one) for way in ways):
            return True
    return False


def _comes_to(way: Way, one: Weakness) -> bool:
    """Whether a slice has a parameter or an input, and something on the line."""
    is_begun = any(label == PARAMETER or INPUT in tags for _, label, tags in way)
    return is_begun and any(place == (one.path, one.line) for place, _, _ in way)
