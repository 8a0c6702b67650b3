"""From a recipe to a packed set of images."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tidemill.core.errors import InputError
from tidemill.core.progress import Progress
from tidemill.corpus.images.digits import digits
from tidemill.corpus.images.folders import pictures_in
from tidemill.corpus.images.labelled import LabelledImages, held_out
from tidemill.corpus.images.packed import write_images
from tidemill.corpus.images.textures import textures
from tidemill.corpus.packed import PackedCorpus
from tidemill.corpus.recipe import ImageSource, Recipe

__all__ = ["build_images"]


def build_images(
    recipe: Recipe, source: ImageSource, *, output: Path, progress: Progress
) -> PackedCorpus:
    """Build a packed set of images.

    Args:
        recipe: What it is called, and its seed.
        source: Where its images come from.
        output: The folder to write; a packed set that is there is replaced.
        progress: Told of every thousand pictures.

    Raises:
        CapacityError: The disk is full.
        InputError: The pictures are not there, damaged or of one class alone.
        MissingExtraError: The source needs a package that is not installed.
        StoreError: The output cannot be written.
    """
    found = _read(source, recipe.seed, progress)
    valid = held_out(found, source.valid, recipe.seed)
    if not valid.any() or valid.all():
        raise InputError(
            f"{recipe.name}: {valid.sum():,} of {len(valid):,} images are left to measure with",
            hint="Give more pictures, or another share of valid ones.",
        )
    progress.advance(len(valid), len(valid), "packing")
    return write_images(
        output,
        {"train": _some(found, ~valid), "valid": _some(found, valid)},
        {
            "name": recipe.name,
            "about": recipe.about,
            "recipe_hash": recipe.digest,
            "seed": recipe.seed,
            "sources": [{"set": recipe.name, "origin": source.origin, "licence": source.licence}],
            "dropped": {},
        },
    )


def _read(source: ImageSource, seed: int, progress: Progress) -> LabelledImages:
    match source.kind:
        case "folders":
            return pictures_in(source.path, side=source.side, progress=progress)
        case "digits":
            return digits(source.side)
        case "textures":
            return textures(source.count, side=source.side, seed=seed)


def _some(found: LabelledImages, chosen: NDArray[np.bool_]) -> LabelledImages:
    names = [name for name, taken in zip(found.names, chosen.tolist(), strict=True) if taken]
    return replace(found, images=found.images[chosen], labels=found.labels[chosen], names=names)
