"""Where a number comes from: equations, the numbers put into them, and the machine's constants."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tidemill.hardware.sat.cycles import EQUATIONS, tile_period, tiles
from tidemill.hardware.sat.part import StepPart
from tidemill.hardware.sat.step import StepTime

__all__ = ["Explanation", "explained", "explanation_of"]

MEMORY = (
    "first fetch + first weights where they stay + sum over steps of max(array, ceil((written"
    " before + fetched for the next) / bytes a cycle)) + last write; the last step's array is done"
    " when its results are out"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a part takes so many cycles.

    Attributes:
        part: Which one.
        equations: In words, by what they give.
        numbers: That were put in.
        terms: What it takes more (or less) than the ideal array, by reason; they add up.
    """

    part: StepPart
    equations: Mapping[str, str]
    numbers: Mapping[str, int | float | str]
    terms: Mapping[str, int]


def explained(step: StepTime) -> Explanation:
    """Return why the longest product of a step takes what it takes.

    Any other product is explained alike; the longest one matters most.
    """
    longest = max((part for part in step.parts if part.scheduled), key=lambda part: part.cycles)
    return explanation_of(longest, step)


def explanation_of(part: StepPart, step: StepTime) -> Explanation:
    """Return why one product takes what it takes."""
    found = part.scheduled
    if found is None:
        return Explanation(part=part, equations={}, numbers={}, terms={})
    flow = found.mapping.dataflow
    return Explanation(
        part=part,
        equations={
            "ideal array": EQUATIONS[f"ideal {flow}"],
            "array": EQUATIONS[f"full {flow}"],
            "with memory": MEMORY,
        },
        numbers=dict(_numbers(part, step)),
        terms=part.terms,
    )


def _numbers(part: StepPart, step: StepTime) -> Iterator[tuple[str, int | float | str]]:
    found, machine = part.scheduled, step.machine
    if found is None:
        return
    array, shape = machine.engine.array, found.job.shape
    yield from (("M", shape.rows), ("K", shape.depth), ("N", shape.columns))
    yield from (("R", array.rows), ("C", array.columns), ("L", array.accumulate_latency))
    yield "P", array.multiply_latency
    if found.mapping.dataflow == "os":
        yield from (("down", found.mapping.down), ("across", found.mapping.across))
    yield "products", shape.count
    yield "T", tiles(shape, array, found.mapping)
    yield "cycles a tile", tile_period(shape, array, found.mapping)
    blocks = found.blocks
    yield "a step's part", f"{blocks.rows:,} x {blocks.contraction:,} x {blocks.columns:,}"
    yield "bytes moved", found.time.dram_bytes
    yield "bytes a cycle", float(machine.engine.dram_bytes_per_cycle)
    yield "ideal array's cycles", found.count.ideal
    yield "array's cycles", found.time.compute
    yield "cycles", found.time.cycles
    yield "utilisation", round(found.utilisation, 4)
