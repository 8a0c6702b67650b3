"""What a machine takes of its chip, from counts of its parts."""

from dataclasses import dataclass

from tidemill.hardware.sat.machine import SatMachine

__all__ = ["Resources", "resources"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Parts of the chip, of the array, SORE and WUVE together; buffers' controllers are left out.

    Attributes:
        luts: Look-up tables.
        registers: Flip-flops.
        dsps: Multiplier blocks.
        memory_bytes: Of buffers.
        shares: Each as a share of what there is, by its name.
    """

    luts: int
    registers: int
    dsps: int
    memory_bytes: int
    shares: dict[str, float]


def resources(machine: SatMachine) -> Resources:
    """Return what a machine takes; what a share above 1 means is that it does not fit."""
    units, board, buffers = machine.units, machine.board, machine.engine.buffers
    elements = machine.engine.array.elements
    pruners, updaters = machine.pruning_lanes, machine.update_lanes
    taken = {
        "luts": elements * units.element_luts
        + pruners * units.pruner_luts
        + updaters * units.updater_luts,
        "registers": elements * units.element_registers
        + pruners * units.pruner_registers
        + updaters * units.updater_registers,
        "dsps": elements * units.element_dsps + updaters * units.updater_dsps,
        "memory_bytes": buffers.left + buffers.right + buffers.result,
    }
    shares = {name: number / getattr(board, name) for name, number in taken.items()}
    return Resources(shares=shares, **taken)
