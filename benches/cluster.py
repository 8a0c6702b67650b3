"""What Ray costs where a machine of one's own would do: the cluster backend beside processes.

The same shards, the same workers; only the way to them differs. A cluster of one node is
started here. What it brings, more machines than one, a single machine cannot show.

    .venv/bin/python benches/cluster.py [--quick]
"""

import argparse
import itertools
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from report import Figure, median, show
from tidemill.core.cluster import ClusterExecutor, connect, disconnect
from tidemill.core.executor import Executor, Resources
from tidemill.core.processes import ProcessExecutor

TWO = Resources(workers=2)
MEBIBYTE = 1 << 20
RUNS = 3
BATCH = range(700_000)
"""Adding it up takes a processor some 20 ms, as a batch of files does."""


def shards_a_second(executor: Executor, shard: range, shards: int) -> float:
    """Return how many shards are added up in a second, once the workers work."""
    outcomes = executor.map(sum, itertools.repeat(shard, shards + 1), resources=TWO)
    next(outcomes).unwrap()
    started = time.perf_counter()
    for outcome in outcomes:
        outcome.unwrap()
    return shards / (time.perf_counter() - started)


def first_answer_seconds(executor: Executor) -> float:
    """Return how long a run of one shard takes, its worker included."""
    started = time.perf_counter()
    for outcome in executor.map(sum, [range(0)], resources=TWO):
        outcome.unwrap()
    return time.perf_counter() - started


def call_seconds(executor: Executor, calls: int) -> float:
    """Return how long one call of an actor takes."""
    actor = executor.actor(Counter, resources=TWO)
    actor.call("total")
    started = time.perf_counter()
    for _ in range(calls):
        actor.call("total")
    seconds = time.perf_counter() - started
    actor.close()
    return seconds / calls


def own_bytes() -> tuple[int, int]:
    """Return how many processes were started here, and their share of memory (PSS)."""
    parents = {int(path.name): _parent(path) for path in Path("/proc").glob("[0-9]*")}
    below = {os.getpid()}
    while more := {one for one, parent in parents.items() if parent in below} - below:
        below |= more
    below.discard(os.getpid())
    return len(below), sum(_share(process) for process in below)


def bytes_at_work() -> int:
    """Return the share of memory of all that was started here while two workers work."""
    outcomes = ClusterExecutor().map(sum, itertools.repeat(BATCH, 20), resources=TWO)
    for outcome in itertools.islice(outcomes, 10):
        outcome.unwrap()
    share = own_bytes()[1]
    for outcome in outcomes:
        outcome.unwrap()
    return share


def _parent(folder: Path) -> int:
    try:
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _share(process: int) -> int:
    try:
        rows = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(int(row.split()[1]) * 1024 for row in rows if row.startswith("Pss:"))


def beside(name: str, unit: str, measure: Callable[[Executor], float]) -> list[Figure]:
    """Measure both backends in turn and set them side by side."""
    pairs = [(measure(ClusterExecutor()), measure(ProcessExecutor())) for _ in range(RUNS)]
    ours = median(pair[0] for pair in pairs)
    peers = median(pair[1] for pair in pairs)
    peer = f"processes {peers:,.4g} {unit}"
    return [Figure(name=name, value=ours, unit=unit, peer=f"{peer}, ratio {ours / peers:.2f}")]


def measured(scale: int) -> list[Figure]:
    """Start a cluster, measure, and end it."""
    started = time.perf_counter()
    connect(cpus=4)
    figures = [Figure(name="start", value=time.perf_counter() - started, unit="s")]
    processes, share = own_bytes()
    figures += [
        Figure(name="processes", value=processes, unit=""),
        Figure(name="memory (PSS)", value=share / MEBIBYTE, unit="MiB"),
        Figure(name="with two workers", value=bytes_at_work() / MEBIBYTE, unit="MiB"),
    ]
    figures += beside("first answer of a run", "s", first_answer_seconds)
    figures += beside(
        "shards that do nothing", "/s", lambda one: shards_a_second(one, range(0), 20 * scale)
    )
    figures += beside("shards of 20 ms", "/s", lambda one: shards_a_second(one, BATCH, 2 * scale))
    figures += beside("call of an actor", "ms", lambda one: 1000 * call_seconds(one, 5 * scale))
    started = time.perf_counter()
    disconnect()
    return [*figures, Figure(name="end", value=time.perf_counter() - started, unit="s")]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="nothing has to be prepared")
    parser.add_argument("--quick", action="store_true", help="a tenth of the shards")
    words = parser.parse_args()
    if not words.prepare:
        show("cluster", measured(20 if words.quick else 200), quick=words.quick)


if __name__ == "__main__":
    main()
