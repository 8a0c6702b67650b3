"""What happens to weights themselves: they are pruned (SORE) and updated (WUVE)."""

from collections.abc import Iterator

from tidemill.hardware.sat.energy import moving_joules
from tidemill.hardware.sat.machine import SatMachine
from tidemill.hardware.sat.options import SatOptions
from tidemill.hardware.sat.part import StepPart
from tidemill.hardware.workload.gemm import Stage
from tidemill.hardware.workload.layer import Layer
from tidemill.sparsity.cost import packed_weight_bytes
from tidemill.sparsity.pattern import NMPattern

__all__ = ["pruned", "pruning_cycles", "updated"]

PASSES: tuple[Stage, ...] = ("forward", "backward")


def pruning_cycles(elements: int, pattern: NMPattern, machine: SatMachine) -> int:
    """Return what SORE takes: M cycles for each group, a group in each lane at a time."""
    groups = -(-elements // pattern.m)
    return -(-groups // machine.pruning_lanes) * pattern.m


def pruned(
    layer: Layer, stage: Stage, machine: SatMachine, options: SatOptions
) -> Iterator[StepPart]:
    """Yield the pruning that a stage has to wait for.

    Weights that were made ready behind the update need none. A gradient is only known when the
    backward pass reaches its layer, so that nothing can be made ready for it.
    """
    sparse = options.sparse(layer, stage)
    if sparse is None or (options.pregenerate and not sparse.is_left):
        return
    elements = layer.weights
    if sparse.is_left:
        gemms = layer.stages["update"]
        elements = sum(gemm.count * gemm.contraction * gemm.columns for gemm in gemms)
    moved = elements * machine.operand_bytes + _packed(elements, sparse.pattern, machine)
    compute = pruning_cycles(elements, sparse.pattern, machine)
    yield StepPart(
        layer=layer.name,
        phase=stage,
        unit="pruner",
        what="pruning",
        cycles=max(compute, machine.engine.dram_cycles(moved)),
        compute=compute,
        dram_bytes=moved,
        joules=moving_joules(moved, machine),
    )


def updated(layer: Layer, machine: SatMachine, options: SatOptions) -> StepPart:
    """Return the update of a layer's weights, and behind it their pruning if that is wanted.

    Momentum and master weights are read and written, gradients read, and what the products of
    the next step need is written: packed for each pass that is sparse, in FP16 for the others.
    """
    weights, pattern = layer.weights, options.pattern
    ready = [
        stage
        for stage in PASSES
        if options.pregenerate and layer.stages[stage] and options.prunes_weights(layer, stage)
    ]
    is_all_packed = bool(ready) and len(ready) == sum(bool(layer.stages[s]) for s in PASSES)
    moved = weights * (4 * machine.engine.partial_bytes + machine.operand_bytes)
    moved += sum(_packed(weights, pattern, machine) for _ in ready)
    moved += 0 if is_all_packed else weights * machine.operand_bytes
    compute = max(
        -(-weights // machine.update_lanes),
        len(ready) * pruning_cycles(weights, pattern, machine),
    )
    return StepPart(
        layer=layer.name,
        phase="update",
        unit="updater",
        what="optimizer",
        cycles=max(compute, machine.engine.dram_cycles(moved)),
        compute=compute,
        dram_bytes=moved,
        joules=moving_joules(moved, machine),
    )


def _packed(elements: int, pattern: NMPattern, machine: SatMachine) -> int:
    return packed_weight_bytes((1, elements), pattern, machine.operand_bytes)
