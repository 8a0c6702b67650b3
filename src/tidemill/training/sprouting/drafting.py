"""A sprout as a package: what it learnt, beside what it shares with its base to the byte."""

from collections.abc import Mapping
from dataclasses import dataclass

from tidemill.experts.manifest import Metric, Training
from tidemill.experts.names import TOKENIZER
from tidemill.experts.packing import ExpertDraft
from tidemill.experts.parts import EncodedTensor
from tidemill.training.sprouting.origin import Origin
from tidemill.training.sprouting.recipe import RECIPE, SproutRecipe

__all__ = ["Subject", "draft_of"]

BASE = "base"
"""How figures of the base are told from the sprout's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a sprout is about.

    Attributes:
        name: Of the expert.
        title: The package in words: ``networkx.algorithms``.
        language: Of its functions.
    """

    name: str
    title: str
    language: str

    @property
    def scope(self) -> str:
        """The name without the task."""
        return self.name.partition("-")[2]


def draft_of(
    subject: Subject,
    origin: Origin,
    learnt: Mapping[str, EncodedTensor],
    *,
    recipe: SproutRecipe,
    data: tuple[str, Mapping[str, int]],
    figures: Mapping[str, Mapping[str, float]],
) -> ExpertDraft:
    """Return a sprout as it enters a registry.

    Args:
        subject: What it is about.
        origin: What it came from.
        learnt: The tensors that it learnt.
        recipe: How.
        data: Hash of its pairs, and how many each part has.
        figures: Loss and MRR by part, of ``base`` and ``sprout``.
    """
    manifest = origin.package.manifest
    data_hash, counts = data
    return ExpertDraft(
        name=subject.name,
        task=manifest.task,
        architecture=manifest.architecture,
        config=origin.package.config,
        tensors={},
        encoded={**origin.shared(recipe.still(origin.layers)), **learnt},
        licence=manifest.licence,
        languages=(subject.language,),
        texts={TOKENIZER: origin.tokenizer.read_bytes().decode()},
        metrics=(
            *_metrics(subject, figures["sprout"], manifest.sparsity),
            *_metrics(subject, figures["base"], BASE),
        ),
        base=origin.name,
        training=Training(
            recipe=RECIPE,
            recipe_hash=recipe.hash,
            steps=recipe.steps,
            seed=recipe.seed,
            data_hash=data_hash,
        ),
        about=_about(subject, origin, counts, recipe),
    )


def _metrics(subject: Subject, found: Mapping[str, float], variant: str) -> tuple[Metric, ...]:
    """Return figures that are named ``<part>.<measure>``."""
    return tuple(
        Metric(
            name=name.partition(".")[2],
            value=value,
            data=subject.scope,
            split=name.partition(".")[0],
            variant=variant,
        )
        for name, value in found.items()
    )


def _about(
    subject: Subject, origin: Origin, counts: Mapping[str, int], recipe: SproutRecipe
) -> str:
    still = recipe.still(origin.layers)
    learnt = f"the upper {origin.layers - still} of its {origin.layers} layers"
    return f"""\
Search in {subject.title} ({subject.language}): a copy of `{origin.package.name}`, fine-tuned on
{counts["train"]:,} documented functions of that package.

First the weights of tokens and the last map learnt, then {learnt} with
them. Tables, their norm, the tokenizer and the places of all sparse weights are the base's to the
byte.

## Limits

Made for questions about this package alone; anything else is the base's business.
{counts["valid"]:,} functions chose how far training went, and {counts["test"]:,} were held out
(part `test`). All are the package's own, and a pair is found among at most {recipe.candidates} of
the same part: the figures say how this sprout compares with its base, and not how good a search
over much code is.
"""
