"""What a machine takes of its chip, and what a product takes of energy."""

import pytest

from tests.hardware.sat.drafts import SAT, layers, linear, machine
from tidemill.hardware.sat.array import DATAFLOWS
from tidemill.hardware.sat.energy import buffer_bytes, moving_joules, product_joules
from tidemill.hardware.sat.job import job
from tidemill.hardware.sat.options import SatOptions
from tidemill.hardware.sat.resources import resources
from tidemill.hardware.sat.scheduling import scheduled
from tidemill.hardware.sat.step import step_time
from tidemill.hardware.workload.gemm import Gemm
from tidemill.sparsity.pattern import NMPattern


def test_a_chip_is_taken_by_counts_of_parts() -> None:
    found = resources(
        machine(
            sore__lanes=16,
            wuve__lanes=8,
            units__element_luts=800,
            units__element_registers=400,
            units__element_dsps=1,
            units__pruner_luts=40,
            units__pruner_registers=50,
            units__updater_luts=3_000,
            units__updater_registers=1_000,
            units__updater_dsps=6,
        )
    )
    assert found.luts == 1024 * 800 + 16 * 40 + 8 * 3_000
    assert found.registers == 1024 * 400 + 16 * 50 + 8 * 1_000
    assert found.dsps == 1024 + 8 * 6
    assert found.memory_bytes == 3 * 4_194_304
    assert found.shares["dsps"] == found.dsps / 6_840
    assert found.shares.keys() == {"luts", "registers", "dsps", "memory_bytes"}


def test_what_does_not_fit_the_chip_has_a_share_above_one() -> None:
    assert resources(machine(array__rows=64, array__columns=64)).shares["luts"] > 1
    assert resources(machine(array__rows=16)).shares["luts"] < resources(SAT).shares["luts"]


def test_bytes_of_buffers_by_hand() -> None:
    own = job(Gemm(rows=64, contraction=64, columns=64), NMPattern(2, 8))
    out = scheduled(own, SAT.engine, ("os",), interleave=False)
    # Four tiles: 32 rows of 64 numbers, 16 of 64 in 32 columns with 3 bits besides, and sums.
    values = 32 * 16 * (2 + 3 / 8)
    assert buffer_bytes(out, SAT) == 4 * (32 * 64 * 2 + values + 1024 * 4)
    stay = scheduled(own, SAT.engine, ("ws",))
    # K of 16 is one tile down, two across: 64 rows of groups for 32 elements; sums in and out.
    values = 1024 * (2 + 3 / 8)
    assert buffer_bytes(stay, SAT) == 2 * (64 * 32 * 4 * 2 + values + 2 * 64 * 32 * 4)


@pytest.mark.parametrize("flow", DATAFLOWS)
def test_energy_is_that_of_arithmetic_buffers_and_memory(flow: str) -> None:
    own = job(Gemm(rows=64, contraction=64, columns=64))
    found = next(scheduled(own, SAT.engine, (one,)) for one in DATAFLOWS if one == flow)
    arithmetic = 64**3 * 2.0e-12
    buffers = 1.25e-12 * buffer_bytes(found, SAT)
    memory = 162.5e-12 * found.time.dram_bytes
    assert product_joules(found, SAT) == pytest.approx(arithmetic + buffers + memory)
    assert moving_joules(1000, SAT) == pytest.approx(162.5e-9)


def test_a_machine_that_costs_nothing() -> None:
    parts = ("multiply", "accumulate", "buffer_byte", "dram_byte")
    free = machine(**{f"energy__{part}": 0 for part in parts})
    assert step_time(layers(linear()), free, SatOptions()).joules == 0
