"""A finished run becomes an expert package."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from tidemill.corpus.packed import PackedCorpus
from tidemill.experts.encodings import Storage
from tidemill.experts.manifest import Metric, Training
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.experts.packing import ExpertDraft, write_expert
from tidemill.training.recipe import Recipe
from tidemill.training.trainees.trainee import ModelFacts

__all__ = ["Origin", "packaged"]

_STORAGES = {
    "int8": Storage(encoding="int8-rows", dtype="F32"),
    "bf16": Storage(encoding="dense", dtype="BF16"),
    "fp32": Storage(),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Origin:
    """What an expert came from.

    Attributes:
        corpus: What it learnt from.
        start: The expert that it went on from, or None.
    """

    corpus: PackedCorpus
    start: ExpertPackage | None = None


def packaged(
    folder: Path,
    recipe: Recipe,
    model: ModelFacts,
    *,
    origin: Origin,
    measures: dict[str, float],
) -> ExpertPackage:
    """Write a run's expert; one that an earlier end of the same run wrote is replaced.

    Args:
        folder: Where to.
        recipe: How it was trained.
        model: What it is made of.
        origin: What it came from.
        measures: What was measured on the valid part at the end.

    Raises:
        ExpertError: The weights are no numbers.
        CapacityError: The disk is full.
    """
    tensors = {name: _values(part) for name, part in model.tensors.items()}
    wide = _STORAGES[recipe.storage]
    draft = ExpertDraft(
        name=recipe.name,
        task=recipe.task,
        architecture=model.architecture,
        config=model.config,
        tensors=tensors,
        licence=recipe.licence,
        languages=(*(recipe.languages or origin.corpus.languages), *recipe.also),
        storage={name: wide for name, part in tensors.items() if part.ndim == 2},
        texts=model.texts,
        metrics=tuple(
            Metric(name=name, value=value, data=origin.corpus.name, split="valid")
            for name, value in measures.items()
        ),
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


def _values(part: Tensor) -> NDArray[np.float32]:
    return part.detach().float().cpu().numpy()
