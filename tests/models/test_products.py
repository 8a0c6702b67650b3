"""The products of a model without torch are those of its torch modules."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from torch import nn

from tests.models.drafts import GATED, RESNET, TEXT, TYPES, VIT, encoder
from tidemill.core.errors import ExpertError
from tidemill.models.classifiers import new_classifier
from tidemill.models.convolution import Convolution
from tidemill.models.encoder import Encoder
from tidemill.models.product_readers import PLANNED_TYPES, model_products
from tidemill.models.seq2seq.model import Seq2Seq
from tidemill.models.static import StaticConfig
from tidemill.sparsity.layers import chosen_layers
from tidemill.sparsity.spec import Sparsity

MODELS: dict[str, tuple[Mapping[str, object], nn.Module]] = {
    "mean": (encoder().to_dict(), Encoder(encoder())),
    "pooler": (encoder(pooling="pooler").to_dict(), Encoder(encoder(pooling="pooler"))),
    "weighted": (encoder(pooling="weighted").to_dict(), Encoder(encoder(pooling="weighted"))),
    "convolution": (TEXT.to_dict(), Convolution(TEXT)),
    "seq2seq": (TYPES.to_dict(), Seq2Seq(TYPES)),
    "gated seq2seq": (GATED.to_dict(), Seq2Seq(GATED)),
    "resnet9": (RESNET.to_dict(), new_classifier(RESNET)),
    "vit": (VIT.to_dict(), new_classifier(VIT)),
}
each_model = pytest.mark.parametrize(("facts", "network"), MODELS.values(), ids=MODELS)


@each_model
def test_the_layers_of_the_modules_are_there_with_their_sides(
    facts: Mapping[str, object], network: nn.Module
) -> None:
    weights = {
        name: part.weight
        for name, part in network.named_modules()
        if isinstance(part, nn.Linear | nn.Conv2d)
    }
    products = {product.name: product for product in model_products(facts).products}
    assert set(products) == set(weights)
    for name, weight in weights.items():
        assert (products[name].outputs, products[name].inputs) == tuple(weight.shape[:2])
        assert products[name].outputs * products[name].contraction == weight.numel()
        assert (products[name].kind == "convolution") is (weight.dim() == 4)


@each_model
def test_those_that_may_be_sparse_are_those_that_training_makes_sparse(
    facts: Mapping[str, object], network: nn.Module
) -> None:
    chosen = chosen_layers(network, Sparsity.parse("2:8"), None)
    free = {product.name for product in model_products(facts).products if not product.dense_because}
    assert free == set(chosen)


def test_rows_are_counted_where_a_product_is_made() -> None:
    rows = {product.name: product.rows for product in model_products(RESNET.to_dict()).products}
    assert rows["stem.convolution"] == rows["layer1.convolution"] == 256
    assert rows["residual1.second.convolution"] == rows["layer2.convolution"] == 64
    assert (rows["layer3.convolution"], rows["residual3.first.convolution"]) == (16, 4)
    found = model_products(encoder(max_tokens=20, max_nodes=5, pooling="weighted").to_dict())
    rows = {product.name: product.rows for product in found.products}
    assert (found.places, found.unit) == (25, "tokens")
    assert rows["encoder.layer.0.output.dense"] == 25
    assert (rows["importance"], rows["projection"]) == (20, 1)


def test_what_is_read_and_what_is_written_are_counted_apart() -> None:
    found = model_products(GATED.to_dict())
    rows = {product.name: product.rows for product in found.products}
    assert (found.places, found.unit) == (20, "tokens")
    assert rows["encoder.block.2.layer.1.DenseReluDense.wi_1"] == 20
    source = "decoder.block.1.layer.1.EncDecAttention"
    assert [rows[f"{source}.{part}"] for part in "qkvo"] == [6, 20, 20, 6]
    assert rows["decoder.block.0.layer.0.SelfAttention.k"] == rows["lm_head"] == 6
    # Of itself in three layers, of itself and of the input in two.
    assert found.attention_macs == 2 * (3 * 20 * 20 + 2 * (6 * 6 + 6 * 20)) * GATED.inner_size


def test_attention_is_two_products_of_places_by_places() -> None:
    assert model_products(VIT.to_dict()).attention_macs == 2 * 2 * 16 * 16 * 16
    assert model_products(RESNET.to_dict()).attention_macs == 0


def test_attention_is_noted_after_the_products_that_it_reads() -> None:
    scores, mixed = model_products(VIT.to_dict()).attention[2:]
    assert (scores.name, scores.after) == (mixed.name, mixed.after) == ("blocks.1.attention", 6)
    assert (scores.count, scores.rows, scores.contraction, scores.columns) == (2, 16, 8, 16)
    assert (mixed.rows, mixed.contraction, mixed.columns) == (16, 16, 8)


def test_windows_and_strides_are_those_of_the_convolutions() -> None:
    first = model_products(VIT.to_dict()).products[0]
    assert (first.window, first.stride, first.kernel, first.contraction) == ((4, 4), (4, 4), 16, 48)
    assert first.macs == 16 * first.weights == 16 * 48 * 16
    found = model_products(RESNET.to_dict())
    assert {(one.window, one.stride) for one in found.products[:-1]} == {((3, 3), (1, 1))}
    assert found.macs == sum(product.macs for product in found.products)


def test_neighbours_are_a_product_for_each_channel() -> None:
    config = replace(TYPES, neighbours=2)
    first = model_products(config.to_dict()).products[0]
    assert first.name == "neighbours"
    assert first.dense_because
    assert (first.groups, first.contraction, first.outputs, first.rows) == (16, 5, 1, 20)
    assert first.weights == Seq2Seq(config).get_parameter("neighbours.weight").numel()


def test_work_between_products_is_in_its_place() -> None:
    found = model_products(RESNET.to_dict()).between
    pools = [work.elements for work in found if work.kind == "max-pool"]
    assert pools == [16 * 16**2, 32 * 8**2, 64 * 4**2, 64 * 2**2]
    assert [(work.name, work.kind) for work in found[:3]] == [
        ("stem.norm", "batch-norm"),
        ("stem", "relu"),
        ("layer1.norm", "batch-norm"),
    ]


def test_only_pixels_have_no_gradient() -> None:
    for facts, _ in MODELS.values():
        first = [product.name for product in model_products(facts).products if product.is_first]
        wanted = {"tidemill-resnet9": ["stem.convolution"], "tidemill-vit": ["patch_embedding"]}
        assert first == wanted.get(str(facts["model_type"]), [])


def test_a_map_has_one_product_which_stays_dense() -> None:
    config = StaticConfig(features=9, known_tokens=0, vector_size=4, longest=1, reads="words")
    (only,) = model_products(config.to_dict()).products
    assert (only.inputs, only.outputs) == (4, 4)
    assert only.dense_because


def test_files_of_hugging_face_may_say_more_and_less() -> None:
    facts = {
        "model_type": "bert",
        "vocab_size": 99,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
        "hidden_act": "relu",
        "classifier_dropout": None,
    }
    found = model_products(facts)
    assert (len(found.products), found.places) == (12, 62)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({}, "model_type is None"),
        ({"model_type": ["bert"]}, "model_type is"),
        ({"model_type": "gpt2"}, "model_type is 'gpt2'"),
        ({"model_type": "bert"}, "missing"),
        (encoder().to_dict() | {"hidden_size": "8"}, "hidden_size is '8'"),
        (TEXT.to_dict() | {"max_tokens": True}, "max_tokens is True"),
    ],
)
def test_what_cannot_be_counted_is_refused(facts: dict[str, object], reason: str) -> None:
    with pytest.raises(ExpertError, match=reason):
        model_products(facts)


def test_the_refusal_names_what_is_known() -> None:
    with pytest.raises(ExpertError) as refused:
        model_products({"model_type": "gpt2"})
    assert refused.value.hint == f"Known: {', '.join(PLANNED_TYPES)}"
