"""The servers of the serving benches: ours, and Ray Serve over the same experts."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from serving_experts import FOLDER, NAMES, SHORT
from serving_load import LoadPlan, LoadResult

from tidemill.experts.package import open_expert
from tidemill.serving.memory.arena import grains
from tidemill.serving.memory.blocks import blocks_of

__all__ = [
    "CLIENTS",
    "WORKERS",
    "Server",
    "budget_of",
    "counters",
    "environ",
    "got",
    "install_ray",
    "load",
    "ray_serve",
    "tidemill_serve",
]

HERE = Path(__file__).parent
RAY = FOLDER / "ray"
WORKERS = 2
CLIENTS = 8
RAY_PACKAGES = ("ray[serve]>=2.60",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One that runs.

    Attributes:
        port: On loopback.
        pid: Its process.
    """

    port: int
    pid: int


def budget_of(experts: int) -> int:
    """Return the bytes that some experts of the family take, what they share counted once."""
    blocks: dict[str, int] = {}
    for name in NAMES[:experts]:
        package = open_expert(FOLDER / "experts" / name, mapped=False)
        blocks |= {block.key: grains(block.bytes) for block in blocks_of(package)}
    return sum(blocks.values())


def load(port: int, names: Sequence[str], **changes: Any) -> LoadResult:
    """Send requests from a process of their own; ``changes`` are of `LoadPlan`."""
    facts: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "path": "/v1/embeddings",
        "names": list(names),
        "text": SHORT,
        "connections": CLIENTS,
    }
    plan = LoadPlan(**(facts | changes))
    done = subprocess.run(
        [sys.executable, HERE / "serving_load.py"],
        input=json.dumps(asdict(plan)),
        capture_output=True,
        text=True,
        check=True,
    )
    return LoadResult(**json.loads(done.stdout))


@contextmanager
def tidemill_serve(budget: int) -> Iterator[Server]:
    """Serve the experts with a host tier of so many bytes."""
    command = [sys.executable, "-m", "tidemill", "serve", "--port", "0", "--as-root", "--json"]
    flags = ("--workers", str(WORKERS), "--host-bytes", str(budget), "--active-bytes", "1G")
    with subprocess.Popen(
        [*command, *flags], stdout=subprocess.PIPE, text=True, env=environ()
    ) as process:
        try:
            facts = json.loads(_line(process))
            time.sleep(2)  # the spare's start is no part of the measurement
            yield Server(port=int(facts["url"].rpartition(":")[2]), pid=process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


@contextmanager
def ray_serve(slots: int) -> Iterator[Server]:
    """Serve them with Ray, so many at a time in all replicas together."""
    command = [RAY / "bin" / "python", HERE / "serving_ray.py", FOLDER / "experts"]
    numbers = (str(max(1, slots // WORKERS)), str(WORKERS))
    with subprocess.Popen(
        [*command, *numbers],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environ() | {"RAY_USAGE_STATS_ENABLED": "0"},
    ) as process:
        try:
            yield Server(port=int(json.loads(_line(process))["port"]), pid=process.pid)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            process.wait(120)


def _line(process: "subprocess.Popen[str]") -> str:
    """Return the line in which a server says where it listens."""
    while process.stdout is not None and (line := process.stdout.readline()):
        if line.startswith("{"):
            return line
    raise RuntimeError("the server has ended before it served")


def environ() -> dict[str, str]:
    """Return the environment of everything that computes here."""
    own = {"TIDEMILL_EXPERTS": str(FOLDER / "experts"), "OMP_NUM_THREADS": "1"}
    return os.environ | own


def counters(port: int) -> dict[str, float]:
    """Return what our server counts."""
    lines = got(port, "/metrics").splitlines()
    rows = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {name: float(value) for name, value in rows}


def got(port: int, path: str) -> str:
    """Fetch a page."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer


def install_ray() -> None:
    """Make an environment with Ray Serve and this project in it."""
    python = RAY / "bin" / "python"
    if (RAY / ".made").exists():
        return
    root = HERE.parent
    steps: tuple[Sequence[str | Path], ...] = (
        (sys.executable, "-m", "venv", RAY),
        (python, "-m", "pip", "install", "-q", "torch==2.13.0"),
        (python, "-m", "pip", "install", "-q", *RAY_PACKAGES),
        (python, "-m", "pip", "install", "-q", "-e", f"{root}[experts]"),
    )
    for step in steps:
        subprocess.run(step, check=True)
    (RAY / ".made").touch()
