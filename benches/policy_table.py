"""Every policy on every trace: how often each misses, seed by seed."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import mean

from tidemill.serving.policies import traces
from tidemill.serving.policies.adaptive_lrfu import AdaptiveLrfu
from tidemill.serving.policies.belady import Belady
from tidemill.serving.policies.lazy_heap import LazyHeap
from tidemill.serving.policies.policy import Policy
from tidemill.serving.policies.simulation import Misses, simulate
from tidemill.serving.policies.table import DEFAULT_POLICY, POLICIES
from tidemill.serving.policies.w_tiny_lfu import WTinyLfu

__all__ = [
    "CAPACITIES",
    "DRIFT",
    "FAST_DRIFT",
    "LOOPS",
    "REPEATS",
    "SCANS",
    "STATIONARY",
    "TRACES",
    "UNEQUAL",
    "VARIANTS",
    "Row",
    "Size",
    "Table",
]

ALPHAS = (0.6, 0.8, 1.0, 1.2)
CAPACITIES = (16, 50, 100)
UNIT_BYTES = 100 << 20
SECONDS_TO_BEGIN, BYTES_A_SECOND = 0.005, 2e9

Make = Callable[[int, int], list[str]]
"""From a number of requests and a seed to a trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured."""

    requests: int
    seeds: Sequence[int]


def _zipf(alpha: float) -> Make:
    return lambda requests, seed: traces.zipf(requests, alpha=alpha, seed=seed)


def _drift(every: int) -> Make:
    return lambda requests, seed: traces.drifting(requests, alpha=1.0, every=every, seed=seed)


STATIONARY = {f"Zipf {alpha}": _zipf(alpha) for alpha in ALPHAS}
DRIFT = {"drift every 1,000": _drift(1_000)}
FAST_DRIFT = {f"drift every {every}": _drift(every) for every in (100, 30)}
REPEATS: dict[str, Make] = {
    "repeats": lambda requests, seed: traces.repeating(requests, alpha=0.8, seed=seed)
}
SCANS: dict[str, Make] = {
    "scans": lambda requests, seed: traces.scanning(requests, alpha=1.0, every=3_000, seed=seed)
}
LOOPS: dict[str, Make] = {"loops": lambda requests, seed: traces.looping(requests, seed=seed)}
UNEQUAL = "sizes 1, 2, 4"
HALF_LIVES = (256, 1_024, 4_096, 16_384)
VARIANTS: dict[str, Callable[[int], Policy]] = {
    **{
        f"lrfu of {half_life:,} requests": partial(
            AdaptiveLrfu, half_lives=(half_life,), sees_loops=False
        )
        for half_life in HALF_LIVES
    },
    "w-tinylfu, sample of 32": partial(WTinyLfu, sample=32),
    "w-tinylfu, sample of 100": partial(WTinyLfu, sample=100),
}
"""What does not learn: the default with one half-life, and W-TinyLFU with longer memories."""
TRACES = STATIONARY | DRIFT | FAST_DRIFT | REPEATS | SCANS | LOOPS | {UNEQUAL: _zipf(1.0)}


class Hindsight:
    """The least popular of the whole trace leaves: what a policy could know at best.

    Of independent requests no policy without foresight does better than to keep the most
    popular (Aho, Denning and Ullman 1971); it is told them by the whole trace's counts.
    """

    def __init__(self, trace: Iterable[str]) -> None:
        self._counts = Counter(trace)
        self._heap = LazyHeap()

    def __contains__(self, key: object) -> bool:
        return key in self._heap

    def __len__(self) -> int:
        return len(self._heap)

    def accessed(self, key: str) -> None:
        """Nothing is learned from a request."""

    def admitted(self, key: str, *, size_bytes: int, cost_seconds: float) -> None:
        """Place an expert by its count in the whole trace."""
        del size_bytes, cost_seconds
        self._heap.place(key, (self._counts[key], 0))

    def victim(self, evictable: Callable[[str], bool]) -> str | None:
        """Return the least popular."""
        return self._heap.lowest(evictable)

    def removed(self, key: str) -> None:
        """Forget an expert."""
        self._heap.drop(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one policy did on one trace at one capacity, a run for every seed."""

    trace: str
    capacity: int
    policy: str
    runs: tuple[Misses, ...]
    microseconds: float

    @property
    def lost_by_seed(self) -> list[int]:
        """What counts: misses, or bytes moved where experts differ in size."""
        runs = self.runs
        return [run.bytes_moved if self.trace == UNEQUAL else run.misses for run in runs]

    @property
    def lost(self) -> int:
        """The same over all seeds."""
        return sum(self.lost_by_seed)

    @property
    def share(self) -> float:
        """The same in per cent of all requests, or of the bytes asked for."""
        in_bytes = self.trace == UNEQUAL
        return 100 * mean(run.byte_miss_share if in_bytes else run.miss_share for run in self.runs)


class Table:
    """All rows, by trace, capacity and policy."""

    def __init__(self, size: Size) -> None:
        self._rows = {
            (trace, capacity): {row.policy: row for row in measure(trace, capacity, size)}
            for trace in TRACES
            for capacity in CAPACITIES
        }

    def row(self, trace: str, capacity: int, policy: str) -> Row:
        """Return one row."""
        return self._rows[trace, capacity][policy]

    def fewer(self, trace: str, capacity: int, policy: str = DEFAULT_POLICY) -> float:
        """Return by how many per cent a policy loses less than LRU."""
        own, lru = (self.row(trace, capacity, name).lost for name in (policy, "lru"))
        return 100 * (1 - own / lru)

    def fewer_by_seed(self, trace: str, capacity: int) -> list[float]:
        """Return by how many per cent the default loses less than LRU, for every seed."""
        own, lru = (self.row(trace, capacity, name) for name in (DEFAULT_POLICY, "lru"))
        pairs = zip(own.lost_by_seed, lru.lost_by_seed, strict=True)
        return [100 * (1 - ours / theirs) for ours, theirs in pairs]

    def print(self) -> None:
        """Print the share of misses of every policy."""
        names = [*POLICIES, "hindsight", "belady"]
        print("misses in % of requests (of bytes where sizes differ)")
        print(f"{'trace':<18}{'room':>5}" + "".join(f"{name:>14}" for name in names))
        for (trace, capacity), rows in self._rows.items():
            shares = "".join(f"{rows[name].share:14.2f}" for name in names)
            print(f"{trace:<18}{capacity:>5}{shares}")


def measure(trace: str, capacity: int, size: Size) -> list[Row]:
    """Run every policy on one trace, once for every seed."""
    runs: dict[str, list[Misses]] = {}
    spent: dict[str, float] = defaultdict(float)
    for seed in size.seeds:
        requests = TRACES[trace](size.requests, seed)
        sizes = dict.fromkeys(traces.expert_names(), UNIT_BYTES)
        if trace == UNEQUAL:
            sizes = traces.sizes_of(UNIT_BYTES, seed=seed)
        costs = {key: SECONDS_TO_BEGIN + held / BYTES_A_SECOND for key, held in sizes.items()}
        room = capacity * sum(sizes.values()) // len(sizes)
        for name, policy in policies(requests, room).items():
            began = time.process_time()
            found = simulate(requests, policy, room, sizes=sizes, costs=costs)
            spent[name] += time.process_time() - began
            runs.setdefault(name, []).append(found)
    asked = size.requests * len(size.seeds)
    return [
        Row(
            trace=trace,
            capacity=capacity,
            policy=name,
            runs=tuple(found),
            microseconds=1e6 * spent[name] / asked,
        )
        for name, found in runs.items()
    ]


def policies(requests: Sequence[str], room: int) -> dict[str, Policy]:
    """Make every policy afresh, and the two that know more than a policy can."""
    made: dict[str, Policy] = {name: make(room) for name, make in {**POLICIES, **VARIANTS}.items()}
    return made | {"hindsight": Hindsight(requests), "belady": Belady(requests)}
