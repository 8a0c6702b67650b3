import pytest

from tests.hardware.sat.drafts import SAT, layers, linear, machine, published
from tidemill.hardware.sat.options import SatOptions
from tidemill.hardware.sat.part import StepPart
from tidemill.hardware.sat.step import step_time
from tidemill.hardware.sat.weights import pruning_cycles
from tidemill.sparsity.pattern import NMPattern

WEIGHTS = 64 * 128


def parts(unit: str, **options: object) -> list[StepPart]:
    """What a unit does for a layer of 64 inputs and 128 outputs."""
    found = step_time(layers(linear()), SAT, SatOptions(**options))  # type: ignore[arg-type]
    return [part for part in found.parts if part.unit == unit]


@pytest.mark.parametrize(
    ("elements", "pattern", "cycles"),
    [
        # 32 lanes take a group each, an element a cycle.
        (8, NMPattern(2, 8), 8),
        (32 * 8, NMPattern(2, 8), 8),
        (32 * 8 + 1, NMPattern(2, 8), 16),
        (32 * 16, NMPattern(2, 16), 16),
        (32 * 16, NMPattern(2, 4), 16),
        (WEIGHTS, NMPattern(2, 8), WEIGHTS // 32),
    ],
)
def test_pruning_takes_as_many_cycles_as_a_group_is_long(
    elements: int, pattern: NMPattern, cycles: int
) -> None:
    assert pruning_cycles(elements, pattern, SAT) == cycles


@pytest.mark.claim("bdwp.sat.pregeneration")
def test_pre_generation_hides_all_pruning_of_weights() -> None:
    assert parts("pruner") == []
    # On the declared machine memory takes as long as both prunings, and a dense update longer.
    (sparse,), (dense,) = parts("updater"), parts("updater", method="dense")
    assert sparse.cycles <= dense.cycles
    without = parts("pruner", pregenerate=False)
    assert [part.phase for part in without] == ["forward", "backward"]
    for part in without:
        assert part.compute == WEIGHTS // 32
        # FP16 in; 2 of 8 out, in FP16 with 3 bits each.
        assert part.dram_bytes == 2 * WEIGHTS + 2 * WEIGHTS // 4 + 3 * WEIGHTS // 4 // 8


@pytest.mark.parametrize(("method", "passes"), [("dense", 0), ("srste", 1), ("sdgp", 0)])
def test_without_pre_generation_weights_are_pruned_once_for_each_sparse_stage(
    method: str, passes: int
) -> None:
    found = parts("pruner", method=method, pregenerate=False)
    # Gradients, of which there are more, take 384 cycles.
    assert len([part for part in found if part.compute == WEIGHTS // 32]) == passes


@pytest.mark.claim("bdwp.sat.pregeneration")
def test_a_step_without_pre_generation_takes_longer() -> None:
    network = published("resnet18-64")
    ready, waited = (
        step_time(network, SAT, SatOptions(pregenerate=wanted)) for wanted in (True, False)
    )
    assert waited.cycles > ready.cycles
    assert waited.cycles_of(unit="array") == ready.cycles_of(unit="array")


# Momentum and master weights in FP32 come and go, and a gradient in FP16 comes: 18 bytes.
@pytest.mark.parametrize(
    ("options", "ready", "out"),
    [
        # For the next step weights in FP16.
        ({"method": "dense"}, 0, 2.0),
        # Packed for both passes, and in FP16 for neither.
        ({"method": "bdwp"}, 2, 2 * (2 + 3 / 8) / 4),
        # Packed for one, in FP16 for the other.
        ({"method": "srste"}, 1, (2 + 3 / 8) / 4 + 2),
        ({"method": "sdwp"}, 1, (2 + 3 / 8) / 4 + 2),
        # It is gradients that are pruned.
        ({"method": "sdgp"}, 0, 2.0),
        # Nothing is made ready.
        ({"method": "bdwp", "pregenerate": False}, 0, 2.0),
    ],
    ids=str,
)
def test_an_update_moves_what_the_next_step_needs(
    options: dict[str, object], ready: int, out: float
) -> None:
    (update,) = parts("updater", **options)
    assert update.dram_bytes == WEIGHTS * (18 + out)
    # 32 lanes update 32 weights a cycle; SORE takes as long for each pass that is made ready.
    assert update.compute == max(1, ready) * WEIGHTS // 32
    assert update.cycles == max(update.compute, SAT.engine.dram_cycles(update.dram_bytes))


def test_fewer_lanes_update_more_slowly() -> None:
    slow = machine(wuve__lanes=4)
    found = step_time(layers(linear()), slow, SatOptions()).parts[-1]
    assert found.unit == "updater"
    assert found.compute == WEIGHTS // 4


def test_a_layer_without_a_backward_pass_needs_no_weights_for_it() -> None:
    found = step_time(layers(linear(first=True)), SAT, SatOptions()).parts[-1]
    assert found.dram_bytes == WEIGHTS * (18 + (2 + 3 / 8) / 4)
    assert found.compute == WEIGHTS // 32


def test_a_layer_that_stays_dense_is_written_in_full() -> None:
    found = step_time(layers(linear(because="so it is")), SAT, SatOptions()).parts[-1]
    assert found.dram_bytes == WEIGHTS * (18 + 2)
