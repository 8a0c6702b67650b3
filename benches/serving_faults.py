"""What disturbs a server, and what its good clients notice: killed workers, bad clients, time.

The server and the clients are those of `benches/serving.py`. A worker is killed under load, ours
and a replica of Ray Serve's in the same run; 300 clients never end their header while 300 more
send a byte a second; somebody sends 300 MB; and for five minutes (``--quick``: seconds) everything
comes at once, good and bad, while memory and descriptors are watched.

    .venv/bin/python benches/serving_faults.py [--prepare] [--quick]
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import cycle, islice
from pathlib import Path

from serving_experts import COUNT, NAMES, SHORT, made
from serving_load import LoadResult
from serving_servers import (
    CLIENTS,
    WORKERS,
    Server,
    budget_of,
    got,
    install_ray,
    load,
    ray_serve,
    tidemill_serve,
)

from report import Figure, percentile, show

HERE = Path(__file__).parent
REQUESTS = 1_600
"""While a worker is killed: enough that it happens in the middle of them."""

STRANGERS = 300
LARGE_BODY = 300 << 20
MEGA = 1 << 20
RECOVERY_SECONDS = 3.0
AGAIN_SECONDS = 0.01
PATIENCE_SECONDS = 60.0
SOAK_SECONDS = 300.0
GROWTH = 1.05


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="make the experts, install Ray")
    parser.add_argument("--quick", action="store_true", help="ours alone, and a short soak")
    arguments = parser.parse_args()
    if arguments.prepare:
        made()
        install_ray()
        return
    quick = arguments.quick
    figures = [
        *_killed(peer=not quick),
        *_strangers(200 if quick else 1_000),
        _large_body(),
        *_soak(10.0 if quick else SOAK_SECONDS),
    ]
    show("serving_faults", figures, quick=quick)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loss:
    """What came of killing a worker.

    Attributes:
        failed: Requests that were not answered well, or only when they were sent again.
        seconds: Until as many workers computed as before.
    """

    failed: int
    seconds: float


def _killed(*, peer: bool) -> Iterator[Figure]:
    names = [NAMES[place % 8] for place in range(REQUESTS)]
    with tidemill_serve(budget_of(8)) as server:
        load(server.port, names[:64])
        own = _loss(lambda: load(server.port, names), lambda: _our_workers(server))
    others = "not measured"
    if peer:
        with ray_serve(16) as other:
            load(other.port, names[:64], path="/")
            cold = cycle(NAMES[20:])
            lost = _loss(
                lambda: load(other.port, names, path="/"), lambda: _ray_workers(other, cold)
            )
        others = f"Ray Serve {lost.failed} failed, {lost.seconds:.1f} s"
    yield Figure(
        name=f"a worker of {WORKERS} killed: failed of {REQUESTS:,} requests",
        value=own.failed,
        unit="",
        peer=others,
        target="0",
        met=own.failed == 0,
    )
    yield Figure(
        name="... until all workers compute again",
        value=own.seconds,
        unit="s",
        peer=others,
        target=f"< {RECOVERY_SECONDS:g}",
        met=own.seconds < RECOVERY_SECONDS,
    )


def _loss(work: Callable[[], LoadResult], workers: Callable[[], set[int]]) -> _Loss:
    """Kill one of the workers while requests come."""
    with ThreadPoolExecutor(1) as threads:
        before = workers()
        running = threads.submit(work)
        time.sleep(1.0)
        victim = min(before)
        began = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        while time.monotonic() - began < PATIENCE_SECONDS:
            left = workers() - {victim}
            if len(left) >= WORKERS:
                break
            time.sleep(AGAIN_SECONDS)
        seconds = time.monotonic() - began
        found = running.result()
        return _Loss(failed=len(found.failed) + found.again, seconds=seconds)


def _our_workers(server: Server) -> set[int]:
    """Return the processes that compute or could."""
    workers = json.loads(got(server.port, "/v1/experts"))["workers"]
    return {worker["pid"] for worker in workers if worker["state"] in {"idle", "busy"}}


def _ray_workers(server: Server, names: Iterator[str]) -> set[int]:
    """Return the replicas that have answered some requests, each in a connection of its own.

    A replica that has an expert is preferred, so experts are asked that none has had of late.
    """
    body = json.dumps({"input": SHORT})
    found = set()
    for name in islice(names, 8):
        with suppress(OSError, HTTPException, KeyError, ValueError):
            connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
            headers = {"serve_multiplexed_model_id": name}
            connection.request("POST", "/", body, headers)
            found.add(int(json.loads(connection.getresponse().read())["worker"]))
            connection.close()
    return found


def _strangers(requests: int) -> Iterator[Figure]:
    names = [NAMES[place % 8] for place in range(requests)]
    with tidemill_serve(budget_of(8)) as server:
        load(server.port, names[:64])
        calm = load(server.port, names)
        with _bad_clients(server.port, STRANGERS, STRANGERS):
            crowded = load(server.port, names)
    ratio = percentile(crowded.latencies, 0.99) / percentile(calm.latencies, 0.99)
    yield Figure(
        name=f"{STRANGERS} half-open and {STRANGERS} dripping clients: p99 of the good ones",
        value=ratio,
        unit="x",
        peer=f"alone {percentile(calm.latencies, 0.99) * 1e3:.0f} ms, {len(crowded.failed)} failed",
        target="<= 2",
        met=ratio <= 2 and not crowded.failed,
    )


@contextmanager
def _bad_clients(port: int, half_open: int, dripping: int) -> Iterator[None]:
    numbers = (str(port), str(half_open), str(dripping))
    with subprocess.Popen(
        [sys.executable, HERE / "serving_strangers.py", *numbers],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("a process without its pipes")
        process.stdout.readline()
        try:
            yield
        finally:
            process.stdin.close()
            process.wait(30)


def _large_body() -> Figure:
    with tidemill_serve(budget_of(8)) as server:
        load(server.port, [NAMES[0]] * 64)
        before = _peak_bytes(server.pid)
        status = _sent(server.port, LARGE_BODY)
        grown = (_peak_bytes(server.pid) - before) / MEGA
    return Figure(
        name=f"a body of {LARGE_BODY // MEGA} MB: the server grows by",
        value=grown,
        unit="MB",
        peer=f"answered {status}",
        target="refused with 413, flat (< 10)",
        met=status == 413 and grown < 10,
    )


def _sent(port: int, size: int) -> int:
    """Send a body that is too large; return the answer's status."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest("POST", "/v1/embeddings")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(size))
    connection.endheaders()
    with suppress(OSError):
        for _ in range(size // MEGA):
            connection.send(bytes(MEGA))
    status = connection.getresponse().status
    connection.close()
    return status


def _soak(seconds: float) -> Iterator[Figure]:
    """Ask 150 experts where a third fits, with bad clients and bad requests in between."""
    chance = random.Random(3)  # noqa: S311  no secret
    weights = [1 / (rank + 1) for rank in range(COUNT)]
    wrong = ["no-such-expert", "../../etc/passwd", ""]
    footprints: list[tuple[float, int]] = []
    answered = refused = rightly = 0
    with tidemill_serve(budget_of(50)) as server, _bad_clients(server.port, 20, 20):
        began = time.monotonic()
        while (now := time.monotonic() - began) < seconds:
            names = chance.choices(NAMES, weights, k=100) + wrong
            chance.shuffle(names)
            found = load(server.port, names, connections=CLIENTS)
            answered += len(found.latencies)
            refused += len(found.failed)
            rightly += len(wrong)
            # By then all that is built once is there.
            if now >= min(60.0, seconds / 4) or time.monotonic() - began >= seconds:
                footprints.append(_footprint(server.pid))
    third = max(1, len(footprints) // 3)
    memory = [max(size for size, _ in part) for part in (footprints[:third], footprints[-third:])]
    files = [max(count for _, count in part) for part in (footprints[:third], footprints[-third:])]
    yield Figure(
        name=f"{seconds:.0f} s of everything: memory at the end over the beginning",
        value=memory[1] / memory[0],
        unit="x",
        peer=f"{answered:,} answered, {refused:,} refused ({rightly:,} were wrong),"
        f" {memory[1] / MEGA:,.0f} MB in all",
        target=f"<= {GROWTH}, and only the wrong are refused",
        met=memory[1] <= GROWTH * memory[0] and refused == rightly,
    )
    yield Figure(
        name="... open descriptors at the end less the beginning",
        value=files[1] - files[0],
        unit="",
        peer=f"{files[1]} in all processes",
        target="<= 8: bad clients come and go",
        met=files[1] - files[0] <= 8,
    )


def _footprint(pid: int) -> tuple[float, int]:
    """Return memory (shared pages counted once) and open files of a process and its children."""
    pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    size, files = 0.0, 0
    for one in pids:
        with suppress(OSError):
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            size += next(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
            files += len(list(Path(f"/proc/{one}/fd").iterdir()))
    return size, files


def _peak_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
