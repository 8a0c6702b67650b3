"""What torch is asked for while a module runs are the products that its config says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import ViTConfig as TheirViTConfig
from transformers import ViTForImageClassification
from typing_extensions import override

from tests.models.drafts import GATED, RESNET, TEXT, TYPES, VIT, encoder
from tidemill.core.errors import ExpertError
from tidemill.models.batch import GraphBatch
from tidemill.models.classifiers import new_classifier
from tidemill.models.config import EncoderConfig
from tidemill.models.convolution import Convolution
from tidemill.models.encoder import Encoder
from tidemill.models.operations import trace_products
from tidemill.models.product_readers import model_products
from tidemill.models.products import ModelProducts, WeightProduct
from tidemill.models.seq2seq.config import Seq2SeqConfig
from tidemill.models.seq2seq.model import Seq2Seq

UNTIED = replace(TYPES, tie_word_embeddings=False)


def pixels(batch: int = 3) -> Tensor:
    return torch.zeros(batch, 3, 16, 16)


def texts(config: EncoderConfig, batch: int = 3) -> GraphBatch:
    tokens = config.max_tokens
    nodes = config.max_nodes if config.input_mode == "graph" else 0
    flags: dict[str, Any] = {
        name: torch.ones(batch, *sides, dtype=torch.bool)
        for name, sides in (
            ("is_token", (tokens,)),
            ("is_special", (tokens,)),
            ("covers", (nodes, tokens)),
            ("flows", (nodes, nodes)),
            ("is_node", (nodes,)),
        )
    }
    ids = torch.zeros(batch, tokens, dtype=torch.int64)
    return GraphBatch(ids=ids, positions=ids.clone(), **flags)


def of_encoder(config: EncoderConfig) -> ModelProducts:
    return trace_products(Encoder(config), texts(config), run=Encoder.pooled)


def of_seq2seq(config: Seq2SeqConfig) -> ModelProducts:
    read, written = (
        torch.zeros(3, tokens, dtype=torch.int64)
        for tokens in (config.max_tokens, config.max_target_tokens)
    )

    def scored(model: Seq2Seq, inputs: Tensor, targets: Tensor) -> Tensor:
        return model.scores(model(inputs, None, targets))

    return trace_products(
        Seq2Seq(config), read, written, run=scored, dense=("lm_head", "neighbours")
    )


def same(products: Sequence[WeightProduct]) -> list[WeightProduct]:
    """Products with whether they stay dense, but not why."""
    return [replace(one, dense_because="dense" * bool(one.dense_because)) for one in products]


MODELS: dict[str, tuple[Mapping[str, object], Callable[[], ModelProducts]]] = {
    "resnet9": (RESNET.to_dict(), lambda: trace_products(new_classifier(RESNET), pixels())),
    "answering": (
        RESNET.to_dict(),
        lambda: trace_products(new_classifier(RESNET).eval(), pixels()),
    ),
    "vit": (VIT.to_dict(), lambda: trace_products(new_classifier(VIT), pixels())),
    "convolution": (
        TEXT.to_dict(),
        lambda: trace_products(Convolution(TEXT), torch.ones(3, 20, dtype=torch.int64)),
    ),
    **{
        f"{pooling} of {mode}": (
            encoder(pooling=pooling, input_mode=mode).to_dict(),
            lambda pooling=pooling, mode=mode: of_encoder(  # type: ignore[misc]
                encoder(pooling=pooling, input_mode=mode)
            ),
        )
        for pooling in ("mean", "pooler", "weighted", "cls")
        for mode in ("graph", "tokens")
    },
    **{
        name: (config.to_dict(), lambda config=config: of_seq2seq(config))  # type: ignore[misc]
        for name, config in {
            "relu": UNTIED,
            "gated": GATED,
            "neighbours": replace(UNTIED, neighbours=2),
            # From 33 places on, attention is one operation.
            "long": replace(GATED, max_tokens=40, max_target_tokens=36),
        }.items()
    },
}


@pytest.mark.claim("bdwp.workload.trace")
@pytest.mark.parametrize(("facts", "run"), MODELS.values(), ids=MODELS)
def test_what_runs_is_what_the_config_says(
    facts: Mapping[str, object], run: Callable[[], ModelProducts]
) -> None:
    wanted, found = model_products(facts), run()
    assert same(found.products) == same(wanted.products)
    assert found.attention == wanted.attention
    assert found.between == wanted.between
    assert (found.places, found.example, found.unit) == (
        wanted.places,
        wanted.example,
        wanted.unit,
    )


def test_a_table_of_words_that_also_answers_makes_a_product_besides() -> None:
    found = of_seq2seq(TYPES)
    wanted = model_products(TYPES.to_dict())
    *others, last = same(found.products)
    assert others == same(wanted.products)
    assert (last.name, last.outputs, last.inputs, last.rows) == ("shared", 24, 16, 6)


def test_layers_that_share_a_weight_are_named_by_the_one_that_runs() -> None:
    network = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 5, bias=False))
    network.get_submodule("1").weight = network.get_parameter("0.weight")
    (only,) = trace_products(network, torch.zeros(2, 3, dtype=torch.int64)).products
    assert (only.name, only.rows, only.is_first) == ("1", 3, False)


def test_a_vision_transformer_of_another_program_is_counted() -> None:
    width, layers, heads, middle = 48, 2, 4, 96
    labels: dict[str, Any] = {"num_labels": 7}
    config = TheirViTConfig(
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=middle,
        image_size=32,
        patch_size=8,
        hidden_dropout_prob=0.1,
        **labels,
    )
    with torch.device("meta"):
        network = ViTForImageClassification(config).train()
    found = trace_products(network, torch.zeros(2, 3, 32, 32, device="meta"))
    places = 1 + 16
    assert found.attention_macs == layers * 2 * places**2 * width
    weights = layers * (4 * width * width + 2 * width * middle)
    assert found.macs - found.attention_macs == (
        places * weights + 16 * width * 3 * 8 * 8 + width * 7
    )
    assert found.places == places
    kinds = [work.kind for work in found.between]
    # Dropout, in training, is no work of its own.
    assert kinds == ["layer-norm", "softmax", "add", "layer-norm", "gelu", "add"] * layers + [
        "layer-norm"
    ]
    assert [one.is_first for one in found.products].count(True) == 1


def test_the_module_is_left_as_it_was() -> None:
    network = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    tensors = list(network.parameters())
    trace_products(network, torch.ones(8, 4))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(one is other for one, other in zip(tensors, network.parameters(), strict=True))
    layer = network.get_submodule("0")
    assert not layer._forward_hooks  # noqa: SLF001
    assert not layer._forward_pre_hooks  # noqa: SLF001
    assert network(torch.ones(8, 4)).shape == (8, 4)


class Functions(nn.Module):
    """Parameters, and no layer at all."""

    def __init__(self) -> None:
        super().__init__()
        self.scale: nn.Parameter = nn.Parameter(torch.ones(6))
        self.wide: nn.Parameter = nn.Parameter(torch.zeros(6, 4))
        self.apart: nn.Parameter = nn.Parameter(torch.zeros(3, 4, 5))
        self.table: nn.Parameter = nn.Parameter(torch.zeros(9, 6))

    @override
    def forward(self, places: Tensor) -> Tensor:
        """Multiply in more than one way."""
        hidden = self.table[places] * self.scale
        narrow = torch.einsum("bpi,io->bpo", hidden, self.wide)
        apart = torch.einsum("bpk,pkn->bpn", narrow, self.apart)
        seen = apart @ apart.mT
        return functional.softmax(seen, dim=-1) @ apart + torch.sigmoid(apart)


def test_functions_count_as_layers_do() -> None:
    found = trace_products(Functions(), torch.zeros(2, 3, dtype=torch.int64), dense=["wi*"])
    wide, apart = found.products
    assert (wide.name, wide.inputs, wide.outputs, wide.rows) == ("wide", 6, 4, 3)
    assert (wide.dense_because != "", apart.dense_because) == (True, "")
    assert (apart.name, apart.groups, apart.inputs, apart.outputs, apart.rows) == (
        *("apart", 3, 4, 5),
        1,
    )
    assert [(one.after, one.count, one.rows, one.contraction) for one in found.attention] == [
        (2, 1, 3, 5),
        (2, 1, 3, 3),
    ]
    assert [(work.kind, work.elements) for work in found.between] == [
        ("lookup", 18),
        ("softmax", 9),
        ("gelu", 15),
        ("add", 15),
    ]


def test_groups_strides_and_layers_of_one_side_are_seen() -> None:
    network = nn.Sequential(
        nn.Conv2d(4, 8, (3, 2), stride=(2, 1), groups=2), nn.Flatten(2), nn.Conv1d(8, 6, 5, 2)
    )
    first, second = trace_products(network, torch.zeros(2, 4, 9, 6)).products
    assert (first.inputs, first.outputs, first.groups) == (2, 4, 2)
    assert (first.window, first.stride, first.rows) == ((3, 2), (2, 1), 4 * 5)
    assert (second.window, second.stride, second.rows) == ((1, 5), (1, 2), 8)
    assert (first.is_first, second.is_first) == (True, False)
    assert (bool(first.dense_because), bool(second.dense_because)) == (True, False)


def test_gradients_end_at_what_is_shown_and_not_at_embeddings() -> None:
    class TwoTowers(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left: nn.Linear = nn.Linear(4, 4)
            self.right: nn.Linear = nn.Linear(4, 4)
            self.both: nn.Linear = nn.Linear(4, 1)

        @override
        def forward(self, left: Tensor, right: Tensor) -> Tensor:
            """Return what both say."""
            return self.both(self.left(left) + self.right(right))  # type: ignore[no-any-return]

    found = trace_products(TwoTowers(), torch.zeros(2, 4), torch.zeros(2, 4))
    assert [product.is_first for product in found.products] == [True, True, False]


def test_a_bag_of_words_is_looked_up_word_by_word() -> None:
    network = nn.Sequential(nn.EmbeddingBag(9, 4), nn.Linear(4, 2))
    found = trace_products(network, torch.zeros(2, 5, dtype=torch.int64))
    assert [(work.name, work.kind, work.elements) for work in found.between] == [
        ("0", "lookup", 5 * 4)
    ]
    assert not found.products[0].is_first


def test_norms_without_means_are_seen_however_they_are_written() -> None:
    found = trace_products(nn.Sequential(nn.Linear(4, 6), nn.RMSNorm(6)), torch.zeros(2, 3, 4))
    assert [(work.name, work.kind, work.elements) for work in found.between] == [
        ("1", "layer-norm", 18)
    ]


class Meaning(nn.Module):
    """Takes means along both sides."""

    @override
    def forward(self, hidden: Tensor) -> Tensor:
        """Return the mean over places of what is above each one's mean."""
        return (hidden - hidden.mean(dim=-1, keepdim=True)).pow(2).mean(dim=1)


def test_means_that_no_norm_takes_are_pools() -> None:
    found = trace_products(nn.Sequential(nn.Linear(4, 6), Meaning()), torch.zeros(2, 3, 4))
    assert [(work.kind, work.elements) for work in found.between] == [("average-pool", 18)] * 2


def test_where_nobody_may_ask_for_gradients_all_is_seen_too() -> None:
    def answered(network: nn.Module, shown: Tensor) -> Tensor:
        with torch.inference_mode():
            hidden: Tensor = network(shown)[:, None]
            return functional.scaled_dot_product_attention(hidden, hidden, hidden)

    found = trace_products(nn.Sequential(nn.Linear(4, 6)), torch.zeros(2, 3, 4), run=answered)
    assert [(product.name, product.rows) for product in found.products] == [("0", 3)]
    assert found.attention_macs == 2 * 3 * 3 * 6


class Choosing(nn.Module):
    """Does one thing or another."""

    @override
    def forward(self, hidden: Tensor) -> Tensor:
        """Return what went in."""
        return hidden if bool(hidden.sum() > 0) else -hidden


class Mixing(nn.Module):
    """Multiplies examples with each other."""

    @override
    def forward(self, hidden: Tensor) -> Tensor:
        """Return the sum over all examples."""
        return functional.softmax(hidden.sum(dim=0), dim=0)


@pytest.mark.parametrize(
    ("network", "example", "reason"),
    [
        (nn.LSTM(4, 4), torch.zeros(2, 3, 4), "mkldnn_rnn_layer with the weights of weight_ih_l0"),
        (nn.Sequential(nn.ConvTranspose2d(3, 3, 2)), pixels(), "^0: a convolution of this kind"),
        (nn.Conv3d(3, 3, 2), torch.zeros(2, 3, 4, 4, 4), "a convolution of this kind"),
        (Choosing(), torch.zeros(2, 3), "Choosing does not run without numbers"),
        (Mixing(), torch.zeros(2, 3), "3 numbers or rows of _softmax do not divide among 2"),
        (nn.Linear(4, 4), 3, "no tensor whose first side is the batch"),
        (nn.Linear(4, 4), torch.zeros(()), "no tensor whose first side is the batch"),
    ],
    ids=["recurrent", "transposed", "of three sides", "choosing", "mixing", "none", "of no side"],
)
def test_what_cannot_be_counted_is_refused(
    network: nn.Module, example: object, reason: str
) -> None:
    with pytest.raises(ExpertError, match=reason):
        trace_products(network, example)
