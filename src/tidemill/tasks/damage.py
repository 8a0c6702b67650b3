"""What may happen to a store besides a crash: damage, locks, read-only folders, full disks.

Read-only and full file systems are made with a private mount where the system
permits it (the superuser of a container, usually); otherwise by permissions and
by a limit on the size of files. Nothing outside the working folder is touched.
"""

import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from tidemill.core.clock import Clock
from tidemill.core.errors import LockedError, StoreError, TidemillError
from tidemill.core.randomness import stream
from tidemill.store.connection import DATABASE, open_for_writing
from tidemill.store.store import FOLDER, Store
from tidemill.tasks.sample_tree import grow_tree
from tidemill.tasks.trial import Trial, index_command, judged, run_child

__all__ = ["damage_trials", "overwritten", "second_writer", "settle", "truncated"]

CUTS = (0.0, 0.01, 0.5, 0.99)
BYTES_LOST = (1, 100, 5_000)
LOCK_SECONDS = 1.0
STORE_EXIT, CAPACITY_EXIT = 3, 4
SCARCE_BYTES = 256 * 1024
MORE_FILES = 200
NOT_PERMITTED = 99


def damage_trials(yard: Path, tree: Path, clock: Clock) -> Iterator[Trial]:
    """Damage copies of one sound store in every way, and yield how each was taken.

    Args:
        yard: A folder to work in.
        tree: A small tree of code.
        clock: Measures how long a second writer is kept waiting.
    """
    sound = yard / "sound" / FOLDER
    made = run_child(index_command(tree, sound), yard)
    if made.returncode:
        yield Trial(name="damage", verdict="fail", found=f"cannot index: {made.stderr.strip()}")
        return
    settle(sound)
    yield truncated(sound, yard / "truncated" / FOLDER)
    yield overwritten(sound, yard / "overwritten" / FOLDER)
    yield second_writer(sound, clock)
    yield read_only(sound, yard, tree)
    yield full_disk(sound, yard)


def settle(folder: Path) -> None:
    """Write everything into the one file, so that a copy of it is a whole store."""
    with closing(open_for_writing(folder)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _copy(sound: Path, folder: Path) -> Path:
    """Copy the store's file alone; return the copy."""
    folder.mkdir(parents=True, exist_ok=True)
    for rest in folder.glob(f"{DATABASE}*"):
        rest.unlink()
    return Path(shutil.copy(sound / DATABASE, folder / DATABASE))


def truncated(sound: Path, folder: Path) -> Trial:
    """Cut the file short at several places, down to its very last byte."""
    size = (sound / DATABASE).stat().st_size
    kept = [int(size * cut) for cut in CUTS] + [size - lost for lost in BYTES_LOST]
    problems = []
    for length in kept:
        os.truncate(_copy(sound, folder), length)
        problems += _refused(folder, f"cut to {length:,} of {size:,} bytes")
    return judged("truncated file", problems, f"refused {len(kept)} of {len(kept)}, each by name")


def overwritten(sound: Path, folder: Path) -> Trial:
    """Write rubbish over the file's head."""
    database = _copy(sound, folder)
    with database.open("r+b") as file:
        file.write(b"\xa5" * 4096)
    return judged("overwritten file", _refused(folder, "rubbish"), "refused by name")


def _refused(folder: Path, what: str) -> list[str]:
    """Return what is wrong with how a damaged store is taken: nothing, if it is refused."""
    try:
        with Store(folder) as store:
            verification = store.verify()
    except StoreError as error:
        return [] if DATABASE in error.message else [f"{what}: error without the file's name"]
    except TidemillError as error:
        return [f"{what}: {type(error).__name__} instead of StoreError"]
    return [f"{what}: accepted"] if verification.sound else []


def second_writer(folder: Path, clock: Clock) -> Trial:
    """Ask for the lock of a job that runs."""
    problems = []
    with Store(folder).writer():
        began = clock.monotonic()
        try:
            with Store(folder).writer():
                problems.append("two writers at once")
        except LockedError as error:
            if str(os.getpid()) not in str(error):
                problems.append("the error does not name the holder")
        waited = clock.monotonic() - began
    if waited >= LOCK_SECONDS:
        problems.append(f"told only after {waited:.1f} s")
    return judged("second writer", problems, f"refused in {waited * 1000:.0f} ms, holder named")


def read_only(sound: Path, yard: Path, tree: Path) -> Trial:
    """Search and index where nothing can be written."""
    folder = yard / "sealed" / FOLDER
    _copy(sound, folder)
    place = shlex.quote(str(folder))
    if os.geteuid() == 0:
        seal = f"mount --bind {place} {place} && mount -o remount,ro,bind {place}"
    else:
        seal = f"chmod 0500 {place}"
    try:
        return _tried(
            "read-only folder",
            seal,
            {"search": _search(folder), "index": index_command(tree, folder)},
            {"search": {0}, "index": {STORE_EXIT}},
            yard=yard,
        )
    finally:
        folder.chmod(0o700)


def full_disk(sound: Path, yard: Path) -> Trial:
    """Index where there is next to no room, then read what was there, to the last byte full."""
    folder = yard / "tight" / FOLDER
    folder.mkdir(parents=True)
    grow_tree(yard / "more", MORE_FILES, stream(0, "full disk"))
    source, place = shlex.quote(str(sound / DATABASE)), shlex.quote(str(folder))
    room = (sound / DATABASE).stat().st_size + SCARCE_BYTES
    if os.geteuid() == 0:
        tighten = f"mount -t tmpfs -o size={room} tmpfs {place} && cp {source} {place}/"
    else:
        tighten = f"cp {source} {place}/ && ulimit -f {room // 512}"
    return _tried(
        "full disk",
        tighten,
        {
            "index": index_command(yard / "more", folder),
            "fill": ["sh", "-c", f"cat /dev/zero > {place}/rest; true"],
            "search": _search(folder),
        },
        {"index": {CAPACITY_EXIT}, "fill": {0}, "search": {0}},
        yard=yard,
    )


def _search(folder: Path) -> list[str]:
    return [sys.executable, "-m", "tidemill", "search", "measure river", "--store", str(folder)]


def _tried(
    name: str,
    prepare: str,
    commands: Mapping[str, list[str]],
    wanted: Mapping[str, set[int]],
    *,
    yard: Path,
) -> Trial:
    """Run ``commands`` in a shell after ``prepare``, with mounts of its own if we may mount.

    Args:
        name: Of the trial.
        prepare: Shell words that make the surroundings.
        commands: What to run there, one after the other, by name.
        wanted: Exit codes that each may end with.
        yard: Where to run.
    """
    steps = "; ".join(f"{shlex.join(line)}; echo @{step} $?" for step, line in commands.items())
    mounts = ["unshare", "--mount"] if os.geteuid() == 0 else []
    if mounts and not shutil.which("unshare"):
        return Trial(name=name, verdict="not tried", found="private mounts are not available")
    run = run_child([*mounts, "sh", "-c", f"{prepare} || exit {NOT_PERMITTED}; {steps}"], yard)
    codes = {
        words[0]: int(words[1])
        for words in (line[1:].split() for line in run.stdout.splitlines() if line[:1] == "@")
    }
    if not codes:
        return Trial(name=name, verdict="not tried", found=run.stderr.strip() or "not permitted")
    problems = [
        f"{step} ended with {codes.get(step)}: {run.stderr.strip()[-200:]}"
        for step, allowed in wanted.items()
        if codes.get(step) not in allowed
    ]
    if "Traceback" in run.stderr:
        problems.append(f"a traceback: {run.stderr.strip()[-200:]}")
    return judged(name, problems, "index refused clearly, old index readable")
