"""A recipe and its corpus become what the loop runs: a trainee, and plans for its stages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tidemill.core.errors import InputError
from tidemill.training.loop import Plan, StagePlan
from tidemill.training.measures import group_measure, search_measure
from tidemill.training.objectives.graph import AlignmentObjective, EdgeObjective
from tidemill.training.objectives.groups import GroupObjective
from tidemill.training.objectives.masked_language import MaskedLanguageObjective
from tidemill.training.objectives.objective import Objective
from tidemill.training.objectives.search import SearchObjective
from tidemill.training.reading import TrainingExample
from tidemill.training.recipe import Recipe, Stage
from tidemill.training.sampling import GroupPlan, LanguagePlan, LengthPlan
from tidemill.training.trainees.encoder import EncoderTrainee
from tidemill.training.trainees.trainee import Rows, TextTrainee

__all__ = ["Material", "stage_plans"]

ALTERNATING = ("edges", "alignment")


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """The examples of a run: those to learn from, then those to measure with.

    Attributes:
        examples: All of them; their places are the rows of a trainee.
        learnt: How many of them are to be learnt from.
    """

    examples: Sequence[TrainingExample]
    learnt: int

    @cached_property
    def train(self) -> Rows:
        """Rows to learn from."""
        return np.arange(self.learnt, dtype=np.int64)

    @cached_property
    def valid(self) -> Rows:
        """Rows to measure with."""
        return np.arange(self.learnt, len(self.examples), dtype=np.int64)

    def by_language(self, rows: Rows, *, asked: bool) -> dict[str, Rows]:
        """Return rows by language.

        Args:
            rows: Some rows.
            asked: Whether only those with a query count.
        """
        return self._by(rows, lambda row: self.examples[row].language, asked=asked)

    def groups(self, rows: Rows) -> list[Rows]:
        """Return rows by group, in the order of the groups' names; those without are left out."""
        found = self._by(rows, lambda row: self.examples[row].group, asked=False)
        return [found[name] for name in sorted(found) if name]

    def _by(self, rows: Rows, key: Callable[[int], str], *, asked: bool) -> dict[str, Rows]:
        found: dict[str, list[int]] = {}
        for row in rows.tolist():
            if not asked or self.examples[row].query:
                found.setdefault(key(row), []).append(row)
        return {name: np.array(members, dtype=np.int64) for name, members in found.items()}


def stage_plans(recipe: Recipe, material: Material, trainee: TextTrainee) -> list[StagePlan]:
    """Return the stages of a recipe, ready to run.

    Raises:
        InputError: The corpus lacks what a stage needs, or an objective is not for this
            kind of model.
    """
    return [
        _planned(recipe, stage, number, (material, trainee))
        for number, stage in enumerate(recipe.stages)
    ]


def _planned(
    recipe: Recipe, stage: Stage, number: int, given: tuple[Material, TextTrainee]
) -> StagePlan:
    material, trainee = given
    objectives: dict[str, Objective] = {
        name: _objective(name, stage, trainee) for name in stage.objectives
    }
    seed = (recipe.seed, f"stage {number}")
    alternating = {name: objectives[name] for name in ALTERNATING if name in objectives}
    return StagePlan(
        stage=stage,
        plan=_examples(stage, material, trainee, seed),
        objectives={name: part for name, part in objectives.items() if name not in alternating},
        alternating=alternating,
        measure=_measure(recipe, material, trainee),
    )


def _examples(
    stage: Stage, material: Material, trainee: TextTrainee, seed: tuple[int, str]
) -> Plan:
    if "groups" in stage.objectives:
        return _groups(stage, material, seed)
    rows = material.by_language(material.train, asked="search" in stage.objectives)
    plan = LanguagePlan(rows, batch=stage.batch, steps=stage.steps, seed=seed)
    # A contrast is over a whole batch, which a trainee sorts itself.
    if set(stage.objectives) <= set(_PRETRAINING) and isinstance(trainee, EncoderTrainee):
        return LengthPlan(plan, trainee.lengths)
    return plan


def _groups(stage: Stage, material: Material, seed: tuple[int, str]) -> GroupPlan:
    """Return batches of whole groups, whose parts hold whole groups too."""
    if stage.batch % stage.members:
        raise InputError(f"a batch of {stage.batch} is no multiple of {stage.members} members")
    plan = GroupPlan(
        material.groups(material.train),
        size=(stage.batch // stage.members, stage.members),
        seed=seed,
    )
    if plan.groups % stage.accumulate or plan.groups < 2 * stage.accumulate:
        raise InputError(
            f"{plan.groups} groups do not make {stage.accumulate} parts of two or more groups"
        )
    return plan


def _measure(
    recipe: Recipe, material: Material, trainee: TextTrainee
) -> Callable[[], dict[str, float]]:
    if recipe.task == "clones":
        groups = material.groups(material.valid)
        return lambda: group_measure(trainee, groups, seed=recipe.seed)
    pairs = material.by_language(material.valid, asked=True)
    return lambda: search_measure(trainee, pairs, seed=recipe.seed)


def _objective(name: str, stage: Stage, trainee: TextTrainee) -> Objective:
    if name == "search":
        return SearchObjective(trainee, temperature=stage.temperature)
    if name == "groups":
        return GroupObjective(trainee, members=stage.members, temperature=stage.temperature)
    if name == "classes":
        raise InputError("the objective classes is for images", hint="Use search or groups.")
    if not isinstance(trainee, EncoderTrainee):
        raise InputError(f"the objective {name} is for encoders", hint="Use search or groups.")
    return _PRETRAINING[name](trainee)


_PRETRAINING: Mapping[str, Callable[[EncoderTrainee], Objective]] = {
    "masked-language": MaskedLanguageObjective,
    "edges": EdgeObjective,
    "alignment": AlignmentObjective,
}
