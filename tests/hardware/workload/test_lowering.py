from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import SettingError
from tidemill.hardware.workload.gemm import STAGES, Gemm
from tidemill.hardware.workload.layer import Layer
from tidemill.hardware.workload.lowering import network
from tidemill.models.products import BatchedProduct, ModelProducts, PointwiseWork, WeightProduct

SIDES = st.integers(1, 12)


@st.composite
def weighted(draw: st.DrawFn) -> WeightProduct:
    return WeightProduct(
        name=draw(st.sampled_from(["first", "second", "third"])),
        kind="convolution",
        inputs=draw(SIDES),
        outputs=draw(SIDES),
        window=(draw(SIDES), draw(SIDES)),
        stride=(draw(SIDES), draw(SIDES)),
        groups=draw(st.integers(1, 4)),
        rows=draw(SIDES),
        is_first=draw(st.booleans()),
    )


@st.composite
def models(draw: st.DrawFn) -> ModelProducts:
    products = draw(st.lists(weighted(), min_size=1, max_size=4))
    places = sorted(draw(st.lists(st.integers(0, len(products)), max_size=4)))
    attention = [
        BatchedProduct(
            name=f"attention {place}",
            after=place,
            count=draw(SIDES),
            rows=draw(SIDES),
            contraction=draw(SIDES),
            columns=draw(SIDES),
        )
        for place in places
    ]
    return ModelProducts(kind="any", places=1, products=tuple(products), attention=tuple(attention))


def lowered(product: WeightProduct, batch: int = 1) -> Layer:
    products = ModelProducts(kind="any", places=product.rows, products=(product,))
    return network(products, name="any", batch=batch).layers[0]


@given(product=weighted(), batch=st.integers(1, 8))
def test_either_backward_product_has_the_work_of_the_forward_one(
    product: WeightProduct, batch: int
) -> None:
    layer = lowered(product, batch)
    assert layer.macs("forward") == layer.macs("update") == batch * product.macs
    assert layer.macs("backward") == (0 if product.is_first else layer.macs("forward"))


@given(model=models(), batch=st.integers(1, 8))
def test_a_step_has_the_work_of_its_examples(model: ModelProducts, batch: int) -> None:
    step = network(model, name="any", batch=batch)
    assert sum(layer.macs("forward") for layer in step.layers) == batch * model.macs
    own = sum(product.macs * (2 if product.is_first else 3) for product in model.products)
    assert step.macs == batch * (own + 3 * model.attention_macs)
    assert step.weights == sum(product.weights for product in model.products)
    assert sum(layer.kind != "attention" for layer in step.layers) == len(model.products)


@given(product=weighted())
def test_phases_read_every_weight_once(product: WeightProduct) -> None:
    layer = lowered(product)
    if product.is_first:
        assert layer.stages["backward"] == ()
        return
    taps = [gemm.contraction // product.outputs for gemm in layer.stages["backward"]]
    assert sum(taps) == product.kernel
    # Brute force: which phase of the input does a weight of the window reach?
    phases = {
        (high % product.stride[0], wide % product.stride[1])
        for high in range(product.window[0])
        for wide in range(product.window[1])
    }
    assert len(taps) == len(phases)


@given(product=weighted())
def test_what_is_distinct_is_what_windows_see(product: WeightProduct) -> None:
    # Places that are seen, by places of all windows, of so many that borders hardly matter.
    count, share = 1_000, 1.0
    for side, step in zip(product.window, product.stride, strict=True):
        seen = {start * step + place for start in range(count) for place in range(side)}
        share *= len(seen) / (count * side)
    (forward,) = lowered(product).stages["forward"]
    assert float(forward.distinct) == pytest.approx(share, rel=0.03)


def test_a_convolution_with_strides_has_four_gradients() -> None:
    product = WeightProduct(
        name="down",
        kind="convolution",
        inputs=64,
        outputs=128,
        window=(3, 3),
        stride=(2, 2),
        rows=49,
    )
    layer = lowered(product, 2)
    assert layer.stages["forward"] == (
        Gemm(rows=98, contraction=576, columns=128, distinct=Fraction(4, 9)),
    )
    assert layer.stages["update"] == (
        Gemm(rows=576, contraction=98, columns=128, distinct=Fraction(4, 9)),
    )
    assert layer.stages["backward"] == tuple(
        Gemm(rows=98, contraction=128 * taps, columns=64, distinct=Fraction(1, taps))
        for taps in (4, 2, 2, 1)
    )
    assert (layer.inputs, layer.outputs, layer.weights) == (64, 128, 64 * 128 * 9)


def test_a_window_of_one_place_reaches_one_phase() -> None:
    product = WeightProduct(
        name="past", kind="convolution", inputs=8, outputs=16, stride=(2, 2), rows=9
    )
    layer = lowered(product)
    assert layer.stages["backward"] == (Gemm(rows=9, contraction=16, columns=8),)
    assert layer.stages["forward"][0].distinct == 1


def test_groups_are_products_by_themselves() -> None:
    product = WeightProduct(
        name="apart", kind="convolution", inputs=1, outputs=2, window=(3, 3), groups=32, rows=10
    )
    layer = lowered(product, 3)
    assert layer.stages["forward"] == (
        Gemm(rows=30, contraction=9, columns=2, count=32, distinct=Fraction(1, 9)),
    )
    assert all(gemm.count == 32 for stage in STAGES for gemm in layer.stages[stage])
    assert layer.weights == 32 * 9 * 2


def test_both_factors_of_attention_have_a_gradient() -> None:
    scores = BatchedProduct(name="own", after=1, count=2, rows=5, contraction=4, columns=7)
    mixed = BatchedProduct(name="own", after=1, count=2, rows=5, contraction=7, columns=4)
    linear = WeightProduct(name="linear", inputs=4, outputs=4, rows=5)
    last = WeightProduct(name="last", inputs=4, outputs=4, rows=5)
    model = ModelProducts(kind="any", places=5, products=(linear, last), attention=(scores, mixed))
    step = network(model, name="any", batch=3)
    assert [layer.name for layer in step.layers] == ["linear", "own", "last"]
    own = step.layers[1]
    assert own.stages["forward"] == (
        Gemm(rows=5, contraction=4, columns=7, count=6),
        Gemm(rows=5, contraction=7, columns=4, count=6),
    )
    assert own.stages["backward"] == (
        Gemm(rows=5, contraction=7, columns=4, count=6),
        Gemm(rows=4, contraction=5, columns=7, count=6),
        Gemm(rows=5, contraction=4, columns=7, count=6),
        Gemm(rows=7, contraction=5, columns=4, count=6),
    )
    assert own.stages["update"] == ()
    assert (own.kind, own.inputs, own.outputs, own.weights) == ("attention", 0, 0, 0)


def test_work_between_is_that_of_all_examples() -> None:
    work = PointwiseWork(name="norm", kind="layer-norm", elements=7)
    model = ModelProducts(kind="any", places=1, products=(), between=(work,))
    step = network(model, name="mine", batch=6, notes=["made up"])
    (found,) = step.between
    assert (found.name, found.kind, found.elements) == ("norm", "layer-norm", 42)
    assert (step.name, step.batch, step.notes) == ("mine", 6, ("made up",))


def test_why_a_layer_is_dense_is_passed_on() -> None:
    product = WeightProduct(name="last", inputs=4, outputs=4, rows=5, dense_because="it answers")
    assert lowered(product).dense_because == "it answers"


@pytest.mark.parametrize("batch", [0, -1, (1 << 31) + 1])
def test_a_batch_that_cannot_be_is_refused(batch: int) -> None:
    model = ModelProducts(kind="any", places=1, products=())
    with pytest.raises(SettingError, match="a batch of"):
        network(model, name="any", batch=batch)
