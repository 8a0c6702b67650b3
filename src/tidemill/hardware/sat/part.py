"""A part of a training step: what a unit does for a layer, and what that takes."""

from dataclasses import dataclass
from typing import Literal, get_args

from tidemill.hardware.sat.scheduling import Scheduled
from tidemill.hardware.workload.gemm import Stage

__all__ = ["UNITS", "StepPart", "Unit"]

Unit = Literal["array", "vector", "pruner", "updater"]
UNITS: tuple[Unit, ...] = get_args(Unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPart:
    """Something that a step does; parts follow each other.

    Attributes:
        layer: Of the model.
        phase: Of the step. The optimizer is part of ``update``.
        unit: ``array`` (STCE), ``vector`` for work between products, ``pruner`` (SORE) where
            nothing hides it, ``updater`` (WUVE with SORE behind it).
        what: In a word or two.
        cycles: In all.
        compute: Cycles that the unit works; memory is waited for in the others.
        dram_bytes: Read and written.
        macs: Multiply-accumulates that are done.
        dense_macs: That would be done with every weight kept.
        ideal: Cycles of SCALE-Sim's array in its better dataflow; 0 for what no array does.
        joules: Of products, arithmetic, buffers and memory; of everything else, memory.
        scheduled: How the product is laid out, or None.
    """

    layer: str
    phase: Stage
    unit: Unit
    what: str
    cycles: int
    compute: int
    dram_bytes: int
    macs: int = 0
    dense_macs: int = 0
    ideal: int = 0
    joules: float = 0.0
    scheduled: Scheduled | None = None

    @property
    def terms(self) -> dict[str, int]:
        """What a product takes besides the ideal array, by reason; they add up to its cycles.

        ``choice`` is what the ideal array takes more in the dataflow that is chosen, ``cutting``
        what parts take more than the whole, ``memory`` what is waited for.
        """
        found = self.scheduled
        if found is None:
            return {}
        return {
            "choice": found.count.ideal - self.ideal,
            **found.count.terms,
            "cutting": found.time.compute - found.count.cycles,
            "memory": self.cycles - found.time.compute,
        }
