"""The products of models that read texts, from their configs alone."""

from collections.abc import Mapping

from tidemill.core.errors import ExpertError
from tidemill.models.config import FIRST_POSITION, EncoderConfig, encoder_config
from tidemill.models.product_record import ProductRecord
from tidemill.models.products import ANSWER, ModelProducts
from tidemill.models.shapes import tensor_shapes

__all__ = ["convolution_products", "encoder_products", "router_products", "static_products"]

ALONE = "one output is no group, and the model keeps it dense"
LAST = "the last linear layer stays dense"

LONGEST_TEXT = 256
"""Tokens that an encoder is taken to read of a text where its config does not say."""


def encoder_products(facts: Mapping[str, object]) -> ModelProducts:
    """Return what an encoder computes of its longest text, and of as many nodes as it reads.

    Fields of RoBERTa and BERT that this one does not need may be absent.

    Raises:
        ExpertError: A field is missing or wrong.
    """
    config = encoder_config(_sizes_alone(facts))
    nodes = config.max_nodes if config.input_mode == "graph" else 0
    length = config.max_tokens + nodes
    record = ProductRecord()
    _embedded(record, config, nodes)
    for number in range(config.num_hidden_layers):
        _encoder_layer(record, config, f"encoder.layer.{number}", length)
    _pooled(record, config)
    return record.made(str(facts["model_type"]), places=length)


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


def _embedded(record: ProductRecord, config: EncoderConfig, nodes: int) -> None:
    words = config.max_tokens * config.hidden_size
    record.work("embeddings.word_embeddings", "lookup", words)
    record.work("embeddings.position_embeddings", "lookup", words)
    record.work("embeddings", "add", words)
    # A node's word is the mean of its tokens', which is made as a product.
    record.work("embeddings", "average-pool", nodes * words)
    record.work("embeddings.LayerNorm", "layer-norm", words + nodes * config.hidden_size)


def _encoder_layer(record: ProductRecord, config: EncoderConfig, layer: str, length: int) -> None:
    width, middle, heads = config.hidden_size, config.intermediate_size, config.num_attention_heads
    for part in ("query", "key", "value"):
        record.linear(f"{layer}.attention.self.{part}", (length, width, width))
    record.attention(f"{layer}.attention.self", heads, (length, length), width // heads)
    record.linear(f"{layer}.attention.output.dense", (length, width, width))
    _added(record, f"{layer}.attention.output", length * width)
    record.linear(f"{layer}.intermediate.dense", (length, width, middle))
    record.work(f"{layer}.intermediate", "gelu", length * middle)
    record.linear(f"{layer}.output.dense", (length, middle, width))
    _added(record, f"{layer}.output", length * width)


def _added(record: ProductRecord, name: str, elements: int) -> None:
    record.work(name, "add", elements)
    record.work(f"{name}.LayerNorm", "layer-norm", elements)


def _pooled(record: ProductRecord, config: EncoderConfig) -> None:
    tokens, width = config.max_tokens, config.hidden_size
    if config.pooling == "weighted":
        record.linear("importance", (tokens, width, 1), ALONE)
        record.work("model", "softmax", tokens)
    if config.pooling in {"mean", "weighted"}:
        record.work("model", "average-pool", tokens * width)
    if config.pooling == "pooler":
        record.linear("pooler.dense", (1, width, width))
        record.work("pooler", "gelu", width)
    if config.projection_size:
        record.linear("projection", (1, width, config.projection_size), ANSWER)


def convolution_products(facts: Mapping[str, object]) -> ModelProducts:
    """Return what convolutions over tokens compute of their longest text.

    Each is written as one product of the neighbours side by side.

    Raises:
        ExpertError: A field is missing or wrong.
    """
    tokens = facts.get("max_tokens")
    if isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 1:
        raise ExpertError(f"config.json: max_tokens is {tokens!r}, not a number of 1 or more")
    shapes = tensor_shapes(facts)
    places = tokens * shapes["embedding.weight"][1]
    record = ProductRecord()
    record.work("embedding", "lookup", places)
    for name, shape in shapes.items():
        if name.startswith("layers.") and name.endswith(".weight"):
            record.linear(name.removesuffix(".weight"), (tokens, shape[1], shape[0]))
            record.work("model", "gelu", places)
            record.work("model", "add", places)
            record.work(f"norms.{name.split('.')[1]}", "layer-norm", places)
    record.work("model", "average-pool", places)
    record.work("model", "max-pool", places)
    outputs, inputs = shapes["projection.weight"]
    record.linear("projection", (1, inputs, outputs), ANSWER)
    return record.made("tidemill-convolution", places=tokens)


def static_products(facts: Mapping[str, object]) -> ModelProducts:
    """Return what a map of n-grams computes of a query's sum; how long a query is, nothing says.

    Raises:
        ExpertError: A field is missing or wrong.
    """
    outputs, inputs = tensor_shapes(facts)["query_map.weight"]
    record = ProductRecord()
    record.linear("query_map", (1, inputs, outputs), LAST)
    return record.made("tidemill-static", places=1)


def router_products(facts: Mapping[str, object]) -> ModelProducts:
    """Return what a router computes of a text's sum; how long a text is, nothing says.

    Raises:
        ExpertError: A field is missing or wrong.
    """
    outputs, inputs = tensor_shapes(facts)["head.weight"]
    record = ProductRecord()
    record.linear("head", (1, inputs, outputs), ANSWER)
    record.work("model", "softmax", outputs)
    return record.made("tidemill-router", places=1)
