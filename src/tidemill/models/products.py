"""The products with weights of a model, from its ``config.json`` alone and without torch.

What plans count with: of each product its sides, how often an example makes it, and whether the
model lets it be sparse. The latter repeats what the models declare as ``dense_layers``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from tidemill.core.errors import ExpertError
from tidemill.models.config import FIRST_POSITION, encoder_config
from tidemill.models.image_config import ResNetConfig, ViTConfig, resnet_config, vit_config
from tidemill.models.seq2seq.config import seq2seq_config
from tidemill.models.seq2seq.shapes import seq2seq_tensors
from tidemill.models.shapes import LayerShape, encoder_layers, tensor_shapes, vit_layers

__all__ = ["PLANNED_TYPES", "ModelProducts", "WeightProduct", "model_products"]

ANSWER = "its outputs are the answer, and the model keeps it dense"
ALONE = "one output is no group, and the model keeps it dense"
FIRST = "it reads the pixels, and the model keeps it dense"
LAST = "the last linear layer stays dense"

LONGEST_TEXT = 256
"""Tokens that an encoder is taken to read of a text where its config does not say."""

DEPTHS = {"residual1": 2, "layer2": 2, "layer3": 4, "residual3": 8}
"""How often smaller than the image the input of a part of ResNet-9 is, to each side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightProduct:
    """Y = X W^T with learnt weights.

    Attributes:
        name: Of the layer, as its tensors are named.
        kind: What makes it.
        inputs: Channels or width that go in; groups of a pattern divide them.
        outputs: Width that comes out.
        kernel: Places that a convolution sees at once, 9 for 3 x 3; the contraction is
            ``kernel * inputs``.
        rows: Rows of X that one example has.
        dense_because: Why the model keeps it dense; empty where it may be sparse.
        is_first: Whether nobody asks for the gradient of X.
    """

    name: str
    kind: Literal["linear", "convolution"] = "linear"
    inputs: int
    outputs: int
    kernel: int = 1
    rows: int
    dense_because: str = ""
    is_first: bool = False

    @property
    def contraction(self) -> int:
        """Inputs that one output adds up."""
        return self.kernel * self.inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProducts:
    """All of a model's products with weights.

    Attributes:
        kind: The ``model_type``.
        example: What the model is shown, in the singular.
        unit: What the rows of its products are, in the plural.
        places: Rows of an example where it is longest: tokens and nodes, patches or pixels.
        products: In the order in which they run.
        attention_macs: Multiply-accumulates of an example's attention, which has no weights.
    """

    kind: str
    example: Literal["text", "image"] = "text"
    unit: Literal["tokens", "patches", "pixels"] = "tokens"
    places: int
    products: tuple[WeightProduct, ...]
    attention_macs: int = 0


def model_products(facts: Mapping[str, object]) -> ModelProducts:
    """Return a model's products with weights.

    Args:
        facts: The parsed ``config.json``; its ``model_type`` says which kind of model.

    Raises:
        ExpertError: The kind is unknown, or a field is missing or wrong.
    """
    kind = facts.get("model_type")
    if not isinstance(kind, str) or kind not in _READERS:
        raise ExpertError(
            f"config.json: model_type is {kind!r}", hint=f"Known: {', '.join(PLANNED_TYPES)}"
        )
    return _READERS[kind](facts)


def _encoder(facts: Mapping[str, object]) -> ModelProducts:
    """An encoder; fields of RoBERTa and BERT that this one does not need may be absent."""
    config = encoder_config(_sizes_alone(facts))
    length = config.max_tokens + (config.max_nodes if config.input_mode == "graph" else 0)
    layers = list(encoder_layers(config))
    return ModelProducts(
        kind=str(facts["model_type"]),
        places=length,
        products=tuple(_of_encoder(layers, length, config.max_tokens)),
        attention_macs=sum(
            layer.multiplications(length) for layer in layers if layer.kind == "attention"
        ),
    )


def _sizes_alone(facts: Mapping[str, object]) -> dict[str, object]:
    """Leave out nulls and what changes no size; read no more tokens than there are positions."""
    given = {name: value for name, value in facts.items() if value is not None}
    for name in ("hidden_act", "position_embedding_type"):
        given.pop(name, None)
    if "max_nodes" not in given:
        given.setdefault("input_mode", "tokens")
    rows = given.get("max_position_embeddings")
    if "max_tokens" not in given and isinstance(rows, int):
        given["max_tokens"] = min(LONGEST_TEXT, rows - FIRST_POSITION)
    return given


def _of_encoder(layers: list[LayerShape], length: int, tokens: int) -> Iterator[WeightProduct]:
    own = {"pooler.dense": (1, ""), "importance": (tokens, ALONE), "projection": (1, ANSWER)}
    for layer in layers:
        if layer.kind == "linear":
            rows, reason = own.get(layer.name, (length, ""))
            yield _linear(layer, rows, reason)


def _linear(layer: LayerShape, rows: int, reason: str = "") -> WeightProduct:
    return WeightProduct(
        name=layer.name,
        inputs=layer.inputs,
        outputs=layer.outputs,
        rows=rows,
        dense_because=reason,
    )


def _vit(facts: Mapping[str, object]) -> ModelProducts:
    config = vit_config(facts)
    layers = list(vit_layers(config))
    first = WeightProduct(
        name="patch_embedding",
        kind="convolution",
        inputs=config.images.channels,
        outputs=config.hidden_size,
        kernel=config.patch_size**2,
        rows=config.places,
        dense_because=FIRST,
        is_first=True,
    )
    linear = [layer for layer in layers if layer.kind == "linear"]
    blocks = [_linear(layer, config.places) for layer in linear[:-1]]
    return ModelProducts(
        kind=config.model_type,
        example="image",
        unit="patches",
        places=config.places,
        products=(first, *blocks, _linear(linear[-1], 1, ANSWER)),
        attention_macs=sum(
            layer.multiplications(config.places) for layer in layers if layer.kind == "attention"
        ),
    )


def _resnet(facts: Mapping[str, object]) -> ModelProducts:
    config = resnet_config(facts)
    shapes = {
        name.removesuffix(".weight"): shape
        for name, shape in tensor_shapes(facts).items()
        if name.endswith("convolution.weight")
    }
    convolutions: list[WeightProduct] = []
    for name, (outputs, inputs, height, width) in shapes.items():
        side = config.images.size // DEPTHS.get(name.partition(".")[0], 1)
        is_first = not convolutions
        convolutions.append(
            WeightProduct(
                name=name,
                kind="convolution",
                inputs=inputs,
                outputs=outputs,
                kernel=height * width,
                rows=side**2,
                dense_because=FIRST if is_first else "",
                is_first=is_first,
            )
        )
    last = WeightProduct(
        name="classifier",
        inputs=config.widths[-1],
        outputs=len(config.images.labels),
        rows=1,
        dense_because=ANSWER,
    )
    return ModelProducts(
        kind=config.model_type,
        example="image",
        unit="pixels",
        places=config.images.size**2,
        products=(*convolutions, last),
    )


def _convolution(facts: Mapping[str, object]) -> ModelProducts:
    """Convolutions over tokens, each written as one product of the neighbours side by side."""
    tokens = facts.get("max_tokens")
    if isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 1:
        raise ExpertError(f"config.json: max_tokens is {tokens!r}, not a number of 1 or more")
    products = []
    for name, shape in tensor_shapes(facts).items():
        is_layer = name.startswith("layers.")
        if name.endswith(".weight") and (is_layer or name.startswith("projection.")):
            products.append(
                WeightProduct(
                    name=name.removesuffix(".weight"),
                    inputs=shape[1],
                    outputs=shape[0],
                    rows=tokens if is_layer else 1,
                    dense_because="" if is_layer else ANSWER,
                )
            )
    return ModelProducts(kind="tidemill-convolution", places=tokens, products=tuple(products))


def _static(facts: Mapping[str, object]) -> ModelProducts:
    outputs, inputs = tensor_shapes(facts)["query_map.weight"]
    only = WeightProduct(
        name="query_map", inputs=inputs, outputs=outputs, rows=1, dense_because=LAST
    )
    return ModelProducts(kind="tidemill-static", places=1, products=(only,))


def _seq2seq(facts: Mapping[str, object]) -> ModelProducts:
    """An encoder-decoder that reads and writes as much as it may."""
    config = seq2seq_config(facts)
    read, written = config.max_tokens, config.max_target_tokens
    products = []
    for name, shape in seq2seq_tensors(config).items():
        layer = name.removesuffix(".weight")
        if len(shape) != 2 or layer == "shared" or layer.endswith("relative_attention_bias"):
            continue
        of_input = layer.startswith("encoder.") or layer.endswith(
            ("EncDecAttention.k", "EncDecAttention.v")
        )
        reason = ANSWER if layer == "lm_head" else ""
        rows = read if of_input else written
        products.append(
            WeightProduct(
                name=layer, inputs=shape[1], outputs=shape[0], rows=rows, dense_because=reason
            )
        )
    own = config.num_layers * read**2 + config.num_decoder_layers * written * (written + read)
    return ModelProducts(
        kind="t5",
        places=read,
        products=tuple(products),
        attention_macs=2 * own * config.inner_size,
    )


_READERS: dict[str, Callable[[Mapping[str, object]], ModelProducts]] = {
    "bert": _encoder,
    "roberta": _encoder,
    "tidemill-convolution": _convolution,
    ResNetConfig.model_type: _resnet,
    "t5": _seq2seq,
    "tidemill-static": _static,
    ViTConfig.model_type: _vit,
}

PLANNED_TYPES = tuple(_READERS)
"""The models whose products follow from their config."""
