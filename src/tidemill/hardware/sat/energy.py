"""Energy of a product, from what is computed and moved: a comparison, not a measurement."""

from fractions import Fraction

from tidemill.hardware.sat.cycles import tiles
from tidemill.hardware.sat.machine import SatMachine
from tidemill.hardware.sat.scheduling import Scheduled

__all__ = ["buffer_bytes", "moving_joules", "product_joules"]


def buffer_bytes(found: Scheduled, machine: SatMachine) -> int:
    """Return the bytes that a product reads from and writes to buffers, tile by tile."""
    job, array, mapping = found.job, machine.engine.array, found.mapping
    count = tiles(job.shape, array, mapping)
    value = job.operand_bytes + Fraction(job.pattern.index_bits, 8)
    if mapping.dataflow == "os":
        down, across = array.rows * mapping.down, array.columns * mapping.across
        read = down * job.contraction * job.operand_bytes + across * job.shape.depth * value
        return int(count * (read + down * across * machine.engine.partial_bytes))
    group = Fraction(job.pattern.m, job.pattern.n)
    read = job.shape.rows * array.rows * group * job.operand_bytes + array.elements * value
    # Sums are read when they come in and written when they go out.
    return int(count * (read + 2 * job.shape.rows * array.columns * machine.engine.partial_bytes))


def product_joules(found: Scheduled, machine: SatMachine) -> float:
    """Return what a product takes: arithmetic, buffers and memory."""
    energy = machine.energy
    arithmetic = found.job.shape.macs * (energy.multiply + energy.accumulate)
    buffers = buffer_bytes(found, machine) * energy.buffer_byte
    return arithmetic + buffers + moving_joules(found.time.dram_bytes, machine)


def moving_joules(moved: int, machine: SatMachine) -> float:
    """Return what moving bytes between memory and chip takes."""
    return moved * machine.energy.dram_byte
