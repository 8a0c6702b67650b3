"""A dense expert becomes a sparse one: pruned, and trained for a while so that it recovers."""

from dataclasses import replace
from pathlib import Path

from tidemill.core.errors import InputError, SettingError
from tidemill.core.progress import Progress
from tidemill.core.settings import resolve
from tidemill.experts.package import ExpertPackage
from tidemill.training.recipe import DENSE, Recipe, builtin_recipes, read_recipe
from tidemill.training.runs import folder_for
from tidemill.training.training import TrainingReport, train

__all__ = ["sparse_recipe", "sparse_version"]

GENTLER = 0.5
"""What is left of the last stage's learning rate: the expert has learnt already."""


def sparse_recipe(
    package: ExpertPackage, sparsity: str, *, recipe: str | None = None, steps: int | None = None
) -> Recipe:
    """Return how an expert is fine-tuned at a sparsity: its recipe's last stage once more.

    Args:
        package: The expert.
        sparsity: A pattern such as ``2:8``.
        recipe: The recipe that it was made by, by name or path; by default the one that its
            manifest names.
        steps: Updates; by default those of the last stage.

    Raises:
        InputError: Nobody knows how it was made, or it has another task than the recipe.
        SettingError: There is no such pattern, or steps are below 1.
    """
    known = package.manifest.training
    name = recipe or (known.recipe if known else None)
    if name is None or (recipe is None and name not in builtin_recipes()):
        raise InputError(
            f"{package.name}: made by {name or 'nobody knows which recipe'}",
            path=str(package.folder),
            hint="Give the recipe's file: --recipe",
        )
    if sparsity == DENSE:
        raise SettingError("dense is no sparsity to prune to", hint="Give a pattern, as 2:8.")
    plan = read_recipe(name)
    if plan.model.kind == "static":
        raise InputError(
            f"{package.name}: a model of kind static cannot go on from an expert",
            hint="It is a table, which has no layers that could be sparse.",
        )
    if plan.task != package.manifest.task:
        raise InputError(
            f"{package.name} is for {package.manifest.task}, the recipe {name} for {plan.task}",
            hint="Give the recipe that made it: --recipe",
        )
    last = plan.stages[-1]
    stage = replace(last, steps=steps or last.steps, learning_rate=GENTLER * last.learning_rate)
    return replace(plan.at_sparsity(sparsity), name=package.name, stages=(stage,))


def sparse_version(  # noqa: PLR0913  all by name
    package: ExpertPackage,
    sparsity: str,
    *,
    corpus: Path,
    folder: Path | None = None,
    recipe: str | None = None,
    steps: int | None = None,
    progress: Progress | None = None,
) -> TrainingReport:
    """Prune an expert, and train it until it has recovered; resumes where it was stopped.

    Args:
        package: The dense expert.
        sparsity: A pattern such as ``2:8``.
        corpus: The packed training set.
        folder: The run's; the sparse expert is in it in the end. By default among your runs.
        recipe: As in `sparse_recipe`.
        steps: As in `sparse_recipe`.
        progress: Told of every step.

    Raises:
        InputError: Recipe, corpus and expert do not fit.
        SettingError: There is no such pattern.
    """
    plan = sparse_recipe(package, sparsity, recipe=recipe, steps=steps)
    own = folder_for(plan, resolve().settings)
    place = folder or own.with_name(f"{own.name}-tuned")
    return train(plan, corpus=corpus, folder=place, start=package.folder, progress=progress)
