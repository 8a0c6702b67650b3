"""Say what a training step of a model would take on SAT, dense and sparse, before it is built."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tidemill.core.progress import Progress
from tidemill.core.settings import Settings, resolve
from tidemill.experts.registry import open_registry
from tidemill.hardware.machine.constant import Value
from tidemill.hardware.machine.description import MachineDescription, read_machine
from tidemill.hardware.sat.ablation import Variant, dataflow_variants, method_variants
from tidemill.hardware.sat.explanation import Explanation, explained
from tidemill.hardware.sat.machine import SatMachine, sat_machine
from tidemill.hardware.sat.options import SatOptions, Schedule
from tidemill.hardware.sat.part import UNITS
from tidemill.hardware.sat.resources import Resources, resources
from tidemill.hardware.sat.step import StepTime, step_time
from tidemill.hardware.sat.table import rows
from tidemill.hardware.workload.gemm import STAGES
from tidemill.hardware.workload.lowering import network
from tidemill.sparsity.pattern import NMPattern
from tidemill.tasks.planned_models import PlannedModel, planned_model

__all__ = ["MACHINES", "SatPlan", "SatPlanOptions", "plan_sat"]

MACHINES: Mapping[str, str] = {"sat": "sat-vcu1525"}
"""Short names of machines that come along."""

DEFAULT_TOKENS = 16_384
"""Rows of a step where neither the model nor anybody else says how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SatPlanOptions:
    """How a step is planned; what is None is as the model says, else the usual.

    Attributes:
        machine: One that comes along, or a TOML file.
        changes: Other values of the machine's constants, by section and key.
        method: Of sparse training; ``bdwp`` if nobody says otherwise.
        batch: Examples of a step.
        schedule: ``best``, or always ``os`` or ``ws``.
        interleave: Whether sums take turns in an element.
        pregenerate: Whether sparse weights are made behind the update.
    """

    machine: str | Path = "sat"
    changes: Mapping[str, Value] = field(default_factory=dict)
    method: str | None = None
    batch: int | None = None
    schedule: Schedule = "best"
    interleave: bool = True
    pregenerate: bool = True

    @property
    def described(self) -> MachineDescription:
        """The machine's file, with the changes."""
        name = str(self.machine)
        return read_machine(MACHINES.get(name, name)).changed(self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class SatPlan:
    """The answer.

    Attributes:
        model: Its name.
        source: What its shape was read from.
        example: What it is shown.
        batch: Examples of a step.
        machine: Where it runs.
        dense: A dense step, with the same dataflow methods.
        sparse: The step as planned.
        resources: What the machine takes of the chip.
        notes: What had to be assumed.
    """

    model: str
    source: str
    example: str
    batch: int
    machine: SatMachine = field(repr=False)
    dense: StepTime = field(repr=False)
    sparse: StepTime = field(repr=False)
    resources: Resources
    notes: tuple[str, ...] = ()

    @property
    def speedup(self) -> float:
        """Times as fast as dense that a step is."""
        return self.dense.cycles / self.sparse.cycles

    @property
    def ideal_speedup(self) -> float:
        """The same of an ideal array that does the products and nothing else."""
        # One element takes none for one product of numbers, as SCALE-Sim counts.
        return max(1, self.dense.ideal) / max(1, self.sparse.ideal)

    @property
    def dataflow_variants(self) -> tuple[Variant, ...]:
        """The step with each of the dataflow methods left out."""
        own = self.sparse
        return tuple(dataflow_variants(own.network, self.machine, own.options))

    @property
    def method_variants(self) -> tuple[Variant, ...]:
        """The step by every method of training that SAT's paper compares, by pattern."""
        own = self.sparse
        return tuple(method_variants(own.network, self.machine, own.options))

    @property
    def dense_layers(self) -> dict[str, list[str]]:
        """Layers with weights that stay dense, by the reason."""
        found: dict[str, list[str]] = {}
        if self.sparse.options.rule.is_dense:
            return found
        for layer in self.sparse.network.layers:
            reason = self.sparse.options.why_dense(layer)
            if reason and layer.weights:
                found.setdefault(reason, []).append(layer.name)
        return found

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """Where the time of the longest products is from, dense and sparse."""
        return explained(self.dense), explained(self.sparse)

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        return {
            "model": self.model,
            "source": self.source,
            "batch": self.batch,
            "machine": self.machine.name,
            "sparsity": str(self.sparse.options.pattern),
            "method": self.sparse.options.method,
            "schedule": self.sparse.options.schedule,
            "interleave": self.sparse.options.interleave,
            "pregenerate": self.sparse.options.pregenerate,
            "speedup": self.speedup,
            "ideal_speedup": self.ideal_speedup,
            "dense": _totals(self.dense),
            "sparse": _totals(self.sparse),
            "parts": {"dense": list(rows(self.dense)), "sparse": list(rows(self.sparse))},
            "resources": asdict(self.resources),
            "constants": {key: asdict(one) for key, one in self.machine.constants.items()},
            "dense_layers": self.dense_layers,
            "explanations": {
                name: {
                    "layer": one.part.layer,
                    "phase": one.part.phase,
                    "equations": dict(one.equations),
                    "numbers": dict(one.numbers),
                    "terms": dict(one.terms),
                }
                for name, one in zip(("dense", "sparse"), self.explanations, strict=True)
            },
            "notes": list(self.notes),
        }

    def compared(self) -> dict[str, object]:
        """Return the speed-ups of other methods, ready for JSON."""
        return {
            "dataflow_methods": {way.name: way.speedup for way in self.dataflow_variants},
            "training_methods": {way.name: way.speedup for way in self.method_variants},
        }


def plan_sat(
    model: str | Path,
    sparsity: str | None = None,
    *,
    options: SatPlanOptions | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> SatPlan:
    """Say what a training step of a model would take on SAT (arXiv 2309.13015).

    Args:
        model: An expert's name or folder, a recipe's name or file, a published network's name, a
            ``config.json``, or a topology file of SCALE-Sim.
        sparsity: N:M; by default what the model says, else 2:8.
        options: Machine, method, batch, dataflow methods.
        settings: By default those in force.
        progress: Told of every part of the two steps.

    Raises:
        InputError: There is no such model or machine, or its file cannot be used.
        ExpertError: A package or config is damaged or of an unknown kind.
        SettingError: The pattern, the method or an option cannot be.
        CapacityError: A layer does not fit the machine.
    """
    chosen = options or SatPlanOptions()
    machine = sat_machine(chosen.described)
    found = planned_model(str(model), open_registry(settings or resolve().settings))
    batch = chosen.batch if chosen.batch is not None else _usual_batch(found)
    learnt = network(found.products, name=found.name, batch=batch, notes=found.notes)
    own = _options(found, sparsity, chosen)
    dense = SatOptions(
        pattern=own.pattern,
        method="dense",
        schedule=own.schedule,
        interleave=own.interleave,
        pregenerate=own.pregenerate,
    )
    return SatPlan(
        model=found.name,
        source=found.source,
        example=found.products.example,
        batch=batch,
        machine=machine,
        dense=step_time(learnt, machine, dense, progress),
        sparse=step_time(learnt, machine, own, progress),
        resources=resources(machine),
        notes=learnt.notes,
    )


def _options(found: PlannedModel, sparsity: str | None, chosen: SatPlanOptions) -> SatOptions:
    return SatOptions(
        pattern=NMPattern.parse((found.sparsity or "2:8") if sparsity is None else sparsity),
        method=(found.method or "bdwp") if chosen.method is None else chosen.method,
        schedule=chosen.schedule,
        interleave=chosen.interleave,
        pregenerate=chosen.pregenerate,
    )


def _usual_batch(found: PlannedModel) -> int:
    return found.batch or max(1, DEFAULT_TOKENS // found.products.places)


def _totals(step: StepTime) -> dict[str, object]:
    return {
        "cycles": step.cycles,
        "seconds": step.seconds,
        "ideal_cycles": step.ideal,
        "macs": step.macs,
        "utilisation": step.utilisation,
        "dram_bytes": step.dram_bytes,
        "joules": step.joules,
        "phases": {phase: step.cycles_of(phase=phase) for phase in STAGES},
        "units": {unit: step.cycles_of(unit=unit) for unit in UNITS},
        "terms": step.terms,
    }
