"""A whole training step on SAT: every product, the work between, pruning, and the update."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tidemill.core.errors import CapacityError
from tidemill.core.progress import Progress, Silence
from tidemill.hardware.sat.energy import moving_joules, product_joules
from tidemill.hardware.sat.job import job
from tidemill.hardware.sat.machine import SatMachine
from tidemill.hardware.sat.options import SatOptions
from tidemill.hardware.sat.part import StepPart, Unit
from tidemill.hardware.sat.scheduling import best_ideal, scheduled
from tidemill.hardware.sat.weights import pruned, updated
from tidemill.hardware.workload.gemm import Gemm, Stage
from tidemill.hardware.workload.layer import Layer, Pointwise
from tidemill.hardware.workload.network import Network

__all__ = ["StepTime", "step_time"]

BESIDE: Mapping[Unit, str] = MappingProxyType(
    {"vector": "between", "pruner": "pruning", "updater": "update"}
)
"""What units beside the array do, as terms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTime:
    """What a step takes.

    Attributes:
        network: That learns.
        machine: It learns on.
        options: How.
        parts: In the order of a step.
    """

    network: Network = field(repr=False)
    machine: SatMachine = field(repr=False)
    options: SatOptions
    parts: tuple[StepPart, ...] = field(repr=False)

    @property
    def cycles(self) -> int:
        """In all."""
        return sum(part.cycles for part in self.parts)

    @property
    def seconds(self) -> float:
        """In all."""
        return self.machine.seconds(self.cycles)

    @property
    def ideal(self) -> int:
        """Cycles of SCALE-Sim's array, which does the products and nothing else.

        In the better dataflow for each product. It knows no latency and no drains, and fills
        anew for every tile, so that a real array may be faster.
        """
        return sum(part.ideal for part in self.parts)

    @property
    def macs(self) -> int:
        """Multiply-accumulates that are done."""
        return sum(part.macs for part in self.parts)

    @property
    def dense_macs(self) -> int:
        """That would be done with every weight kept."""
        return sum(part.dense_macs for part in self.parts)

    @property
    def dram_bytes(self) -> int:
        """Read and written."""
        return sum(part.dram_bytes for part in self.parts)

    @property
    def joules(self) -> float:
        """Of arithmetic, buffers and memory."""
        return sum(part.joules for part in self.parts)

    @property
    def terms(self) -> dict[str, int]:
        """Where cycles come from: those of the ideal array, and what is more or less by reason."""
        found = {"ideal": self.ideal}
        for part in self.parts:
            for name, cycles in part.terms.items():
                found[name] = found.get(name, 0) + cycles
        return found | {name: self.cycles_of(unit=unit) for unit, name in BESIDE.items()}

    @property
    def utilisation(self) -> float:
        """Share of the array's cycles that are multiply-accumulates, of the whole step."""
        return self.macs / (self.cycles * self.machine.engine.array.elements)

    def cycles_of(self, *, phase: Stage | None = None, unit: Unit | None = None) -> int:
        """Return what a phase takes, or a unit, or a unit in a phase."""
        return sum(
            part.cycles
            for part in self.parts
            if phase in {None, part.phase} and unit in {None, part.unit}
        )


def step_time(
    network: Network,
    machine: SatMachine,
    options: SatOptions,
    progress: Progress | None = None,
) -> StepTime:
    """Return what a training step takes.

    Weights of products are updated; tables, norms and biases are left out.

    Args:
        network: What is computed, on one batch.
        machine: Where.
        options: How.
        progress: Told of every part.

    Raises:
        CapacityError: A layer does not fit the machine, named with it.
    """
    clerk = _Clerk(machine, options, progress or Silence())
    return StepTime(
        network=network, machine=machine, options=options, parts=tuple(clerk.parts(network))
    )


class _Clerk:
    """Writes down the parts of a step."""

    def __init__(self, machine: SatMachine, options: SatOptions, progress: Progress) -> None:
        self._machine = machine
        self._options = options
        self._progress = progress
        self._network = ""

    def parts(self, network: Network) -> Iterator[StepPart]:
        """Yield the parts in order, and tell of each."""
        self._network = network.name
        for number, part in enumerate(self._parts(network), 1):
            self._progress.advance(number, None, part.layer)
            yield part

    def _parts(self, network: Network) -> Iterator[StepPart]:
        """Go forward through the layers, then back, then to the update."""
        for layer in network.layers:
            yield from self._stage(layer, "forward")
        yield from self._between(network.between, "forward")
        for layer in reversed(network.layers):
            yield from self._stage(layer, "backward")
            yield from self._stage(layer, "update")
        yield from self._between(reversed(network.between), "backward")
        for layer in network.layers:
            if layer.weights:
                yield updated(layer, self._machine, self._options)

    def _stage(self, layer: Layer, stage: Stage) -> Iterator[StepPart]:
        gemms = layer.stages[stage]
        if not gemms:
            return
        yield from pruned(layer, stage, self._machine, self._options)
        for number, gemm in enumerate(gemms):
            what = "product" if len(gemms) == 1 else f"product {number + 1}"
            try:
                yield self._product(layer, stage, gemm, what)
            except CapacityError as error:
                raise CapacityError(
                    f"{self._network}: {layer.name}, {stage}: {error.message}", hint=error.hint
                ) from error

    def _product(self, layer: Layer, stage: Stage, gemm: Gemm, what: str) -> StepPart:
        sparse = self._options.sparse(layer, stage)
        own = job(
            gemm,
            sparse.pattern if sparse else None,
            swapped=bool(sparse and sparse.is_left),
            operand_bytes=self._machine.operand_bytes,
        )
        found = scheduled(
            own,
            self._machine.engine,
            self._options.dataflows,
            interleave=self._options.interleave,
        )
        return StepPart(
            layer=layer.name,
            phase=stage,
            unit="array",
            what=what,
            cycles=found.time.cycles,
            compute=found.time.compute,
            dram_bytes=found.time.dram_bytes,
            macs=own.shape.macs,
            dense_macs=gemm.macs,
            ideal=best_ideal(own, self._machine.engine, self._options.dataflows),
            joules=product_joules(found, self._machine),
            scheduled=found,
        )

    def _between(self, work: Iterable[Pointwise], phase: Stage) -> Iterator[StepPart]:
        machine = self._machine
        for one in work:
            forward, backward = machine.passes[one.kind]
            passes = forward if phase == "forward" else backward
            if not passes:
                continue
            elements = passes * one.elements
            moved = 2 * elements * machine.operand_bytes
            compute = -(-elements // machine.vector_lanes)
            yield StepPart(
                layer=one.name,
                phase=phase,
                unit="vector",
                what=one.kind,
                cycles=max(compute, machine.engine.dram_cycles(moved)),
                compute=compute,
                dram_bytes=moved,
                joules=moving_joules(moved, machine),
            )
