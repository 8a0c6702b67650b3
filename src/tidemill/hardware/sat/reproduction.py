"""SAT's published figures beside ours, and what ours hang on."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from statistics import fmean
from typing import TypeVar

from tidemill.core.progress import Progress, Silence
from tidemill.hardware.machine.description import MachineDescription, read_machine
from tidemill.hardware.sat.ablation import PATTERNS, Variant, dataflow_variants, method_variants
from tidemill.hardware.sat.machine import SatMachine, sat_machine
from tidemill.hardware.sat.options import SatOptions
from tidemill.hardware.sat.sensitivity import Sensitivity, sensitivities
from tidemill.hardware.sat.step import StepTime, step_time
from tidemill.hardware.workload.lowering import network
from tidemill.hardware.workload.network import Network
from tidemill.hardware.workload.networks import NETWORKS
from tidemill.sparsity.pattern import NMPattern

__all__ = [
    "ABLATED",
    "AVERAGED",
    "NOT_RECOMPUTABLE",
    "PUBLISHED_SPEEDUP",
    "Fit",
    "ModelResult",
    "SatReproduction",
    "average_speedup",
    "fitted",
    "reproduce_sat",
]

PUBLISHED_SPEEDUP = 1.75
"""Of a step of 2:8 BDWP over a dense one on SAT, averaged over models (abstract of 2309.13015)."""

AVERAGED = ("resnet9", "vit", "vgg19", "resnet18-64", "resnet50")
"""What is averaged here. Which models, images and batches the paper averages over is not in its
abstract."""

ABLATED = "resnet50"
"""Whose ablation is shown: its many small products need the methods most."""

NOT_RECOMPUTABLE: Mapping[str, str] = {
    "throughput over prior FPGA accelerators": "2.97x to 25.22x",
    "energy efficiency over prior FPGA accelerators": "1.36x to 3.58x",
}
"""Published ranges whose other side, the table of prior accelerators, is not at hand."""

MACHINE = "sat-vcu1525"
Result = TypeVar("Result")
FITTED = "dram.bytes_per_second"
LEAST_BYTES = 1_000_000_000
STEPS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelResult:
    """One model on the machine.

    Attributes:
        name: Of the model.
        batch: Images of a step.
        is_averaged: Whether it is in the average.
        dense: A dense step.
        sparse: Steps by BDWP, by pattern.
    """

    name: str
    batch: int
    is_averaged: bool
    dense: StepTime = field(repr=False)
    sparse: Mapping[NMPattern, StepTime] = field(repr=False)

    def speedup(self, pattern: NMPattern) -> float:
        """Return how many times as fast as the dense step a sparse one is."""
        return self.dense.cycles / self.sparse[pattern].cycles

    def ideal_speedup(self, pattern: NMPattern) -> float:
        """Return the same for an ideal array that does the products and nothing else."""
        return self.dense.ideal / self.sparse[pattern].ideal

    def mac_cut(self, pattern: NMPattern) -> float:
        """Return the share of multiply-accumulates that is saved; exact before it is rounded."""
        return 1 - self.sparse[pattern].macs / self.dense.macs

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        return {
            "name": self.name,
            "batch": self.batch,
            "averaged": self.is_averaged,
            "dense_cycles": self.dense.cycles,
            "dense_macs": self.dense.macs,
            "patterns": {
                str(pattern): {
                    "cycles": step.cycles,
                    "macs": step.macs,
                    "speedup": self.speedup(pattern),
                    "ideal_speedup": self.ideal_speedup(pattern),
                    "mac_cut": self.mac_cut(pattern),
                }
                for pattern, step in self.sparse.items()
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A constant that is chosen so that the published figure comes out.

    Attributes:
        key: Which one.
        declared: As the machine has it.
        value: That gives the figure.
        speedup: What comes out with it.
    """

    key: str
    declared: int
    value: int
    speedup: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SatReproduction:
    """All of it.

    Attributes:
        machine: What is computed with.
        changes: Constants of it that are not those of its file.
        models: One after the other.
        pattern: Of the published figure.
        ablation: Of the dataflow methods.
        methods: Of training, by pattern.
        sensitivities: Of the average, to every constant that was not published.
        fit: The bandwidth that gives the published average; None where none does.
    """

    machine: SatMachine = field(repr=False)
    changes: tuple[str, ...]
    models: tuple[ModelResult, ...]
    pattern: NMPattern
    ablation: tuple[Variant, ...]
    methods: tuple[Variant, ...]
    sensitivities: tuple[Sensitivity, ...]
    fit: Fit | None

    @property
    def average(self) -> float:
        """Ours, over the averaged models."""
        return fmean(model.speedup(self.pattern) for model in self.models if model.is_averaged)

    @property
    def average_of_all(self) -> float:
        """The same over every model that is computed."""
        return fmean(model.speedup(self.pattern) for model in self.models)

    @property
    def difference(self) -> float:
        """Ours from the published figure, as a share of it."""
        return self.average / PUBLISHED_SPEEDUP - 1

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        return {
            "machine": self.machine.name,
            "changes": list(self.changes),
            "published": PUBLISHED_SPEEDUP,
            "average": self.average,
            "average_of_all": self.average_of_all,
            "difference": self.difference,
            "models": [model.to_dict() for model in self.models],
            "fit": None if self.fit is None else asdict(self.fit) | {"status": "fitted"},
            "ablation": {way.name: way.speedup for way in self.ablation},
            "methods": {way.name: way.speedup for way in self.methods},
            "ablated": ABLATED,
            "sensitivities": [asdict(one) for one in self.sensitivities],
            "not_recomputable": dict(NOT_RECOMPUTABLE),
            "constants": {key: asdict(one) for key, one in self.machine.constants.items()},
        }


def reproduce_sat(
    described: MachineDescription | None = None, progress: Progress | None = None
) -> SatReproduction:
    """Compute SAT's published figures.

    Args:
        described: The machine; by default the one that comes along.
        progress: Told of every result.

    Raises:
        InputError: It is none that this can be computed with.
        CapacityError: A network does not fit it.
    """
    described = described or read_machine(MACHINE)
    machine, options = sat_machine(described), SatOptions()
    ablated = _network(ABLATED)
    told = _Told(progress or Silence())
    return SatReproduction(
        machine=machine,
        changes=described.changes,
        pattern=options.pattern,
        models=told.all((_model(name, machine) for name in NETWORKS), "models"),
        ablation=told.all(dataflow_variants(ablated, machine, options), "dataflow methods"),
        methods=told.all(method_variants(ablated, machine, options), "methods of training"),
        sensitivities=told.all(sensitivities(described, average_speedup), "constants"),
        fit=fitted(described),
    )


class _Told:
    """Tells of results as they come."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._done = 0

    def all(self, results: Iterable[Result], note: str) -> tuple[Result, ...]:
        """Return all of some results."""
        found = []
        for result in results:
            found.append(result)
            self._done += 1
            self._progress.advance(self._done, None, note)
        return tuple(found)


def average_speedup(machine: SatMachine, options: SatOptions | None = None) -> float:
    """Return the average speed-up over the averaged models."""
    own = options or SatOptions()
    return fmean(_speedups(machine, own))


def _speedups(machine: SatMachine, options: SatOptions) -> Iterator[float]:
    dense = SatOptions(method="dense", pattern=options.pattern)
    for name in AVERAGED:
        learnt = _network(name)
        yield (
            step_time(learnt, machine, dense).cycles / step_time(learnt, machine, options).cycles
        )


def _network(name: str) -> Network:
    published = NETWORKS[name]
    return network(published.products, name=name, batch=published.batch)


def _model(name: str, machine: SatMachine) -> ModelResult:
    learnt = _network(name)
    return ModelResult(
        name=name,
        batch=learnt.batch,
        is_averaged=name in AVERAGED,
        dense=step_time(learnt, machine, SatOptions(method="dense")),
        sparse={
            pattern: step_time(learnt, machine, SatOptions(pattern=pattern)) for pattern in PATTERNS
        },
    )


def fitted(described: MachineDescription) -> Fit | None:
    """Find the bandwidth that gives the published average: less of it, less to gain."""
    declared = described.constants[FITTED].value
    if not isinstance(declared, int):
        return None
    low, high = LEAST_BYTES, declared

    def result(value: int) -> float:
        return average_speedup(sat_machine(described.changed({FITTED: value}, status="fitted")))

    if not result(low) <= PUBLISHED_SPEEDUP <= result(high):
        return None
    for _ in range(STEPS):
        middle = (low + high) // 2
        if result(middle) < PUBLISHED_SPEEDUP:
            low = middle
        else:
            high = middle
        if high - low <= high // 1000:
            break
    return Fit(key=FITTED, declared=declared, value=high, speedup=result(high))
