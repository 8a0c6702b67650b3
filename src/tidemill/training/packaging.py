"""A finished run becomes an expert package."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from tidemill.core.errors import ExpertError, InputError
from tidemill.corpus.packed import PackedCorpus
from tidemill.experts.encodings import Storage
from tidemill.experts.manifest import Metric, Training
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.experts.packing import ExpertDraft, write_expert
from tidemill.experts.patterns import sparsity_of
from tidemill.sparsity.packing import finished_weight
from tidemill.sparsity.sparsifier import Sparsifier
from tidemill.training.recipe import Recipe
from tidemill.training.trainees.trainee import ModelFacts

__all__ = ["Origin", "other_version", "packaged"]

_STORAGES = {
    "int8": Storage(encoding="int8-rows", dtype="F32"),
    "bf16": Storage(encoding="dense", dtype="BF16"),
    "fp32": Storage(),
}


_PACKED = {"int8": "BF16", "bf16": "BF16", "fp32": "F32"}
"""The kept weights of sparse layers are floats: an integer would save little beside its index."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Origin:
    """What an expert came from.

    Attributes:
        corpus: What it learnt from.
        start: The expert that it went on from, or None.
        beside: The expert of another sparsity whose figures stand beside its own, or None.
    """

    corpus: PackedCorpus
    start: ExpertPackage | None = None
    beside: ExpertPackage | None = None


def packaged(
    folder: Path,
    recipe: Recipe,
    model: ModelFacts,
    *,
    origin: Origin,
    measures: dict[str, float],
    sparsifier: Sparsifier | None = None,
) -> ExpertPackage:
    """Write a run's expert; one that an earlier end of the same run wrote is replaced.

    Args:
        folder: Where to.
        recipe: How it was trained.
        model: What it is made of.
        origin: What it came from.
        measures: What was measured on the valid part at the end.
        sparsifier: Of a sparse model: its sparse layers are packed.

    Raises:
        ExpertError: The weights are no numbers.
        CapacityError: The disk is full.
    """
    tensors, storage = _kept(model, recipe, sparsifier)
    sparsity = sparsity_of(chosen.encoding for chosen in storage.values())
    draft = ExpertDraft(
        name=recipe.name,
        task=recipe.task,
        architecture=model.architecture,
        config=model.config,
        tensors=tensors,
        licence=recipe.licence,
        languages=(*(recipe.languages or origin.corpus.languages), *recipe.also),
        storage=storage,
        texts=model.texts,
        metrics=_metrics(sparsity, origin, measures),
        training=Training(
            recipe=recipe.name,
            recipe_hash=recipe.hash,
            steps=recipe.steps,
            seed=recipe.seed,
            data_hash=origin.corpus.hash,
        ),
        base=f"{origin.start.name} {origin.start.expert_hash}" if origin.start else None,
        about=f"{recipe.about}\n\n## Limits\n\n{recipe.limits}" if recipe.limits else recipe.about,
    )
    if not folder.exists():
        return write_expert(folder, draft)
    # The old one stays until the new one is whole.
    fresh, former = (folder.with_name(f".{folder.name}.{part}") for part in ("fresh", "former"))
    for left in (fresh, former):
        shutil.rmtree(left, ignore_errors=True)
    write_expert(fresh, draft)
    folder.rename(former)
    fresh.rename(folder)
    shutil.rmtree(former)
    return open_expert(folder)


def _metrics(sparsity: str, origin: Origin, measures: dict[str, float]) -> tuple[Metric, ...]:
    """Return what was measured, beside what another version came to on the same set."""
    other = other_version(sparsity, origin)
    own = sparsity if other else ""
    theirs = other.manifest.own_metrics if other else ()
    return (
        *(
            Metric(name=name, value=value, data=origin.corpus.name, split="valid", variant=own)
            for name, value in measures.items()
        ),
        *(replace(metric, variant=other.manifest.sparsity) for metric in theirs if other),
    )


def other_version(sparsity: str, origin: Origin) -> ExpertPackage | None:
    """Return the expert whose figures can stand beside: by wish, else the start.

    Args:
        sparsity: Of the expert that is being made.
        origin: What it comes from.

    Raises:
        InputError: The one that was wished for was measured on another set, or has the same
            sparsity.
    """
    other = origin.beside or origin.start
    if other is None:
        return None
    training = other.manifest.training
    fits = training is not None and training.data_hash == origin.corpus.hash
    if fits and other.manifest.sparsity != sparsity:
        return other
    if origin.beside is None:
        return None
    raise InputError(
        f"{other.name} cannot stand beside: it is {other.manifest.sparsity}"
        f"{'' if fits else ', and was measured on another set'}",
        path=str(other.folder),
        hint="Give an expert of another sparsity that was trained with this set.",
    )


def _kept(
    model: ModelFacts, recipe: Recipe, sparsifier: Sparsifier | None
) -> tuple[dict[str, NDArray[np.float32]], dict[str, Storage]]:
    """Return the weights, and how each of them is kept."""
    tensors = {name: _values(part) for name, part in model.tensors.items()}
    wide = _STORAGES[recipe.storage]
    storage = {name: wide for name, part in tensors.items() if part.ndim >= 2}
    if sparsifier is not None and sparsifier.spec.ends_sparse(recipe.steps):
        packs = Storage(encoding=recipe.sparsity, dtype=_PACKED[recipe.storage])
        for name, values in _sparse_values(model, sparsifier).items():
            tensors[name], storage[name] = values, packs
    return tensors, storage


def _sparse_values(model: ModelFacts, sparsifier: Sparsifier) -> dict[str, NDArray[np.float32]]:
    """Return the weights of sparse layers without what they drop, by the model's names."""
    layers = {layer.weight.data_ptr(): layer for layer in sparsifier.layers.values()}
    named = {
        name: layers[part.data_ptr()]
        for name, part in model.tensors.items()
        if part.data_ptr() in layers
    }
    if len(named) < len(layers):
        raise ExpertError("a sparse layer is missing among the model's tensors")
    return {name: _values(finished_weight(layer)) for name, layer in named.items()}


def _values(part: Tensor) -> NDArray[np.float32]:
    return part.detach().float().cpu().numpy()
