"""Trying: the stages of a recipe on one package, and whether what came out is kept."""

import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from tidemill.core.clock import SystemClock
from tidemill.core.files import make_private_directory
from tidemill.core.progress import Silence
from tidemill.experts.parts import EncodedTensor
from tidemill.training.distributed import Workers
from tidemill.training.loop import Run, StagePlan, run_stages
from tidemill.training.objectives.search import SearchObjective
from tidemill.training.recipe import Stage
from tidemill.training.sampling import LanguagePlan
from tidemill.training.sprouting.bed import Bed
from tidemill.training.sprouting.changes import Changes
from tidemill.training.sprouting.measures import Figures, gain_of
from tidemill.training.sprouting.recipe import SproutRecipe, SproutStage
from tidemill.training.sprouting.texts import KnownTexts
from tidemill.training.sprouting.trainee import SproutTrainee

__all__ = ["Trial", "best_trial"]

WORK = "work"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """One try.

    Attributes:
        number: From 1.
        reaches: How much of what each stage learnt counts.
        losses: On the valid part after each stage.
        learnt: The tensors as they will be stored.
        texts: With the states below these.
        valid: What they come to on the valid part.
        reason: Why they are not kept; empty where they are.
    """

    number: int
    reaches: tuple[float, ...]
    losses: tuple[float, ...]
    learnt: Mapping[str, EncodedTensor]
    texts: KnownTexts
    valid: Figures
    reason: str


def best_trial(bed: Bed, base: Figures) -> Trial:
    """Train, and where that is not enough once more, gentler.

    Args:
        bed: The package.
        base: What the base comes to on the valid part.

    Raises:
        TidemillError: The loss is not a number.
    """
    recipe = bed.growth.recipe
    first = _trial(bed, recipe, 1, base)
    return _trial(bed, recipe.gentler(), 2, base) if first.reason else first


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Step:
    """What one stage came to."""

    texts: KnownTexts
    changes: Changes
    reach: float
    valid: Figures


def _trial(bed: Bed, recipe: SproutRecipe, number: int, base: Figures) -> Trial:
    steps: list[_Step] = []
    for own in recipe.stages:
        steps.append(_step(bed, (recipe, own), base, steps[-1] if steps else None))
    last = steps[-1]
    return Trial(
        number=number,
        reaches=tuple(step.reach for step in steps),
        losses=tuple(step.valid.loss for step in steps),
        learnt=last.changes.encoded(last.reach),
        texts=last.texts,
        valid=last.valid,
        reason=_why_not(base, last.valid, recipe),
    )


def _step(
    bed: Bed, how: tuple[SproutRecipe, SproutStage], base: Figures, before: _Step | None
) -> _Step:
    """Do a stage of a recipe, from where the one before it ended."""
    recipe, own = how
    texts = bed.texts(own.still)
    values: dict[str, Tensor] = {}
    if before is not None:
        with torch.no_grad():
            values = before.changes.values(before.reach)
    trainee = SproutTrainee(bed.origin, texts, values, dropout=recipe.token_dropout)
    _train(bed, recipe, trainee, own.stage)
    found = {
        reach: bed.figures(texts, trainee.changes.encoded(reach), "valid") for reach in own.reaches
    }
    best = max(own.reaches, key=lambda reach: gain_of(base, found[reach]).certain(recipe.errors))
    return _Step(texts=texts, changes=trainee.changes, reach=best, valid=found[best])


def _train(bed: Bed, recipe: SproutRecipe, trainee: SproutTrainee, stage: Stage) -> None:
    """Do the steps of a stage; the loop's files are gone afterwards."""
    subject, rows = bed.growth.subject, bed.pairs.rows["train"]
    folder = bed.growth.folder / WORK / subject.name
    shutil.rmtree(folder, ignore_errors=True)
    make_private_directory(folder)
    plan = LanguagePlan(
        {subject.language: rows},
        batch=min(stage.batch, len(rows)),
        steps=stage.steps,
        seed=(recipe.seed, subject.name),
    )
    run = Run(
        recipe=recipe.run(subject.name, stage),
        trainee=trainee,
        folder=folder,
        workers=Workers(device=torch.device("cpu")),
        clock=SystemClock(),
        progress=Silence(),
    )
    objective = SearchObjective(trainee, temperature=stage.temperature)
    run_stages(
        run,
        [
            StagePlan(
                stage=stage,
                plan=plan,
                objectives={"search": objective},
                alternating={},
                measure=dict,
            )
        ],
    )
    shutil.rmtree(folder)


def _why_not(base: Figures, sprout: Figures, recipe: SproutRecipe) -> str:
    """Return why a sprout is not kept, by the valid part alone; empty where it is."""
    gain, least = gain_of(base, sprout), recipe.margin * base.loss
    luck = recipe.errors * gain.error
    if math.isfinite(luck) and gain.mean >= max(least, luck):
        return ""
    return (
        f"on the valid part its loss is {sprout.loss:.3f} and the base's {base.loss:.3f}:"
        f" not {max(least, luck):.3f} lower"
    )
