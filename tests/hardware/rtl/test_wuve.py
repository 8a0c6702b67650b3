import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("amaranth")

from tests.hardware.rtl.driving import driven
from tests.hardware.rtl.vectors import Vectors
from tidemill.hardware.rtl.formats import HALF, SINGLE
from tidemill.hardware.rtl.reference import Constants, update
from tidemill.hardware.rtl.wuve import WuveLane

OUTPUTS = ("weight_out", "velocity_out", "half_out", "valid_out")
CONSTANTS = Constants(*np.array([0.9, 0.05, 5e-4, 7e-4], np.float32))


def singles(seed: int, count: int) -> NDArray[np.float32]:
    """A third each like a network's, near the ends, and any bits."""
    vectors = Vectors(SINGLE, np.random.default_rng(seed))
    usual = vectors.chance.normal(0, 0.05, count).astype(np.float32).view(np.uint32)
    hard = vectors.chance.choice(vectors.extremes, count)
    kind = vectors.chance.integers(0, 3, count)
    return np.choose(kind, [usual, hard, vectors.some(count)]).astype(np.uint32).view(np.float32)


def halves(seed: int, count: int) -> NDArray[np.float16]:
    vectors = Vectors(HALF, np.random.default_rng(seed))
    usual = vectors.chance.normal(0, 0.01, count).astype(np.float16).view(np.uint16)
    hard = vectors.chance.choice(vectors.extremes, count)
    kind = vectors.chance.integers(0, 2, count)
    return np.choose(kind, [usual, hard]).astype(np.uint16).view(np.float16)


def check(lane: WuveLane, count: int, constants: Constants) -> None:
    """Compare a lane's updates with the reference's, and ``valid`` with what was given."""
    chance = np.random.default_rng(count)
    weight, velocity, gradient = singles(1, count), singles(2, count), halves(3, count)
    kept, valid = chance.integers(0, 2, (2, count)).astype(bool)
    seen = driven(
        lane,
        {
            "weight": weight.view(np.uint32),
            "velocity": velocity.view(np.uint32),
            "gradient": gradient.view(np.uint16),
            "kept": kept,
            "valid": valid,
        },
        OUTPUTS,
        constants={name: int(value.view(np.uint32)) for name, value in constants._asdict().items()},
        clocks=count + lane.latency - 1,
    )
    assert not seen["valid_out"][: lane.latency - 1].any()
    late = {name: values[lane.latency - 1 :] for name, values in seen.items()}
    expected = update(weight, velocity, gradient, kept, constants=constants)
    np.testing.assert_array_equal(late["valid_out"], valid)
    np.testing.assert_array_equal(late["velocity_out"], expected.velocity.view(np.uint32))
    np.testing.assert_array_equal(late["weight_out"], expected.weight.view(np.uint32))
    np.testing.assert_array_equal(late["half_out"], expected.half.view(np.uint16))


@pytest.mark.claim("bdwp.sat.wuve")
@pytest.mark.slow
def test_updates_are_those_of_the_reference_bit_by_bit() -> None:
    lane = WuveLane()
    assert lane.latency == 19
    check(lane, 10_000, CONSTANTS)


@pytest.mark.parametrize(("multiplier", "adder"), [(1, 1), (2, 5), (4, 3)])
def test_latencies_may_be_chosen(multiplier: int, adder: int) -> None:
    lane = WuveLane(multiplier_latency=multiplier, adder_latency=adder)
    assert lane.latency == 2 * multiplier + 3 * adder + 1
    check(lane, 150, Constants(*np.array([-0.0, 3e38, 1e-40, -1e30], np.float32)))
