"""Which model a plan is for: of this mill, of a paper, or in a file; loading no torch."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tidemill.core.errors import ExpertError, InputError, SettingError
from tidemill.experts.documents import json_object
from tidemill.experts.folder import read_whole
from tidemill.experts.names import CONFIG, MANIFEST
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.experts.patterns import DENSE
from tidemill.experts.registry import ExpertRegistry
from tidemill.hardware.workload.networks import NETWORKS
from tidemill.hardware.workload.topology import read_topology
from tidemill.models.config import SIZES, EncoderConfig
from tidemill.models.image_config import ImageInput, ResNetConfig, ViTConfig
from tidemill.models.product_readers import model_products
from tidemill.models.products import ModelProducts
from tidemill.models.seq2seq.config import SIZES as SEQ2SEQ_SIZES
from tidemill.models.seq2seq.config import Seq2SeqConfig
from tidemill.training.recipe import ModelSpec, builtin_recipes, read_recipe

__all__ = ["PlannedModel", "planned_model"]

LARGEST_CONFIG_BYTES = 1 << 20
SAID_DENSE = "the file keeps it dense"

LARGEST_SIDE = 1 << 31
"""Inputs or outputs of a layer, at most."""

ASSUMED = ImageInput(
    size=32,
    channels=3,
    mean=(0.5,) * 3,
    std=(0.25,) * 3,
    labels=tuple(map(str, range(10))),
)
"""What a recipe's images are taken for, which its training set decides."""

ASSUMPTION = "{size} x {size} pixels, 3 channels and 10 classes are assumed: the set decides"
CONVOLUTION_SIZES = {"hidden_size": 128, "num_hidden_layers": 2, "kernel_size": 5}
"""Of every convolution that a recipe makes."""

WHAT_IT_IS = (
    "MODEL is an expert, a recipe or a published network, each by its name, or an expert's folder,"
    " a recipe's .toml file, a config.json, or a topology file of SCALE-Sim (.csv)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedModel:
    """A model, as far as a plan must know it.

    Attributes:
        name: For people.
        source: What it was read from.
        products: Its products with weights.
        sparsity: The pattern that the source says, or None where it is dense or says none.
        method: The method that goes with it, or None.
        precision: ``fp32`` or ``bf16`` as the source says, or None.
        batch: Examples of a step where the source says so, or None.
        notes: What had to be assumed.
    """

    name: str
    source: Literal["expert", "recipe", "network", "config", "topology"]
    products: ModelProducts
    sparsity: str | None = None
    method: str | None = None
    precision: Literal["fp32", "bf16"] | None = None
    batch: int | None = None
    notes: tuple[str, ...] = ()


def planned_model(word: str, registry: ExpertRegistry) -> PlannedModel:
    """Return the model that a word names.

    A name is an expert's before it is a recipe's, and that before it is a published network's; a
    path is taken where none is called so.

    Args:
        word: A name or path.
        registry: The experts that are at hand.

    Raises:
        InputError: There is no such model, or a recipe cannot be used.
        ExpertError: A package or config is damaged or of an unknown kind.
        SettingError: The word is empty.
        StoreError: It cannot be read.
    """
    if not word:
        raise SettingError("the model is empty", hint=WHAT_IT_IS)
    found = _named(word, registry) or _at(Path(word))
    for product in found.products.products:
        if max(product.contraction, product.outputs) > LARGEST_SIDE:
            raise ExpertError(f"{found.name}: {product.name} is larger than {LARGEST_SIDE:,}")
    return found


def _named(word: str, registry: ExpertRegistry) -> PlannedModel | None:
    if os.sep in word or word in {".", ".."}:
        return None
    for folder in reversed(registry.folders):
        if (folder / word).is_dir():
            return _of_expert(open_expert(folder / word))
    if word in builtin_recipes():
        return _of_recipe(word)
    return _of_network(word) if word in NETWORKS else None


def _at(path: Path) -> PlannedModel:
    if path.is_dir():
        bare = not (path / MANIFEST).exists() and (path / CONFIG).exists()
        return _of_config(path / CONFIG) if bare else _of_expert(open_expert(path))
    if not path.exists():
        known = ", ".join(builtin_recipes())
        raise InputError(
            f"there is no model {str(path)[:200]!r}",
            hint=f"{WHAT_IT_IS} tidemill experts list names the experts; recipes: {known};"
            f" networks: {', '.join(NETWORKS)}",
        )
    if path.suffix == ".toml":
        return _of_recipe(path)
    if path.suffix == ".json":
        return _of_config(path)
    if path.suffix == ".csv":
        return _of_topology(path)
    raise InputError("no model", path=str(path), hint=WHAT_IT_IS)


def _of_expert(package: ExpertPackage) -> PlannedModel:
    sparsity = package.manifest.sparsity
    return PlannedModel(
        name=package.name,
        source="expert",
        products=model_products(package.config),
        sparsity=None if sparsity == DENSE else sparsity,
    )


def _of_config(path: Path) -> PlannedModel:
    facts = json_object(read_whole(path, most_bytes=LARGEST_CONFIG_BYTES), where=str(path))
    return PlannedModel(name=str(path), source="config", products=model_products(facts))


def _of_network(name: str) -> PlannedModel:
    network = NETWORKS[name]
    return PlannedModel(
        name=name,
        source="network",
        products=network.products,
        batch=network.batch,
        notes=(network.source, *network.notes),
    )


def _of_topology(path: Path) -> PlannedModel:
    topology = read_topology(path)
    patterns = sorted({found for found in topology.sparsity if found and not _is_dense(found)})
    note = f"the file says {', '.join(patterns)}: the first is taken for all layers"
    # Where no layer is sparse, dense is what SCALE-Sim wants said, and sparsity may be asked for.
    products = tuple(
        replace(product, dense_because=SAID_DENSE) if patterns and _is_dense(found) else product
        for product, found in zip(topology.products.products, topology.sparsity, strict=True)
    )
    return PlannedModel(
        name=path.name,
        source="topology",
        products=replace(topology.products, products=products),
        sparsity=patterns[0] if patterns else None,
        batch=1,
        notes=(note,) if len(patterns) > 1 else (),
    )


def _is_dense(pattern: str) -> bool:
    kept, _, group = pattern.partition(":")
    return bool(pattern) and kept == group


def _of_recipe(name: str | Path) -> PlannedModel:
    recipe = read_recipe(name)
    shown = _shown(recipe.model)
    is_sparse = recipe.sparse is not None
    is_of_images = recipe.model.kind in {"resnet9", "vit"}
    try:
        products = model_products(_facts(recipe.model, shown))
    except ExpertError as error:
        raise InputError(f"model: {error.message}", path=str(name), hint=error.hint) from error
    return PlannedModel(
        name=recipe.name,
        source="recipe",
        products=products,
        sparsity=recipe.sparsity if is_sparse else None,
        method=recipe.method if is_sparse else None,
        precision=None if recipe.precision == "auto" else recipe.precision,
        notes=(ASSUMPTION.format(size=shown.size),) if is_of_images else (),
    )


def _shown(spec: ModelSpec) -> ImageInput:
    """Return the images that are assumed, of a size that patches divide."""
    size = -(-ASSUMED.size // spec.patch) * spec.patch if spec.kind == "vit" else ASSUMED.size
    return ImageInput(
        size=size,
        channels=ASSUMED.channels,
        mean=ASSUMED.mean,
        std=ASSUMED.std,
        labels=ASSUMED.labels,
    )


def _facts(spec: ModelSpec, shown: ImageInput) -> Mapping[str, object]:
    """Return the config of a recipe's model, as far as its sizes go.

    What only the training set decides, such as the entries of a vocabulary, changes no product.
    """
    if spec.kind in {"resnet9", "vit"}:
        resnet = ResNetConfig(images=shown, width=spec.width)
        return resnet.to_dict() if spec.kind == "resnet9" else _vit(spec, shown).to_dict()
    return _TEXT_FACTS[spec.kind](spec)


def _encoder(spec: ModelSpec) -> EncoderConfig:
    return EncoderConfig(
        vocab_size=spec.vocab_size,
        **SIZES[spec.size],
        max_position_embeddings=spec.max_tokens + 2,
        pooling=spec.pooling,
        projection_size=spec.vector_size,
        max_tokens=spec.max_tokens,
        max_nodes=spec.max_nodes,
        input_mode="graph" if spec.max_nodes else "tokens",
    )


def _seq2seq(spec: ModelSpec) -> Seq2SeqConfig:
    if spec.size not in SEQ2SEQ_SIZES:
        raise ExpertError(f"size {spec.size} is none of an encoder-decoder")
    return Seq2SeqConfig(
        vocab_size=spec.vocab_size,
        **SEQ2SEQ_SIZES[spec.size],
        eos_token_id=2,
        max_tokens=spec.max_tokens,
        max_target_tokens=spec.max_target_tokens,
    )


def _vit(spec: ModelSpec, shown: ImageInput) -> ViTConfig:
    return ViTConfig(
        images=shown,
        patch_size=spec.patch,
        hidden_size=spec.width,
        num_hidden_layers=spec.layers,
        num_attention_heads=spec.heads,
        intermediate_size=spec.mlp_ratio * spec.width,
    )


def _convolution(spec: ModelSpec) -> Mapping[str, object]:
    sizes = {"vector_size": spec.vector_size, "max_tokens": spec.max_tokens}
    facts = {"model_type": "tidemill-convolution", "vocab_size": spec.most_features}
    return facts | CONVOLUTION_SIZES | sizes


def _static(spec: ModelSpec) -> Mapping[str, object]:
    sizes = {"features": spec.most_features, "vector_size": spec.vector_size}
    return {"model_type": "tidemill-static", **sizes}


_TEXT_FACTS: Mapping[str, Callable[[ModelSpec], Mapping[str, object]]] = {
    "convolution": _convolution,
    "encoder": lambda spec: _encoder(spec).to_dict(),
    "seq2seq": lambda spec: _seq2seq(spec).to_dict(),
    "static": _static,
}
