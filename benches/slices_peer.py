"""atom, the peer of the bench of usage slices: how it is fetched, run and compared with.

atom 3.1.1 is a native program; its JavaScript frontend is a program of Node. It writes
into the folder that it reads, so it gets a copy. A file that its frontend cannot digest
is left out without a word, and so are the calls that it cannot name.
"""

import os
import resource
import shutil
import subprocess
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tidemill.source.lines import Position
from tidemill.source.slices.formats.reading import read_slices
from tidemill.source.slices.usage import MethodSlice, ProgramSlice, UsageSlice

__all__ = [
    "PACKAGES",
    "Agreement",
    "Cost",
    "agreement",
    "atom_slices",
    "command",
    "prepare",
    "sliced_by_atom",
    "sources",
]

REPOSITORY = Path(__file__).parents[1]
UNPACKED = REPOSITORY / "build" / "slices"
ATOM = UNPACKED / "atom"
PACKAGES = {
    "rxjs": "rxjs@7.8.2",
    "immer": "immer@11.2.10",
    "mobx": "mobx@7.1.3",
    "redux": "redux@5.0.1",
    "query-core": "@tanstack/query-core@5.108.0",
}
PEER = ("@appthreat/atom@3.1.1", "@appthreat/atom-parsetools@1.2.2")
SMALL = "const app = make();\napp.get('/', (req, res) => {\n    res.send(req);\n});\n" * 3
OPTIONS = ("usages", "--include-source", "-l", "ts")

# File, line and column of the method, name of the variable.
Key = tuple[str, int, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run of a program took.

    Attributes:
        wall: Seconds by the clock on the wall.
        cpu: Seconds of all its threads and children.
    """

    wall: float
    cpu: float


@dataclass(slots=True, kw_only=True)
class Agreement:
    """How far two slicers agree.

    Attributes:
        objects: Variables that both slice, only atom, only we.
        calls: Calls of variables that both slice: in both, only in atom's, only in ours.
        roles: Calls in both: as receiver or argument alike, and not alike.
        files: Files of which atom has anything, and those of which we have.
        reasons: Why something is in one only, counted.
    """

    objects: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    roles: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Agreement") -> None:
        """Add what was counted elsewhere."""
        self.objects += other.objects
        self.calls += other.calls
        self.roles += other.roles
        self.files += other.files
        self.reasons += other.reasons


def prepare() -> None:
    """Fetch the packages and the peer, once."""
    for name, pin in PACKAGES.items():
        folder = UNPACKED / name
        if not folder.is_dir():
            folder.mkdir(parents=True)
            told = subprocess.run(
                ["npm", "pack", "--silent", pin],
                cwd=folder,
                check=True,
                capture_output=True,
                text=True,
            )
            with tarfile.open(folder / told.stdout.split()[-1]) as archive:
                archive.extractall(folder, filter="data")
    small = UNPACKED / "small" / "package" / "src"
    small.mkdir(parents=True, exist_ok=True)
    (small / "small.ts").write_text(SMALL, encoding="utf-8")
    if not (ATOM / "node_modules").is_dir():
        ATOM.mkdir(parents=True, exist_ok=True)
        (ATOM / "package.json").write_text("{}", encoding="utf-8")
        subprocess.run(["npm", "install", "--silent", *PEER], cwd=ATOM, check=True)


def sources(name: str) -> Path:
    """Return the folder with a package's sources."""
    return UNPACKED / name / "package" / "src"


def command(arguments: list[str], *, cwd: Path) -> Cost:
    """Run a program and return what it took.

    Raises:
        RuntimeError: It failed.
    """
    path = f"{ATOM / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(
        arguments, cwd=cwd, env=os.environ | {"PATH": path}, capture_output=True, check=False
    )
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{arguments[0]} failed: {done.stderr.decode()[-500:]}")
    return Cost(
        wall=wall,
        cpu=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    )


def atom_slices(name: str, folder: Path, rounds: int) -> tuple[ProgramSlice, list[Cost]]:
    """Let atom slice a copy of a package's sources.

    Args:
        name: The package.
        folder: Where to work; its copy is kept there, with atom's cache of syntax trees.
        rounds: How often; the first run fills the cache.
    """
    copy = folder / name
    if not copy.exists():
        shutil.copytree(sources(name), copy)
    out = folder / f"{name}.json"
    costs = [sliced_by_atom(copy, out) for _ in range(rounds)]
    return read_slices(out.read_bytes(), path=str(out)), costs


def sliced_by_atom(sources: Path, out: Path) -> Cost:
    """Let atom slice a folder, into which it writes its cache.

    Args:
        sources: The folder.
        out: Where the slices go.
    """
    stored = out.with_suffix(".atom")
    stored.unlink(missing_ok=True)
    whole = ["atom", *OPTIONS, "-o", str(stored), "-s", str(out), str(sources)]
    return command(whole, cwd=out.parent)


def agreement(theirs: ProgramSlice, ours: ProgramSlice) -> Agreement:
    """Compare two slicings of one folder.

    Args:
        theirs: What atom says.
        ours: What we say, with lines and columns and without operators.
    """
    found = Agreement()
    known_files = {method.file for method in theirs.methods}
    our_files = {method.file for method in ours.methods}
    found.files.update({"both": len(known_files & our_files), "ours": len(our_files)})
    left, right = _objects(theirs), _objects(ours)
    names = {(file, name) for file, _, _, name in right}
    for key in left.keys() | right.keys():
        one, two = left.get(key, []), right.get(key, [])
        both = min(len(one), len(two))
        found.objects["both"] += both
        found.objects["only atom"] += len(one) - both
        found.objects["only ours"] += len(two) - both
        for usage in one[both:]:
            elsewhere = (key[0], key[3]) in names
            found.reasons[f"only atom: {_why_atom(usage, elsewhere=elsewhere)}"] += 1
        for usage in two[both:]:
            is_missing = key[0] not in known_files
            why = "a file that atom leaves out" if is_missing else _why_ours(usage)
            found.reasons[f"only ours: {why}"] += 1
        for first, second in zip(one, two, strict=False):
            _compare_calls(first, second, found)
    return found


def _objects(program: ProgramSlice) -> dict[Key, list[UsageSlice]]:
    found: dict[Key, list[UsageSlice]] = {}
    for method in program.methods:
        for usage in method.slices:
            found.setdefault(_key(method, usage), []).append(usage)
    return found


def _key(method: MethodSlice, usage: UsageSlice) -> Key:
    at = method.at or Position(line=0, column=0)
    return method.file, at.line, at.column, usage.target.name


def _why_atom(usage: UsageSlice, *, elsewhere: bool) -> str:
    """Say why a variable has a slice of atom's alone."""
    made = usage.defined_by.name if usage.defined_by else ""
    causes = {
        "what an import brings": made.startswith("require"),
        "a parameter with a default, as a local besides": "=== void 0" in made,
        "no call at all": not usage.invoked_calls and not usage.argument_calls,
        "a cast counts as the call that makes it": made.startswith(("this as", "(")),
        "a captured variable, as a local of the closure besides": elsewhere,
    }
    other = "gets its first value from no call, or in a closure"
    return next((cause for cause, holds in causes.items() if holds), other)


def _why_ours(usage: UsageSlice) -> str:
    """Say why a variable has a slice of ours alone."""
    target, origin = usage.target, usage.defined_by
    calls = [*usage.invoked_calls, *(one.call for one in usage.argument_calls)]
    if all(call.name.rpartition(".")[2][:1].isupper() for call in calls):
        return "an argument of constructors"
    if target.label == "PARAM":
        return "a parameter"
    resolved = (origin.resolved_method or "") if origin else ""
    return f"a local from {resolved if resolved.startswith('<operator>') else 'a call'}"


def _compare_calls(theirs: UsageSlice, ours: UsageSlice, found: Agreement) -> None:
    left, right = dict(_roles(theirs)), dict(_roles(ours))
    for place in left.keys() | right.keys():
        one, two = left.get(place), right.get(place)
        if one is None or two is None:
            side = "only atom" if two is None else "only ours"
            found.calls[side] += 1
            found.reasons[f"{side}, call: {_why_call(place, one or two or '')}"] += 1
            continue
        found.calls["both"] += 1
        found.roles["alike" if one == two else "not alike"] += 1


def _roles(usage: UsageSlice) -> Iterator[tuple[tuple[str, int], str]]:
    """Yield the name and line of each call, and the role in it."""
    for one in usage.argument_calls:
        line = one.call.at.line if one.call.at else 0
        yield (one.call.name.strip("'\"`"), line), "argument"
    for call in usage.invoked_calls:
        yield (call.name.strip("'\"`"), call.at.line if call.at else 0), "receiver"


def _why_call(place: tuple[str, int], role: str) -> str:
    name = place[0]
    if not name:
        return "an element of a list"
    if name[:1].isupper():
        return f"a constructor, as {role}"
    return f"as {role}"
