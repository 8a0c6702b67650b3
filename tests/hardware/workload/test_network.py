from fractions import Fraction

from tidemill.hardware.workload.gemm import Gemm
from tidemill.hardware.workload.layer import Layer
from tidemill.hardware.workload.network import Network

PRODUCT = Gemm(rows=2, contraction=3, columns=5, count=7)
LAYER = Layer(
    name="only",
    kind="linear",
    stages={"forward": (PRODUCT,), "backward": (PRODUCT, PRODUCT), "update": ()},
    inputs=3,
    outputs=5,
    weights=15,
)


def test_a_product_is_counted_as_often_as_it_is_made() -> None:
    assert PRODUCT.macs == 2 * 3 * 5 * 7
    assert PRODUCT.distinct == Fraction(1)


def test_a_layer_counts_stage_by_stage() -> None:
    stages = [LAYER.macs(stage) for stage in ("forward", "backward", "update")]
    assert stages == [210, 420, 0]


def test_a_network_is_the_sum_of_its_layers() -> None:
    step = Network(name="two", batch=1, layers=(LAYER, LAYER))
    assert (step.macs, step.weights) == (2 * 630, 30)
    assert Network(name="none", batch=1, layers=()).macs == 0
