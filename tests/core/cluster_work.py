"""A cluster of two nodes, the work that is sent to it, and a look at its processes.

Run as a module, it holds the two nodes: it tells the head's address, kills the second
node or adds a third when it is told to, and ends with its input.
"""

import functools
import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tidemill.core.cluster import ClusterExecutor
from tidemill.core.executor import Resources
from tidemill.core.journal import Journal

TWO = Resources(workers=2)
SHARDS = 40
STEP = "square"


def slow_square(folder: str, number: int) -> int:
    """Note that it was begun, take its time, and return the square."""
    with (Path(folder) / "begun").open("a") as file:
        file.write(f"{number}\n")
    time.sleep(0.25)
    return number * number


def begun(folder: Path) -> list[int]:
    """The numbers of the shards that were begun, one for each attempt."""
    file = folder / "begun"
    return [int(line) for line in file.read_text().splitlines()] if file.exists() else []


def end_parent(word: str) -> str:
    """Kill the process that the worker's messages come from; the other shards are left alone."""
    if word == "orphan":
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(600)
    return word


def square_all(address: str, folder: str) -> None:
    """Square every shard on a cluster and print what became of them."""
    outcomes = ClusterExecutor(address).map(
        functools.partial(slow_square, folder), range(SHARDS), resources=TWO, retries=2
    )
    found = [(o.shard, o.value, o.attempts) for o in outcomes]
    print(json.dumps(sorted(found)))  # noqa: T201  the answer


def square_what_is_left(address: str, folder: str) -> None:
    """Square what the journal does not know, and print how much that was."""
    with closing(sqlite3.connect(Path(folder) / "facts.db")) as connection:
        journal = Journal(connection)
        connection.commit()
        left = [n for n in range(SHARDS) if journal.done(STEP, str(n)) is None]
        outcomes = ClusterExecutor(address).map(
            functools.partial(slow_square, folder), left, resources=TWO, retries=2
        )
        for outcome in outcomes:
            journal.record(STEP, str(outcome.shard), str(outcome.unwrap()))
            connection.commit()
    print(len(left))  # noqa: T201  the answer


class TwoNodes:
    """Two nodes of one CPU each on this machine, held by a process of their own."""

    def __init__(self, holder: "subprocess.Popen[str]", environ: dict[str, str]) -> None:
        assert holder.stdin
        assert holder.stdout
        self._orders = holder.stdin
        self._answers = holder.stdout
        self.environ = environ
        self.address = self._answers.readline().strip()

    def kill_second(self) -> None:
        """End the second node by SIGKILL."""
        self._order("kill")

    def add_third(self) -> None:
        """Have another node join."""
        self._order("add")

    def start(self, work: Callable[[str, str], None], folder: Path) -> "subprocess.Popen[str]":
        """Start a program that works on the nodes."""
        code = f"from {work.__module__} import {work.__name__} as work; work(*{{}})"
        return start_python(code.format((self.address, str(folder))), self.environ)

    def _order(self, word: str) -> None:
        self._orders.write(f"{word}\n")
        self._orders.flush()
        assert self._answers.readline() == "done\n"


@contextmanager
def two_nodes() -> Iterator[TwoNodes]:
    """Hold two nodes as long as the block lasts, and see that nothing of them stays."""
    environ = os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # keeps Ray on the loopback interface
    }
    holder = start_python("from tests.core.cluster_work import hold; hold()", environ)
    try:
        nodes = TwoNodes(holder, environ)
        assert nodes.address
        started = processes_below(holder.pid)
        yield nodes
        started |= processes_below(holder.pid)
        holder.communicate(timeout=60)
    finally:
        holder.kill()
        holder.communicate()
    assert not left_of(started)


def hold() -> None:
    """Hold two nodes until the input ends."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415  an extra

    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
    )
    second = cluster.add_node(num_cpus=1)
    print(cluster.address, flush=True)  # noqa: T201  the answer
    for order in sys.stdin:
        if order == "kill\n":
            cluster.remove_node(second, allow_graceful=False)
        else:
            cluster.add_node(num_cpus=1)
        print("done", flush=True)  # noqa: T201  the answer
    cluster.shutdown()  # type: ignore[no-untyped-call]


def start_python(code: str, environ: dict[str, str]) -> "subprocess.Popen[str]":
    """Start a program and keep its input and output; what it complains about is lost."""
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def processes_below(root: int | None = None) -> set[int]:
    """Ids of all processes below one, by default this one."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(folder.name))
        if fields:
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found: set[int] = set()
    waiting = [os.getpid() if root is None else root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found.update(below)
        waiting += below
    return found


def left_of(processes: set[int], patience_seconds: float = 30.0) -> set[int]:
    """Which of the processes still run, after a while for those that are about to end."""
    give_up_at = time.monotonic() + patience_seconds
    while left := {process for process in processes if _stat(process)[:1] not in ([], ["Z"])}:
        if time.monotonic() > give_up_at:
            return left
        time.sleep(0.05)
    return set()


def listening_addresses(processes: set[int]) -> set[str]:
    """The addresses at which some of the processes listen for connections."""
    sockets = {link for process in processes for link in _descriptors(process)}
    found: set[str] = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                raw = bytes.fromhex(fields[1].partition(":")[0])
                words = (raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
                found.add(socket.inet_ntop(family, b"".join(words)))
    return found


def _stat(process: int) -> list[str]:
    """State and parent of a process, and more; nothing when it is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _descriptors(process: int) -> list[str]:
    try:
        return [str(link.readlink()) for link in Path(f"/proc/{process}/fd").iterdir()]
    except OSError:
        return []
