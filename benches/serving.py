"""Serving many experts from one machine, beside Ray Serve's model multiplexing.

Both serve the same 150 experts (`serving_experts.py`) with two workers to the same clients
(`serving_load.py`), in turn, three times each: eight experts that are all resident, one hot
expert, sixteen experts where there is room for eight, and 150 by Zipf's law where a third of their
bytes fits. Ray counts models and keeps so many in each replica; ours keeps bytes for all workers. A
query has 16 tokens; inputs of 128 tokens are held against the compute bound, that is what two
processes do that only compute. Then ours alone under an open loop: requests come by a Poisson
process at shares of what it can do, and each answer says what it waited for.

    .venv/bin/python benches/serving.py [--prepare] [--quick]
"""

import argparse
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from serving_experts import COUNT, FOLDER, LONG, NAMES, made
from serving_load import LoadResult
from serving_servers import (
    CLIENTS,
    WORKERS,
    budget_of,
    counters,
    environ,
    got,
    install_ray,
    load,
    ray_serve,
    tidemill_serve,
)

from report import Figure, median, percentile, show

OBJECTIVE_SECONDS = 0.25
ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Who is asked, and what there is room for.

    Attributes:
        name: For the table.
        names: Whom the requests ask, in order.
        slots: Experts that fit in all; Ray shares them out to its replicas.
        budget: Bytes of our host tier.
    """

    name: str
    names: list[str]
    slots: int
    budget: int


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="make the experts, install Ray")
    parser.add_argument("--quick", action="store_true", help="ours alone, and fewer requests")
    arguments = parser.parse_args()
    if arguments.prepare:
        made()
        install_ray()
        return
    requests = 200 if arguments.quick else 1_600
    figures = []
    for scenario in _scenarios(requests):
        figures += _compared(scenario, peer=not arguments.quick)
    figures += _bound(requests // 4, peer=not arguments.quick)
    figures += _open_loop(requests)
    show("serving", figures, quick=arguments.quick)


def _scenarios(requests: int) -> Iterator[Scenario]:
    chance = random.Random(1)  # noqa: S311  no secret
    weights = [1 / (rank + 1) for rank in range(COUNT)]
    ring = [NAMES[place % 16] for place in range(requests)]
    yield Scenario(
        name="8 experts, all resident",
        names=[NAMES[place % 8] for place in range(requests)],
        slots=16,
        budget=budget_of(8),
    )
    yield Scenario(
        name="one hot expert", names=[NAMES[0]] * requests, slots=16, budget=budget_of(8)
    )
    yield Scenario(
        name="16 experts over 8 slots", names=ring[: requests // 2], slots=8, budget=budget_of(8)
    )
    yield Scenario(
        name="150 experts, Zipf 1.0, a third fits",
        names=chance.choices(NAMES, weights, k=requests // 2),
        slots=50,
        budget=budget_of(50),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """One run of a scenario.

    Attributes:
        rate: Requests a second.
        p99: Latency in milliseconds that 99 of 100 do not exceed.
        failed: Requests.
        loads: Of experts; Ray does not say.
        workers: That have the first expert, or have answered.
    """

    rate: float
    p99: float
    failed: int
    loads: float
    workers: int


def _compared(scenario: Scenario, *, peer: bool) -> list[Figure]:
    """Run a scenario with both in turn, and compare the medians of the rounds."""
    name, requests = scenario.name, len(scenario.names)
    ours, theirs = [], []
    for _ in range(ROUNDS if peer else 1):
        ours.append(_our_round(scenario))
        if peer:
            theirs.append(_ray_round(scenario))
    rate, p99 = median(one.rate for one in ours), median(one.p99 for one in ours)
    loads = median(one.loads for one in ours)
    figures = [
        Figure(name=f"{name}: loads for {requests} requests", value=loads, unit=""),
        Figure(name=f"{name}: workers that have the first", value=ours[-1].workers, unit=""),
    ]
    if not peer:
        return [Figure(name=f"{name}: ours", value=rate, unit="req/s"), *figures]
    others, others_p99 = median(one.rate for one in theirs), median(one.p99 for one in theirs)
    ratios = ", ".join(f"{a.rate / b.rate:.2f}" for a, b in zip(ours, theirs, strict=True))
    return [
        Figure(
            name=f"{name}: requests/s over Ray Serve",
            value=rate / others,
            unit="x",
            peer=f"ours {rate:.1f}, Ray Serve {others:.1f} ({theirs[-1].failed} failed);"
            f" rounds {ratios}",
            target=">= 3",
            met=rate >= 3 * others,
        ),
        Figure(
            name=f"{name}: p99",
            value=p99,
            unit="ms",
            peer=f"Ray Serve {others_p99:.0f} ms, {theirs[-1].workers} replicas at work",
            target="lower",
            met=p99 < others_p99,
        ),
        *figures,
    ]


def _our_round(scenario: Scenario) -> _Round:
    with tidemill_serve(scenario.budget) as server:
        load(server.port, scenario.names[: 4 * CLIENTS])
        before = counters(server.port)["tidemill_loads_total"]
        found = load(server.port, scenario.names)
        loads = counters(server.port)["tidemill_loads_total"] - before
        workers = _active_workers(server.port, scenario.names[0])
    if found.failed:
        raise RuntimeError(f"{len(found.failed)} requests failed: {Counter(found.failed)}")
    return _round_of(found, loads=loads, workers=workers)


def _ray_round(scenario: Scenario) -> _Round:
    with ray_serve(scenario.slots) as server:
        load(server.port, scenario.names[: 4 * CLIENTS], path="/")
        found = load(server.port, scenario.names, path="/", keeps_hops=True)
    return _round_of(found, loads=0, workers=len(found.workers))


def _round_of(found: LoadResult, *, loads: float, workers: int) -> _Round:
    return _Round(
        rate=len(found.latencies) / found.seconds,
        p99=percentile(found.latencies, 0.99) * 1e3,
        failed=len(found.failed),
        loads=loads,
        workers=workers,
    )


def _bound(requests: int, *, peer: bool) -> list[Figure]:
    """Hold long inputs against two processes that only compute, singly and in batches."""
    names = [NAMES[place % 8] for place in range(requests)]
    with tidemill_serve(budget_of(8)) as server:
        rate = _long_rate(server.port, names, "/v1/embeddings")
    others = ""
    if peer:
        with ray_serve(16) as server:
            others = f", Ray Serve {_long_rate(server.port, names, '/'):.1f}/s"
    figures = []
    for batch in (1, 8):
        bound = _compute_rate(requests, batch)
        figures.append(
            Figure(
                name=f"128-token inputs, 8 experts: share of the compute bound, batches of {batch}",
                value=rate / bound,
                unit="",
                peer=f"ours {rate:.1f}/s{others}, {WORKERS} processes that only compute"
                f" {bound:.1f}/s",
            )
        )
    return figures


def _long_rate(port: int, names: Sequence[str], path: str) -> float:
    load(port, names[: 4 * CLIENTS], text=LONG, path=path)
    found = load(port, names, text=LONG, path=path)
    return len(found.latencies) / found.seconds


_COMPUTE = """
import sys, time, torch
torch.set_num_threads(1)
from pathlib import Path
from tidemill.experts.package import open_expert
from tidemill.serving.embedder import open_embedder
folder, count, batch, text = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
embedder = open_embedder(open_expert(folder))
embedder.queries([text] * batch)
began = time.perf_counter()
for _ in range(count // batch):
    embedder.queries([text] * batch)
print(count // batch * batch / (time.perf_counter() - began))
"""


def _compute_rate(requests: int, batch: int) -> float:
    """Return how many texts a second as many processes embed as there are workers."""

    def one(number: int) -> float:
        folder = str(FOLDER / "experts" / NAMES[number])
        arguments = (folder, str(requests // WORKERS), str(batch), LONG)
        command = [sys.executable, "-c", _COMPUTE, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ())
        return float(done.stdout)

    with ThreadPoolExecutor(WORKERS) as threads:
        return sum(threads.map(one, range(WORKERS)))


def _open_loop(requests: int) -> list[Figure]:
    """Send requests as they come, at shares of what the server can do."""
    chance = random.Random(2)  # noqa: S311  no secret
    weights = [1 / (rank + 1) for rank in range(COUNT)]
    names = chance.choices(NAMES, weights, k=requests // 2)
    figures = []
    with tidemill_serve(budget_of(50)) as server:
        closed = load(server.port, names)
        most = len(closed.latencies) / closed.seconds
        for share in (0.4, 0.7, 0.9):
            found = load(server.port, names, rate=share * most, connections=256, keeps_hops=True)
            figures += _open_figures(found, share, share * most)
        longest = counters(server.port)["tidemill_longest_wait_seconds"]
    return [
        *figures,
        Figure(
            name="open loop: longest wait for others in all runs",
            value=longest * 1e3,
            unit="ms",
            target="bounded: it grows with the queue, and no expert starves",
        ),
    ]


def _open_figures(found: LoadResult, share: float, rate: float) -> list[Figure]:
    good = sum(seconds <= OBJECTIVE_SECONDS for seconds in found.latencies)
    parts = {
        part: median([hop[f"{part}_ms"] for hop in found.hops])
        for part in ("queue", "load", "compute")
    }
    tiers = Counter(hop["tier"] for hop in found.hops)
    split = ", ".join(f"{part} {value:.1f}" for part, value in parts.items())
    return [
        Figure(
            name=f"open loop at {share:.0%} of the closed one: p50",
            value=percentile(found.latencies, 0.5) * 1e3,
            unit="ms",
            peer=f"medians in ms: {split}; found {dict(tiers)}",
        ),
        Figure(
            name=f"open loop at {share:.0%} of the closed one: p99",
            value=percentile(found.latencies, 0.99) * 1e3,
            unit="ms",
        ),
        Figure(
            name=f"open loop at {share:.0%}: goodput within {OBJECTIVE_SECONDS * 1e3:.0f} ms",
            value=good / found.seconds,
            unit="req/s",
            peer=f"offered {rate:.1f}, failed {len(found.failed)}",
        ),
    ]


def _active_workers(port: int, name: str) -> int:
    return int(json.loads(got(port, f"/v1/experts/{name}"))["workers"])


if __name__ == "__main__":
    main()
