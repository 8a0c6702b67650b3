"""What a node has done so far, in numbers."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from tidemill.serving.commands import Done

__all__ = ["BOUNDS_SECONDS", "Histogram", "Telemetry"]

BOUNDS_SECONDS = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Histogram:
    """Durations by size.

    Attributes:
        counts: How many were at most each bound, and how many longer than all.
        total: Their sum in seconds.
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_SECONDS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS_SECONDS, seconds)] += 1
        self.total += seconds

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts)


@dataclass(slots=True, kw_only=True)
class Telemetry:
    """Counters of a node.

    Attributes:
        calls: By the tier in which the expert was found.
        batches: Computed.
        items: In them.
        batch_seconds: What they took in all.
        switches: Batches for another expert than the worker's last one.
        retries: Calls that were made again because a worker was lost or a batch failed.
        lost_workers: Workers that crashed, hung or ran out of memory.
        failed_loads: Experts that could not be read.
        longest_wait_seconds: Longest that a call has waited for others.
        queue: Waiting for others.
        load: Waiting for bytes.
        compute: Computing a batch.
    """

    calls: Counter[str] = field(default_factory=Counter)
    batches: int = 0
    items: int = 0
    batch_seconds: float = 0.0
    switches: int = 0
    retries: int = 0
    lost_workers: int = 0
    failed_loads: int = 0
    longest_wait_seconds: float = 0.0
    queue: Histogram = field(default_factory=Histogram)
    load: Histogram = field(default_factory=Histogram)
    compute: Histogram = field(default_factory=Histogram)

    def note_batch(self, done: Done, items: int) -> None:
        """Count a batch that was computed."""
        self.batches += 1
        self.items += items
        self.batch_seconds += done.load_seconds + done.compute_seconds
        self.compute.add(done.compute_seconds)

    def note_served(self, queue_seconds: float, load_seconds: float) -> None:
        """Count a call that was answered."""
        self.longest_wait_seconds = max(self.longest_wait_seconds, queue_seconds)
        self.queue.add(queue_seconds)
        self.load.add(load_seconds)
