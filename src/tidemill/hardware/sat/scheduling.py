"""Offline scheduling: how each product is laid over the array, chosen before anything runs."""

from dataclasses import dataclass, field
from functools import lru_cache

from tidemill.core.errors import CapacityError
from tidemill.hardware.sat.array import Dataflow, Mapping, mappings
from tidemill.hardware.sat.blocking import Blocking, blocking
from tidemill.hardware.sat.cycles import CycleCount, full_count, ideal_cycles
from tidemill.hardware.sat.engine import Engine
from tidemill.hardware.sat.job import Job
from tidemill.hardware.sat.walk import Walk, WalkTime

__all__ = ["Scheduled", "best_ideal", "scheduled"]

REMEMBERED = 1 << 14
"""Products whose place is not looked for again: layers repeat, and so do steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A product with its place and its time.

    Attributes:
        job: The product.
        mapping: How it is laid over the array.
        blocks: How it is cut.
        count: Cycles of the array alone, term by term.
        time: With its memory.
        utilisation: Share of the elements' cycles that are multiply-accumulates, predicted.
    """

    job: Job = field(repr=False)
    mapping: Mapping
    blocks: Blocking
    count: CycleCount
    time: WalkTime
    utilisation: float


@lru_cache(maxsize=REMEMBERED)
def scheduled(
    job: Job, engine: Engine, dataflows: tuple[Dataflow, ...], *, interleave: bool = True
) -> Scheduled:
    """Return a product in the way that uses the array best.

    Of ways that take the same time the one that moves fewer bytes is taken.

    Args:
        job: The product.
        engine: Where it runs.
        dataflows: That may be chosen from.
        interleave: Whether several sums may take turns in an element.

    Raises:
        CapacityError: It fits in none of them.
    """
    ways: list[Scheduled] = []
    refused: CapacityError | None = None
    for dataflow in dataflows:
        for mapping in mappings(engine.array, dataflow, interleave=interleave):
            try:
                ways.append(_way(job, mapping, engine))
            except CapacityError as error:
                refused = error
    if not ways:
        raise refused or CapacityError("no dataflow is left to choose from")
    return min(ways, key=lambda way: (way.time.cycles, way.time.dram_bytes))


def best_ideal(job: Job, engine: Engine, dataflows: tuple[Dataflow, ...]) -> int:
    """Return the fewest cycles of an ideal array."""
    return min(
        ideal_cycles(job.shape, engine.array, Mapping(dataflow=dataflow)) for dataflow in dataflows
    )


def _way(job: Job, mapping: Mapping, engine: Engine) -> Scheduled:
    blocks = blocking(job, mapping, engine)
    time = Walk(job, mapping, blocks, engine).time()
    return Scheduled(
        job=job,
        mapping=mapping,
        blocks=blocks,
        count=full_count(job.shape, engine.array, mapping),
        time=time,
        utilisation=job.shape.macs / (time.cycles * engine.array.elements),
    )
