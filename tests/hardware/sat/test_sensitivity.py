from tests.hardware.sat.drafts import published
from tidemill.hardware.machine.description import read_machine
from tidemill.hardware.sat.machine import SatMachine, sat_machine
from tidemill.hardware.sat.options import SatOptions
from tidemill.hardware.sat.sensitivity import sensitivities
from tidemill.hardware.sat.step import step_time

MACHINE = read_machine("sat-vcu1525")


def speedup(machine: SatMachine) -> float:
    network = published("resnet18-64")
    dense, sparse = (
        step_time(network, machine, SatOptions(method=name)) for name in ("dense", "bdwp")
    )
    return dense.cycles / sparse.cycles


def one(_: SatMachine) -> float:
    return 1.0


def test_what_is_known_stays_but_bandwidth() -> None:
    keys = {found.key: found.status for found in sensitivities(MACHINE, one)}
    known = {"published", "measured"}
    timed = {
        key
        for key, constant in MACHINE.constants.items()
        if constant.status not in known and not key.startswith(("energy.", "units.", "board."))
    }
    assert keys.keys() == timed | {"dram.bytes_per_second", "array.rows and array.columns"}
    assert {"sore.lanes", "numbers.operand_bytes", "clock.hertz"} <= keys.keys()
    assert all(
        MACHINE.constants[key.split(" and ")[0]].status == status for key, status in keys.items()
    )


def test_bandwidth_is_varied_even_where_it_is_known() -> None:
    known = MACHINE.changed({"dram.bytes_per_second": 1_000_000_000}, status="published")
    assert "dram.bytes_per_second" in {found.key for found in sensitivities(known, one)}
    assert "sore.lanes" not in {
        found.key
        for found in sensitivities(MACHINE.changed({"sore.lanes": 32}, status="measured"), one)
    }


def test_both_sides_of_the_array_are_varied_together() -> None:
    last = list(sensitivities(MACHINE, lambda found: float(found.engine.array.elements)))[-1]
    assert last.key == "array.rows and array.columns"
    assert last.results == ((16, 256.0), (64, 4096.0))


def test_each_is_halved_and_doubled_and_lists_are_one_less_and_one_more() -> None:
    tried = {
        found.key: tuple(value for value, _ in found.results)
        for found in sensitivities(MACHINE, one)
    }
    assert tried["array.rows"] == (16, 64)
    assert tried["array.multiply_latency"] == (1, 2)
    assert tried["dram.efficiency"] == (0.4, 1.0)
    assert tried["vector.batch-norm"] == ((0, 1), (2, 3))
    assert tried["vector.relu"] == ((0, 0), (1, 1))


def test_the_machine_that_is_asked_for_is_the_one_that_is_computed() -> None:
    seen = [
        (one.key, [(value, result) for value, result in one.results])
        for one in sensitivities(MACHINE, lambda machine: machine.vector_lanes)
    ]
    assert ("vector.lanes", [(16, 16), (64, 64)]) in seen
    assert all(
        result == 32 for key, results in seen if key != "vector.lanes" for _, result in results
    )


def test_less_of_what_is_not_sparse_raises_the_speed_up() -> None:
    told = {
        found.key: [result or 0.0 for _, result in found.results]
        for found in sensitivities(MACHINE, speedup)
    }
    # A ResNet has no softmax, so that nothing hangs on it.
    (usual,) = set(told["vector.softmax"])
    assert usual == speedup(sat_machine(MACHINE))
    # The work between products is as long as ever: fewer lanes make it a larger share of a step.
    slow, fast = told["vector.lanes"]
    assert slow < usual < fast
    short, long = told["vector.batch-norm"]
    assert long < usual < short
    # A larger array is through with its products sooner, and waits more for what is between.
    small, large = told["array.rows"]
    assert large < usual < small
    assert told["dram.bytes_per_second"][0] < usual


def test_a_machine_that_cannot_be_has_no_result() -> None:
    # Half of these buffers is too little for the array's sums, and double the rows are too many.
    small = MACHINE.changed({"buffers.result_bytes": 8_192})
    told = {found.key: dict(found.results) for found in sensitivities(small, one)}
    assert told["buffers.result_bytes"] == {4_096: None, 16_384: 1.0}
    assert told["array.rows"] == {16: 1.0, 64: None}
