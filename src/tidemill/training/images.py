"""An image recipe and its set become what the loop runs: a trainee, and plans for its stages."""

from dataclasses import replace
from functools import partial

import numpy as np

from tidemill.core.errors import ExpertError, InputError
from tidemill.corpus.images.packed import classes_of, read_images, read_labels
from tidemill.corpus.packed import PackedCorpus
from tidemill.experts.package import ExpertPackage
from tidemill.models.classifiers import Classifier, load_classifier, new_classifier
from tidemill.models.image_config import ImageInput, ResNetConfig, ViTConfig
from tidemill.training.chance import Chance
from tidemill.training.loop import StagePlan
from tidemill.training.making import Workplace, check_shape
from tidemill.training.measures import class_measure
from tidemill.training.objectives.classes import ClassObjective
from tidemill.training.recipe import ModelSpec, Recipe, Stage
from tidemill.training.sampling import LanguagePlan
from tidemill.training.trainees.images import ImageTrainee

__all__ = ["prepared_images"]

OBJECTIVE = "classes"
CODE_ALONE = ("languages", "rewrites", "nameless", "also")


def prepared_images(
    recipe: Recipe, packed: PackedCorpus, place: Workplace
) -> tuple[ImageTrainee, list[StagePlan]]:
    """Return a recipe's classifier, new or an expert's, with its images, and its stages.

    Raises:
        InputError: The set is none of images, or the recipe says what is for code, or shapes
            that do not fit the images.
    """
    _check(recipe)
    splits = ("train", "valid")
    parts = [read_images(packed, split) for split in splits]
    for split, part in zip(splits, parts, strict=True):
        if not len(part):
            raise InputError(f"the set has no image in {split}", path=str(packed.folder))
    trainee = ImageTrainee(
        np.concatenate(parts),
        np.concatenate([read_labels(packed, split) for split in splits]),
        _network(recipe, packed, place.start),
        architecture=recipe.model.kind,
        device=place.team.device,
    )
    counts = (len(parts[0]), len(parts[1]))
    return trainee, [
        _planned(recipe, number, trainee, counts) for number in range(len(recipe.stages))
    ]


def _check(recipe: Recipe) -> None:
    """Refuse what only recipes of code may say."""
    for name in CODE_ALONE:
        if getattr(recipe, name):
            raise InputError(f"{name}: for recipes of code alone", hint="Leave it away.")
    for stage in recipe.stages:
        for name in stage.objectives:
            if name != OBJECTIVE:
                hint = f'objectives = ["{OBJECTIVE}"]'
                raise InputError(f"the objective {name} is for code", hint=hint)


def _network(recipe: Recipe, packed: PackedCorpus, start: ExpertPackage | None) -> Classifier:
    """Return the classifier to begin with: one with first weights, or an expert's.

    Raises:
        InputError: The recipe's shape does not fit the images, or the expert has another one, is
            no classifier, or learnt from other images.
    """
    config = _config(recipe.model, packed)
    if start is None:
        first = Chance(seed=recipe.seed, stage=-1, step=0)
        return new_classifier(config, first.torch(recipe.model.kind))
    tensors = {name: part.to_float32() for name, part in start.tensors.items()}
    try:
        network = load_classifier(start.config, tensors)
    except ExpertError as error:
        message = f"{start.name}: {error.message}"
        raise InputError(message, path=str(start.folder), hint=error.hint) from error
    known = network.config.images
    _check_images(start, known, config.images)
    # It goes on seeing images as it learnt to, whatever is usual among those of this set.
    check_shape(start, network.config, replace(config, images=known))
    return network.requires_grad_()


def _check_images(start: ExpertPackage, known: ImageInput, shown: ImageInput) -> None:
    for name in ("size", "channels", "labels"):
        own, wanted = getattr(known, name), getattr(shown, name)
        if own != wanted:
            raise InputError(
                f"{start.name} learnt from images of other {name}",
                path=str(start.folder),
                hint=f"It knows {own!r}, and the set has {wanted!r}.",
            )


def _config(spec: ModelSpec, packed: PackedCorpus) -> ResNetConfig | ViTConfig:
    """Return the model's shape.

    Raises:
        InputError: It is a model of code, or its shape does not fit the images.
    """
    size, _, channels = packed.manifest["shape"]
    try:
        shown = ImageInput(
            size=size,
            channels=channels,
            mean=tuple(packed.manifest["mean"]),
            std=tuple(packed.manifest["std"]),
            labels=classes_of(packed),
        )
        if spec.kind == "resnet9":
            return ResNetConfig(images=shown, width=spec.width)
        if spec.kind == "vit":
            return ViTConfig(
                images=shown,
                patch_size=spec.patch,
                hidden_size=spec.width,
                num_hidden_layers=spec.layers,
                num_attention_heads=spec.heads,
                intermediate_size=spec.mlp_ratio * spec.width,
            )
    except ExpertError as error:
        raise InputError(f"model: {error.message}", hint=error.hint) from error
    raise InputError(
        f"a model of kind {spec.kind} reads code, not images", hint='kind = "resnet9" or "vit"'
    )


def _planned(
    recipe: Recipe, number: int, trainee: ImageTrainee, counts: tuple[int, int]
) -> StagePlan:
    stage = recipe.stages[number]
    learnt, measured = counts
    # As if all images were of one language: every one comes once before any comes twice.
    rows = {"images": np.arange(learnt, dtype=np.int64)}
    seed = (recipe.seed, f"stage {number}")
    return StagePlan(
        stage=stage,
        plan=LanguagePlan(rows, batch=stage.batch, steps=stage.steps, seed=seed),
        objectives={OBJECTIVE: _objective(stage, trainee)},
        alternating={},
        measure=partial(
            class_measure, trainee, np.arange(learnt, learnt + measured, dtype=np.int64)
        ),
    )


def _objective(stage: Stage, trainee: ImageTrainee) -> ClassObjective:
    return ClassObjective(trainee, smoothing=stage.label_smoothing, augmentation=stage.augmentation)
