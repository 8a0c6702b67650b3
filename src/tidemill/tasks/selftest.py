"""Crash and damage tests that anyone can run: ``tidemill selftest``.

A real ``tidemill index`` is started as a child and killed with SIGKILL at moments
drawn from a seed, over and over, on a tree that changes in between. After every
kill the store must open, verify, and hold as many files as the journal says; the
next start goes on where the dead one stopped. In the end the survivor must equal,
row for row, an index that nobody disturbed. Then the store is damaged, locked,
write-protected and given a full disk (`damage`), and a node that serves experts loses
workers, has too little room, and meets damaged experts (`serving_trials`).
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from tidemill.core.clock import Clock, SystemClock
from tidemill.core.errors import TidemillError
from tidemill.core.hashing import content_hash
from tidemill.core.progress import Progress, Silence
from tidemill.core.randomness import stream
from tidemill.source.tokens import terms
from tidemill.store.connection import DATABASE
from tidemill.store.snapshot import Snapshot
from tidemill.store.store import FOLDER, Store
from tidemill.tasks.damage import damage_trials
from tidemill.tasks.sample_tree import change_tree, grow_tree
from tidemill.tasks.serving_trials import serving_trials
from tidemill.tasks.trial import (
    PATIENCE_SECONDS,
    Trial,
    await_work,
    index_command,
    judged,
    run_child,
    start_child,
)

__all__ = ["SelftestReport", "dump_hash", "selftest"]

TREE_FILES = 100
"""Enough code (over a megabyte) for an index from nothing to start workers."""

CHANGES = 25
SHORTER_RUN = 0.4
"""How long a run over a changed tree takes, compared with one from nothing."""

FRESH_START_CHANCE = 0.3
AT_START_CHANCE = 0.1
QUERIES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SelftestReport:
    """What was tried and how it went.

    Args:
        trials: One row a check.
        kills: Processes that were killed at work.
        survived: Runs that finished before their moment came.
        seconds: How long it took.
    """

    trials: tuple[Trial, ...]
    kills: int
    survived: int
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether nothing failed; what could not be tried does not count."""
        return all(trial.verdict != "fail" for trial in self.trials)


def selftest(
    *,
    kills: int = 200,
    seconds: float | None = None,
    seed: int = 0,
    tree: Path | None = None,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> SelftestReport:
    """Kill, damage and fill up a store, disturb a node, and check that nothing is lost.

    Args:
        kills: How many processes to kill.
        seconds: Stop killing after this time; None: when all kills are done.
        seed: Where the moments, and the tree if none is given, are drawn from.
        tree: A folder to index, which is copied and left alone; by default one is made up.
        progress: Told after every kill.
        clock: Where the time comes from.

    Raises:
        TidemillError: An undisturbed index did not succeed.
    """
    clock, progress = clock or SystemClock(), progress or Silence()
    began = clock.monotonic()
    with tempfile.TemporaryDirectory(prefix="tidemill-selftest-") as name:
        yard = _prepared(Path(name), tree, stream(seed, "selftest", "tree"))
        calm_seconds = _calm_run(yard, clock)
        spree = _Spree(yard=yard, chance=stream(seed, "selftest", "moments"), clock=clock)
        end = None if seconds is None else began + seconds
        spree.run(kills, calm_seconds, end, progress)
        trials = (
            *spree.trials(),
            _compared(yard, clock),
            *damage_trials(yard.root, yard.tree, clock),
            *serving_trials(yard.root, clock),
        )
    return SelftestReport(
        trials=trials,
        kills=spree.kills,
        survived=spree.survived,
        seconds=clock.monotonic() - began,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Yard:
    """The folder everything happens in."""

    root: Path

    @property
    def tree(self) -> Path:
        return self.root / "tree"

    @property
    def store(self) -> Path:
        return self.root / "killed" / FOLDER

    @property
    def calm_store(self) -> Path:
        return self.root / "calm" / FOLDER


def _prepared(root: Path, tree: Path | None, chance: Random) -> _Yard:
    yard = _Yard(root=root)
    if tree is None:
        grow_tree(yard.tree, TREE_FILES, chance)
    else:
        shutil.copytree(tree, yard.tree, symlinks=True, ignore=shutil.ignore_patterns(FOLDER))
    return yard


def _calm_run(yard: _Yard, clock: Clock) -> float:
    """Index from nothing, undisturbed; return the seconds that it was at work."""
    shutil.rmtree(yard.calm_store.parent, ignore_errors=True)
    child = start_child(index_command(yard.tree, yard.calm_store), yard.root)
    await_work(child, yard.calm_store)
    began = clock.monotonic()
    _, said = child.communicate(timeout=PATIENCE_SECONDS)
    if child.returncode:
        raise TidemillError(
            f"an undisturbed index ended with {child.returncode}",
            hint=said.decode(errors="replace"),
        )
    return clock.monotonic() - began


class _Spree:
    """Kills one index after the other and keeps account of what it finds.

    Args:
        yard: Where.
        chance: Draws the moments and what changes in the tree.
        clock: Where the time comes from.
    """

    def __init__(self, *, yard: _Yard, chance: Random, clock: Clock) -> None:
        self._yard = yard
        self._chance = chance
        self._clock = clock
        self.kills = 0
        self.survived = 0
        self._kills_at_work = 0
        self._share = 1.0
        self._unsound: list[str] = []
        self._unstarted: list[str] = []

    def run(self, kills: int, calm_seconds: float, end: float | None, progress: Progress) -> None:
        """Kill until ``kills`` have fallen or the time is up, then let one run to its end."""
        while self.kills < kills and (end is None or self._clock.monotonic() < end):
            moment = calm_seconds * self._share * self._chance.random()
            if self._killed_at(moment):
                self.kills += 1
                self._examine(f"kill {self.kills} at {moment:.2f} s")
            else:
                self.survived += 1
                self._disturb()
            progress.advance(self.kills, kills, "killed at work")
        last = run_child(index_command(self._yard.tree, self._yard.store), self._yard.root)
        if last.returncode:
            self._unstarted.append(f"the last run ended with {last.returncode}: {last.stderr}")

    def _killed_at(self, moment: float) -> bool:
        """Start an index and kill it after ``moment`` seconds of work; say whether it fell.

        A few are killed that long after their start instead, work or no work.
        Every second time only the process itself dies and its workers are left to
        find out; otherwise all of them die at once, as in a power cut.
        """
        child = start_child(index_command(self._yard.tree, self._yard.store), self._yard.root)
        if self._chance.random() >= AT_START_CHANCE:
            await_work(child, self._yard.store)
        try:
            _, said = child.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            alone = self._chance.random() < 0.5
            (os.kill if alone else os.killpg)(child.pid, signal.SIGKILL)
            child.communicate(timeout=PATIENCE_SECONDS)
            return True
        if child.returncode:
            words = said.decode(errors="replace").strip()
            self._unstarted.append(f"a restart ended with {child.returncode}: {words[-200:]}")
        return False

    def _examine(self, moment: str) -> None:
        """Open what the dead process left, and verify it."""
        if not (self._yard.store / DATABASE).exists():
            return
        try:
            with Store(self._yard.store) as store:
                verification = store.verify()
        except TidemillError as error:
            if not _unborn(error):
                self._unsound.append(f"{moment}: {error.message}")
            return
        self._kills_at_work += 1
        problems = list(verification.problems)
        if verification.files != verification.journaled:
            problems.append(f"{verification.journaled} in the journal, {verification.files} rows")
        self._unsound += [f"{moment}: {problem}" for problem in problems]

    def _disturb(self) -> None:
        """Give the next run something to do: a changed tree, or an empty store."""
        if self._chance.random() < FRESH_START_CHANCE:
            shutil.rmtree(self._yard.store)
            self._share = 1.0
        else:
            change_tree(self._yard.tree, CHANGES, self._chance)
            self._share = SHORTER_RUN

    def trials(self) -> Iterator[Trial]:
        """Yield the rows of the report that the kills account for."""
        yield judged("restart after kill -9", self._unstarted, f"{self.kills} of {self.kills}")
        found = f"{self._kills_at_work} stores opened and verified, journal = rows in each"
        yield judged("store after kill -9", self._unsound, found)


def _unborn(error: TidemillError) -> bool:
    """Say whether a store had not even got its tables when its maker died."""
    return "format 0" in error.message


def _compared(yard: _Yard, clock: Clock) -> Trial:
    """Compare the survivor with an index of the same tree that nobody disturbed."""
    name = "equals an undisturbed index"
    try:
        _calm_run(yard, clock)
        killed, calm = dump_hash(yard.store), dump_hash(yard.calm_store)
        with Store(yard.calm_store) as store, store.snapshot() as snapshot:
            facts = snapshot.facts()
    except TidemillError as error:
        return judged(name, [error.message], "")
    problems = [] if killed == calm else [f"{killed} is not {calm}"]
    if not facts.files:
        problems.append(f"no file could be indexed: {facts.reasons}")
    units = sum(facts.units.values())
    return judged(name, problems, f"{facts.files:,} files, {units:,} units, same to the last row")


def dump_hash(folder: Path) -> str:
    """Return the hash of all that a store says, whatever order it was written in.

    Row numbers, and how postings are spread over segments, do not count; files,
    units, texts, graphs and the answers to some searches do.
    """
    with Store(folder) as store, store.snapshot() as snapshot:
        return content_hash("\n".join(_dump(snapshot)).encode("utf-8", "surrogatepass"))


def _dump(snapshot: Snapshot) -> Iterator[str]:
    names: set[str] = set()
    for row in snapshot.files():
        yield repr(sorted(asdict(row).items(), key=lambda item: item[0]))
        for unit in snapshot.units(row.path):
            names.add(unit.name)
            yield repr(sorted(asdict(unit).items(), key=lambda item: item[0]))
    for body in sorted(snapshot.bodies(), key=lambda body: body.hash):
        yield f"{body.hash} {content_hash(body.text)} {content_hash(body.graph)}"
    for name in sorted(names)[:QUERIES]:
        for hit in snapshot.search(terms(name), limit=3):
            yield f"{name} {hit.path} {hit.unit.start_line} {hit.score:.6f}"
