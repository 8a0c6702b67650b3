import pytest

from tests.hardware.sat.drafts import SAT, layers, linear
from tidemill.core.errors import SettingError
from tidemill.hardware.sat.job import Job
from tidemill.hardware.sat.options import SatOptions, Sparse
from tidemill.hardware.sat.step import step_time
from tidemill.hardware.workload.gemm import STAGES
from tidemill.hardware.workload.layer import Layer
from tidemill.hardware.workload.lowering import network
from tidemill.models.products import BatchedProduct, ModelProducts
from tidemill.sparsity.methods import METHODS
from tidemill.sparsity.pattern import NMPattern

# Stages whose product is sparse, by arXiv 2309.13015 and the papers that METHODS names.
SPARSE = {
    "dense": (),
    "srste": ("forward",),
    "sdgp": ("backward",),
    "sdwp": ("backward",),
    "bdwp": ("forward", "backward"),
    "bimask": ("forward", "backward"),
    "transposable": ("forward", "backward"),
}


def layer(inputs: int = 64, outputs: int = 128, because: str = "") -> Layer:
    return layers(linear(inputs=inputs, outputs=outputs, because=because)).layers[0]


def the_job(options: SatOptions, stage: str) -> Job:
    """The product of a stage of one layer with 96 tokens, 64 inputs and 128 outputs."""
    step = step_time(layers(linear()), SAT, options)
    (found,) = (part.scheduled for part in step.parts if part.scheduled and part.phase == stage)
    return found.job


def test_every_method_is_known_here() -> None:
    assert SPARSE.keys() == METHODS.keys()


@pytest.mark.parametrize("name", METHODS)
def test_what_each_method_makes_sparse(name: str) -> None:
    options = SatOptions(method=name, pattern=NMPattern(2, 4))
    found = {stage: options.sparse(layer(), stage) for stage in STAGES}
    assert tuple(stage for stage in STAGES if found[stage]) == SPARSE[name]
    for stage in SPARSE[name]:
        is_left = name == "sdgp"
        assert found[stage] == Sparse(pattern=NMPattern(2, 4), is_left=is_left)  # type: ignore[index]
    kept = {stage: the_job(options, stage).pattern for stage in STAGES}
    assert tuple(stage for stage in STAGES if not kept[stage].is_dense) == SPARSE[name]


@pytest.mark.parametrize("name", METHODS)
def test_weights_are_pruned_for_the_stages_whose_weights_are_sparse(name: str) -> None:
    options = SatOptions(method=name)
    pruned = tuple(stage for stage in STAGES if options.prunes_weights(layer(), stage))
    assert pruned == (() if name == "sdgp" else SPARSE[name])


def test_gradients_that_are_pruned_swap_the_sides_of_the_product() -> None:
    weights, gradients = (the_job(SatOptions(method=name), "backward") for name in ("sdwp", "sdgp"))
    # dX = dY W of 96 x 128 x 64; with dY packed it is dX^T = W^T dY^T.
    assert (weights.shape.rows, weights.shape.depth, weights.shape.columns) == (96, 32, 64)
    assert (gradients.shape.rows, gradients.shape.depth, gradients.shape.columns) == (64, 32, 96)
    assert gradients.contraction == weights.contraction == 128


@pytest.mark.parametrize("pregenerate", [True, False])
def test_gradients_are_pruned_in_the_step_whatever_was_made_ready(pregenerate: bool) -> None:
    options = SatOptions(method="sdgp", pregenerate=pregenerate)
    parts = step_time(layers(linear()), SAT, options).parts
    (pruning,) = (part for part in parts if part.unit == "pruner")
    assert (pruning.phase, pruning.layer) == ("backward", "layer")
    # 96 x 128 gradients are 1,536 groups of 8, which 32 lanes take 48 at a time: 8 cycles each.
    assert pruning.compute == 48 * 8
    # FP16 in; of 8 two out, in FP16 with 3 bits to say which.
    assert pruning.dram_bytes == 2 * 12_288 + 2 * 3_072 + 3_072 * 3 // 8


@pytest.mark.parametrize(
    ("name", "inputs", "outputs", "why"),
    [
        ("bdwp", 60, 128, "its 60 inputs do not divide into groups of 8"),
        ("bdwp", 64, 1_001, "its 1,001 outputs do not divide into groups of 8"),
        ("srste", 60, 128, "its 60 inputs do not divide into groups of 8"),
        ("srste", 64, 100, ""),
        ("sdwp", 60, 128, ""),
        ("sdgp", 60, 128, ""),
        ("sdgp", 64, 100, "its 100 outputs do not divide into groups of 8"),
        ("dense", 60, 100, ""),
    ],
)
def test_what_does_not_divide_stays_dense(name: str, inputs: int, outputs: int, why: str) -> None:
    options, own = SatOptions(method=name), layer(inputs, outputs)
    assert options.why_dense(own) == why
    if why:
        assert [options.sparse(own, stage) for stage in STAGES] == [None] * 3


def test_what_the_model_keeps_dense_stays_so() -> None:
    own = layer(because="its outputs are the answer")
    assert SatOptions().why_dense(own) == "its outputs are the answer"
    assert SatOptions().sparse(own, "forward") is None


def test_attention_has_no_weights_to_prune() -> None:
    attention = BatchedProduct(name="heads", count=2, rows=32, contraction=16, columns=32)
    model = ModelProducts(kind="any", places=32, products=(linear(),), attention=(attention,))
    heads, weighted = network(model, name="any", batch=1).layers
    assert SatOptions().why_dense(heads) == "it has no weights"
    assert SatOptions().sparse(heads, "forward") is None
    assert SatOptions().sparse(weighted, "forward") is not None
    parts = step_time(network(model, name="any", batch=1), SAT, SatOptions()).parts
    assert [part.what for part in parts if part.layer == "heads"] == [
        "product",
        "product 1",
        "product 2",
    ]


def test_a_pattern_that_keeps_everything_prunes_nothing() -> None:
    options = SatOptions(pattern=NMPattern(8, 8))
    assert options.sparse(layer(), "forward") is None
    assert not options.prunes_weights(layer(), "forward")


def test_dataflows_and_methods_by_their_names() -> None:
    assert SatOptions().dataflows == ("os", "ws")
    assert SatOptions(schedule="ws").dataflows == ("ws",)
    assert SatOptions().rule is METHODS["bdwp"]
    with pytest.raises(SettingError, match="there is no method 'magic'"):
        SatOptions(method="magic").sparse(layer(), "forward")
