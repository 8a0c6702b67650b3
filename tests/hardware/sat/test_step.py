from dataclasses import replace

import pytest

from tests.hardware.sat.drafts import SAT, layers, linear, machine, published
from tidemill.core.errors import CapacityError
from tidemill.hardware.sat.options import SatOptions
from tidemill.hardware.sat.part import UNITS
from tidemill.hardware.sat.step import step_time
from tidemill.hardware.workload.gemm import STAGES
from tidemill.models.products import PointwiseWork
from tidemill.sparsity.pattern import NMPattern

FOUR = (NMPattern(2, 4), NMPattern(2, 8), NMPattern(2, 16), NMPattern(4, 16))

# Percent of a step's multiply-accumulates that 2:4, 2:8 and 2:16 BDWP save: counted exactly over
# the layers that the papers list. The first convolution and the classifier stay dense, and the
# weights' gradients are in every layer.
SAVED = {
    "resnet9": (33.2, 49.8, 58.2),
    "vgg19": (33.2, 49.8, 58.2),
    "resnet18-64": (33.3, 49.9, 58.2),
    "resnet18": (31.8, 47.8, 55.7),
    "resnet50": (32.7, 49.0, 57.2),
}


@pytest.mark.claim("bdwp.sat.macs")
@pytest.mark.parametrize("pattern", FOUR, ids=str)
@pytest.mark.parametrize("name", ["srste", "sdgp", "sdwp", "bdwp", "bimask", "transposable"])
def test_the_share_of_the_work_that_is_left_is_exactly_that_of_the_method(
    name: str, pattern: NMPattern
) -> None:
    step = step_time(layers(linear()), SAT, SatOptions(method=name, pattern=pattern))
    assert step.dense_macs == 3 * 96 * 64 * 128
    # One of three products, or two, have N of M of their multiply-accumulates.
    sparse = 1 if name in {"srste", "sdgp", "sdwp"} else 2
    left = sparse * pattern.n + (3 - sparse) * pattern.m
    assert step.macs * 3 * pattern.m == step.dense_macs * left


@pytest.mark.claim("bdwp.sat.macs")
@pytest.mark.parametrize("name", SAVED)
def test_published_networks_save_what_their_layers_say(name: str) -> None:
    network = published(name)
    saved = []
    for pattern in FOUR[:3]:
        step = step_time(network, SAT, SatOptions(pattern=pattern))
        assert step.dense_macs == network.macs
        saved.append(round(100 * (1 - step.macs / step.dense_macs), 1))
    assert tuple(saved) == SAVED[name]


def test_a_dense_step_drops_nothing() -> None:
    step = step_time(layers(linear()), SAT, SatOptions(method="dense"))
    assert step.macs == step.dense_macs
    assert {part.unit for part in step.parts} == {"array", "updater"}


def test_parts_add_up() -> None:
    step = step_time(published("vit"), SAT, SatOptions(pregenerate=False))
    assert sum(step.cycles_of(phase=phase) for phase in STAGES) == step.cycles
    assert sum(step.cycles_of(unit=unit) for unit in UNITS) == step.cycles
    assert all(step.cycles_of(unit=unit) for unit in UNITS)
    pairs = [(phase, unit) for phase in STAGES for unit in UNITS]
    assert sum(step.cycles_of(phase=one, unit=other) for one, other in pairs) == step.cycles
    assert step.cycles_of() == step.cycles == sum(part.cycles for part in step.parts)
    assert step.seconds == step.cycles / 200e6
    assert step.dram_bytes == sum(part.dram_bytes for part in step.parts)
    assert step.joules == pytest.approx(sum(part.joules for part in step.parts))
    assert step.ideal == sum(part.ideal for part in step.parts if part.unit == "array")
    assert step.utilisation == step.macs / (step.cycles * 1024)
    for part in step.parts:
        assert part.cycles >= part.compute
        assert part.cycles >= SAT.engine.dram_cycles(part.dram_bytes)


def test_nobody_asks_for_the_gradient_of_what_the_first_layer_reads() -> None:
    parts = step_time(layers(linear("one", first=True), linear("two")), SAT, SatOptions()).parts
    made = [(part.layer, part.phase) for part in parts if part.unit == "array"]
    assert made == [
        ("one", "forward"),
        ("two", "forward"),
        ("two", "backward"),
        ("two", "update"),
        ("one", "update"),
    ]


def test_every_layer_with_weights_is_updated_once_after_everything() -> None:
    step = step_time(published("vit"), SAT, SatOptions())
    weighted = [layer.name for layer in published("vit").layers if layer.weights]
    assert [part.layer for part in step.parts if part.unit == "updater"] == weighted
    assert [part.layer for part in step.parts[-len(weighted) :]] == weighted
    assert {part.phase for part in step.parts if part.unit == "updater"} == {"update"}


def test_work_between_products_goes_over_its_elements_as_often_as_the_machine_says() -> None:
    work = PointwiseWork(name="norm", kind="batch-norm", elements=1_000)
    step = step_time(layers(linear(), between=[work]), SAT, SatOptions())
    once, twice = (part for part in step.parts if part.unit == "vector")
    assert (once.phase, once.what, twice.phase) == ("forward", "batch-norm", "backward")
    # 32 lanes; a pass reads and writes two bytes an element, at 307.2 bytes a cycle.
    assert (once.compute, once.dram_bytes) == (32, 4_000)
    assert (twice.compute, twice.dram_bytes) == (63, 8_000)
    assert once.cycles == 32
    slow = machine(dram__bytes_per_second=200_000_000)
    (first, _) = (
        part
        for part in step_time(layers(linear(), between=[work]), slow, SatOptions()).parts
        if part.unit == "vector"
    )
    # At 0.8 of a byte a cycle memory is what is waited for.
    assert (first.compute, first.cycles) == (32, 5_000)


def test_work_without_a_pass_is_no_part() -> None:
    work = [
        PointwiseWork(name="act", kind="relu", elements=64),
        PointwiseWork(name="sum", kind="add", elements=64),
    ]
    parts = step_time(layers(linear(), between=work), SAT, SatOptions()).parts
    assert [(part.layer, part.phase) for part in parts if part.unit == "vector"] == [
        ("sum", "forward")
    ]


def test_backward_goes_the_other_way() -> None:
    work = [PointwiseWork(name=name, kind="gelu", elements=64) for name in ("one", "two")]
    parts = step_time(layers(linear(), between=work), SAT, SatOptions()).parts
    between = [(part.layer, part.phase) for part in parts if part.unit == "vector"]
    assert between == [
        ("one", "forward"),
        ("two", "forward"),
        ("two", "backward"),
        ("one", "backward"),
    ]


@pytest.mark.claim("bdwp.sat.refusals")
def test_a_layer_that_does_not_fit_is_named_with_its_stage() -> None:
    small = machine(
        array__rows=4, array__columns=4, buffers__left_bytes=32, buffers__result_bytes=128
    )
    with pytest.raises(CapacityError, match=r"wide, forward: a product of .* does not fit") as no:
        step_time(layers(linear("wide")), small, SatOptions())
    assert no.value.hint == "Make a buffer of the machine larger, or its array smaller."


def test_sparse_products_save_the_array_what_they_save_of_the_work() -> None:
    network = published("resnet18-64")
    dense, sparse = (step_time(network, SAT, SatOptions(method=name)) for name in ("dense", "bdwp"))
    assert sparse.cycles < dense.cycles
    assert sparse.dram_bytes < dense.dram_bytes
    assert sparse.joules < dense.joules
    for phase in ("forward", "backward"):
        assert sparse.cycles_of(phase=phase, unit="array") < 0.4 * dense.cycles_of(
            phase=phase, unit="array"
        )
    assert sparse.cycles_of(phase="update", unit="array") == dense.cycles_of(
        phase="update", unit="array"
    )


def test_more_of_the_machine_takes_no_longer() -> None:
    network = published("resnet18-64")
    usual = step_time(network, SAT, SatOptions()).cycles
    engine = replace(SAT.engine, dram_bytes_per_cycle=10 * SAT.engine.dram_bytes_per_cycle)
    assert step_time(network, replace(SAT, engine=engine), SatOptions()).cycles < usual
    more = (
        replace(SAT, vector_lanes=64),
        replace(SAT, update_lanes=64),
        replace(SAT, pruning_lanes=64),
    )
    for better in more:
        assert step_time(network, better, SatOptions()).cycles <= usual
