"""The layers of a model from its ``config.json`` alone, without torch.

Planners and hardware models count with these, and the registry of experts checks the
tensors of a package against them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from tidemill.core.errors import ExpertError
from tidemill.models.config import MOST_LAYERS, EncoderConfig, encoder_config
from tidemill.models.image_config import ResNetConfig, ViTConfig, resnet_config, vit_config
from tidemill.models.seq2seq.config import seq2seq_config
from tidemill.models.seq2seq.shapes import seq2seq_tensors

__all__ = [
    "MODEL_TYPES",
    "MOST_CATEGORIES",
    "LayerShape",
    "encoder_layers",
    "parameter_count",
    "tensor_shapes",
]

MOST_CATEGORIES = 4_096
"""That a router tells apart."""

Kind = Literal["embedding", "linear", "norm", "attention"]
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerShape:
    """One step of a forward pass.

    Attributes:
        name: As its tensors are named, without ``.weight``.
        kind: What it does. ``attention`` is the two products without weights.
        inputs: Width that goes in; rows of the table for an embedding.
        outputs: Width that comes out.
        bias: Whether a vector is added (two for a norm: scale and shift).
        sparsifiable: Whether N:M sparsity applies: it is a product with weights.
    """

    name: str
    kind: Kind
    inputs: int
    outputs: int
    bias: bool = True
    sparsifiable: bool = False

    @property
    def tensors(self) -> Shapes:
        """The shapes of its parameters, by name."""
        match self.kind:
            case "attention":
                return {}
            case "embedding":
                return {f"{self.name}.weight": (self.inputs, self.outputs)}
            case "norm":
                size = (self.outputs,)
                return {f"{self.name}.weight": size, f"{self.name}.bias": size}
            case "linear":
                weight = {f"{self.name}.weight": (self.outputs, self.inputs)}
                return weight | ({f"{self.name}.bias": (self.outputs,)} if self.bias else {})

    def multiplications(self, places: int) -> int:
        """Return the multiply-accumulates for one sequence of so many places."""
        if self.kind == "attention":
            return 2 * places * places * self.outputs
        return places * self.inputs * self.outputs if self.kind == "linear" else 0


def encoder_layers(config: EncoderConfig) -> Iterator[LayerShape]:
    """Yield the layers of an encoder in the order in which they run."""
    width, middle = config.hidden_size, config.intermediate_size
    for table, rows in (
        ("word", config.vocab_size),
        ("position", config.max_position_embeddings),
        ("token_type", config.type_vocab_size),
    ):
        name = f"embeddings.{table}_embeddings"
        yield LayerShape(name=name, kind="embedding", inputs=rows, outputs=width)
    yield _norm("embeddings.LayerNorm", width)
    for number in range(config.num_hidden_layers):
        layer = f"encoder.layer.{number}"
        for part in ("query", "key", "value"):
            yield _linear(f"{layer}.attention.self.{part}", width, width)
        yield LayerShape(
            name=f"{layer}.attention.self", kind="attention", inputs=width, outputs=width
        )
        yield _linear(f"{layer}.attention.output.dense", width, width)
        yield _norm(f"{layer}.attention.output.LayerNorm", width)
        yield _linear(f"{layer}.intermediate.dense", width, middle)
        yield _linear(f"{layer}.output.dense", middle, width)
        yield _norm(f"{layer}.output.LayerNorm", width)
    if config.pooling == "pooler":
        yield _linear("pooler.dense", width, width)
    if config.pooling == "weighted":
        yield _bare("importance", width, 1)
    if config.projection_size:
        yield _bare("projection", width, config.projection_size)


def _bare(name: str, inputs: int, outputs: int) -> LayerShape:
    return LayerShape(name=name, kind="linear", inputs=inputs, outputs=outputs, bias=False)


def _linear(name: str, inputs: int, outputs: int) -> LayerShape:
    return LayerShape(name=name, kind="linear", inputs=inputs, outputs=outputs, sparsifiable=True)


def _norm(name: str, width: int) -> LayerShape:
    return LayerShape(name=name, kind="norm", inputs=width, outputs=width)


def _encoder_tensors(facts: Mapping[str, object]) -> Shapes:
    shapes: Shapes = {}
    for layer in encoder_layers(encoder_config(facts)):
        shapes |= layer.tensors
    return shapes


def _static_tensors(facts: Mapping[str, object]) -> Shapes:
    features, width = _size(facts, "features"), _size(facts, "vector_size")
    return {"table.weight": (features, width), "query_map.weight": (width, width)}


def _convolution_tensors(facts: Mapping[str, object]) -> Shapes:
    width, kernel = _size(facts, "hidden_size"), _size(facts, "kernel_size")
    vector = _size(facts, "vector_size")
    shapes: Shapes = {"embedding.weight": (_size(facts, "vocab_size"), width)}
    for number in range(min(_size(facts, "num_hidden_layers"), MOST_LAYERS)):
        shapes[f"layers.{number}.weight"] = (width, kernel * width)
        shapes |= {f"layers.{number}.bias": (width,)}
        shapes |= {f"norms.{number}.{part}": (width,) for part in ("weight", "bias")}
    return shapes | {"projection.weight": (vector, 2 * width), "projection.bias": (vector,)}


def _router_tensors(facts: Mapping[str, object]) -> Shapes:
    width = _size(facts, "vector_size")
    categories = facts.get("categories")
    if not isinstance(categories, list) or not 1 <= len(categories) <= MOST_CATEGORIES:
        raise ExpertError("config.json: categories is no list of names")
    return {
        "table.weight": (_size(facts, "features"), width),
        "head.weight": (len(categories), width),
        "head.bias": (len(categories),),
    }


def _size(facts: Mapping[str, object], name: str) -> int:
    value = facts.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ExpertError(f"config.json: {name} is {value!r}, not a number of 1 or more")
    return value


def _resnet_tensors(facts: Mapping[str, object]) -> Shapes:
    config = resnet_config(facts)
    first, second, third, fourth = config.widths
    units = {
        "stem": (config.images.channels, first),
        "layer1": (first, second),
        "residual1.first": (second, second),
        "residual1.second": (second, second),
        "layer2": (second, third),
        "layer3": (third, fourth),
        "residual3.first": (fourth, fourth),
        "residual3.second": (fourth, fourth),
    }
    shapes: Shapes = {"classifier.weight": (len(config.images.labels), fourth)}
    for name, (inputs, outputs) in units.items():
        shapes[f"{name}.convolution.weight"] = (outputs, inputs, 3, 3)
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.norm.{part}"] = (outputs,)
    return shapes


def vit_layers(config: ViTConfig) -> Iterator[LayerShape]:
    """Yield the layers of a vision transformer's blocks, in the order in which they run."""
    width, middle = config.hidden_size, config.intermediate_size
    for number in range(config.num_hidden_layers):
        block = f"blocks.{number}"
        yield _norm(f"{block}.norm1", width)
        yield _linear(f"{block}.attention.qkv", width, 3 * width)
        yield LayerShape(name=f"{block}.attention", kind="attention", inputs=width, outputs=width)
        yield _linear(f"{block}.attention.output", width, width)
        yield _norm(f"{block}.norm2", width)
        yield _linear(f"{block}.fc1", width, middle)
        yield _linear(f"{block}.fc2", middle, width)
    yield _norm("norm", width)
    classes = len(config.images.labels)
    yield LayerShape(name="classifier", kind="linear", inputs=width, outputs=classes)


def _vit_tensors(facts: Mapping[str, object]) -> Shapes:
    config = vit_config(facts)
    width, patch = config.hidden_size, config.patch_size
    shapes: Shapes = {
        "patch_embedding.weight": (width, config.images.channels, patch, patch),
        "patch_embedding.bias": (width,),
        "position_embedding": (config.places, width),
    }
    for layer in vit_layers(config):
        shapes |= layer.tensors
    return shapes


def _seq2seq_tensors(facts: Mapping[str, object]) -> Shapes:
    return seq2seq_tensors(seq2seq_config(facts))


_TENSORS: dict[str, Callable[[Mapping[str, object]], Shapes]] = {
    "roberta": _encoder_tensors,
    "tidemill-convolution": _convolution_tensors,
    "tidemill-router": _router_tensors,
    "t5": _seq2seq_tensors,
    "tidemill-static": _static_tensors,
    ResNetConfig.model_type: _resnet_tensors,
    ViTConfig.model_type: _vit_tensors,
}


MODEL_TYPES = frozenset(_TENSORS)
"""The models whose tensors follow from their config."""


def tensor_shapes(facts: Mapping[str, object]) -> Shapes:
    """Return the name and shape of every tensor that a model has.

    Args:
        facts: The parsed ``config.json``; its ``model_type`` says which kind of model.

    Raises:
        ExpertError: The kind is unknown, or a field is missing or wrong.
    """
    kind = facts.get("model_type")
    if kind not in _TENSORS:
        raise ExpertError(
            f"config.json: model_type is {kind!r}", hint=f"Known: {', '.join(sorted(_TENSORS))}"
        )
    return _TENSORS[str(kind)](facts)


def parameter_count(facts: Mapping[str, object]) -> int:
    """Return how many numbers a model has learnt.

    Raises:
        ExpertError: As `tensor_shapes`.
    """
    total = 0
    for shape in tensor_shapes(facts).values():
        size = 1
        for length in shape:
            size *= length
        total += size
    return total
