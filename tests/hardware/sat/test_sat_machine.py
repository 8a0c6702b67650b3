from fractions import Fraction

import pytest

from tests.hardware.sat.drafts import SAT, machine
from tidemill.core.errors import InputError
from tidemill.hardware.machine.constant import Value
from tidemill.hardware.machine.description import MachineDescription, read_machine
from tidemill.hardware.sat.machine import sat_machine

MACHINE = read_machine("sat-vcu1525")


def without(key: str) -> MachineDescription:
    constants = {name: one for name, one in MACHINE.constants.items() if name != key}
    return described(constants)


def described(constants: object, kind: str = "sat") -> MachineDescription:
    return MachineDescription(
        kind=kind,
        name="mine",
        about="A machine.",
        path="mine.toml",
        constants=constants,  # type: ignore[arg-type]
    )


def test_the_declared_machine_is_what_its_file_says() -> None:
    assert (SAT.engine.array.rows, SAT.engine.array.columns) == (32, 32)
    assert SAT.engine.array.accumulate_latency == 4
    # 76.8 GB/s of which 0.8 are used, at 200 MHz.
    assert SAT.engine.dram_bytes_per_cycle == Fraction(3072, 10)
    assert SAT.seconds(400_000_000) == 2.0
    assert SAT.passes["batch-norm"] == (1, 2)
    assert SAT.passes["relu"] == (0, 0)
    assert SAT.energy.multiply == 1.1e-12
    assert SAT.units.updater_dsps == MACHINE.constants["units.updater_dsps"].value
    assert SAT.board.dsps == 6_840
    assert SAT.constants is not None
    assert SAT.constants["array.rows"].value == 32


def test_memory_gives_whole_bytes_in_whole_cycles() -> None:
    engine = machine(dram__bytes_per_second=1_000_000_000, dram__efficiency=0.7).engine
    assert engine.dram_bytes_per_cycle == Fraction(7, 2)
    assert [engine.dram_cycles(moved) for moved in (0, 1, 3, 4, 7, 8)] == [0, 1, 1, 2, 2, 3]


@pytest.mark.claim("bdwp.sat.refusals")
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dram.bytes_per_second": 0}, "dram.bytes_per_second: it is 0"),
        ({"dram.efficiency": 0}, "dram.efficiency: it is 0"),
        ({"dram.efficiency": 1.5}, "dram.efficiency: it is 1.5"),
        ({"dram.efficiency": 1e-300}, "dram.efficiency: it is 1e-300"),
        ({"array.rows": 0}, "array.rows: it is 0"),
        ({"array.rows": 31.5}, "array.rows: it is 31.5"),
        ({"array.rows": 4_097}, "array: an array with rows 4097"),
        ({"array.accumulate_latency": 65}, "array: an array with accumulate_latency 65"),
        ({"clock.hertz": 0}, "clock.hertz: it is 0"),
        ({"numbers.operand_bytes": 0.5}, "numbers.operand_bytes: it is 0.5"),
        ({"vector.lanes": 0}, "vector.lanes: it is 0"),
        ({"vector.relu": (1,)}, "vector.relu: no two numbers"),
        ({"vector.relu": (1, 2, 3)}, "vector.relu: no two numbers"),
        ({"units.element_luts": 0.5}, "units.element_luts: it is 0.5"),
        ({"board.luts": 0}, "board.luts: it is 0"),
        ({"buffers.left_bytes": 40_000_000}, "buffers: they take 48,388,608 bytes"),
        ({"buffers.result_bytes": 8_191}, "array: one sum of each of its 1,024 elements, twice"),
        ({"array.rows": 4_096, "array.columns": 4_096}, "and the buffer for results has 4,194,304"),
        ({"numbers.partial_bytes": 4_096}, "takes 8,388,608 bytes"),
    ],
    ids=str,
)
def test_machines_that_cannot_be_are_refused_by_file_and_constant(
    changes: dict[str, Value], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        sat_machine(MACHINE.changed(changes))
    assert message in caught.value.message
    assert caught.value.path == "sat-vcu1525"
    assert caught.value.hint


def test_the_smallest_buffer_for_results_that_the_array_can_work_with() -> None:
    assert machine(buffers__result_bytes=8_192).engine.buffers.result == 8_192


@pytest.mark.parametrize("key", ["array.rows", "dram.efficiency", "vector.softmax", "board.dsps"])
def test_a_constant_that_is_missing_is_named(key: str) -> None:
    with pytest.raises(InputError, match=f"mine.toml: {key}: it is missing"):
        sat_machine(without(key))


def test_a_constant_that_is_unknown_is_named_before_what_is_missing() -> None:
    constants = dict(without("array.rows").constants)
    constants["array.rowz"] = MACHINE.constants["array.rows"]
    with pytest.raises(InputError, match=r"mine.toml: array\.rowz: no constant of SAT") as caught:
        sat_machine(described(constants))
    assert caught.value.hint is not None
    assert "array.rows" in caught.value.hint


def test_a_list_is_no_number_and_a_number_no_list() -> None:
    constants = dict(MACHINE.constants)
    constants["array.rows"] = constants["vector.softmax"]
    with pytest.raises(InputError, match=r"array\.rows: a list"):
        sat_machine(described(constants))
    constants = dict(MACHINE.constants)
    constants["vector.softmax"] = constants["array.rows"]
    with pytest.raises(InputError, match=r"vector\.softmax: no two numbers"):
        sat_machine(described(constants))


def test_a_machine_of_another_kind_is_none_of_ours() -> None:
    with pytest.raises(InputError, match="a machine of kind 'dlt'") as caught:
        sat_machine(described(MACHINE.constants, kind="dlt"))
    assert caught.value.hint == "Kinds: sat"


def test_energy_and_area_may_be_nothing() -> None:
    free = machine(energy__multiply=0, energy__dram_byte=0, units__element_dsps=0)
    assert (free.energy.multiply, free.units.element_dsps) == (0, 0)
