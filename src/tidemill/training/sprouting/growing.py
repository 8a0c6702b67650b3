"""One package becomes one sprout: trained, judged on the valid part, and let into the registry."""

import time
from collections.abc import Mapping

from tidemill.core.allocation import freed_memory_kept
from tidemill.core.errors import ExpertError
from tidemill.core.files import make_private_directory
from tidemill.core.hashing import content_hash
from tidemill.experts.package import open_expert
from tidemill.experts.packing import ExpertDraft
from tidemill.experts.registry import ExpertRegistry
from tidemill.training.sprouting.bed import Bed, Growth, prepared
from tidemill.training.sprouting.drafting import draft_of
from tidemill.training.sprouting.measures import Figures, gain_of
from tidemill.training.sprouting.outcome import SproutOutcome, write_outcome
from tidemill.training.sprouting.recipe import SproutRecipe
from tidemill.training.sprouting.threads import one_thread
from tidemill.training.sprouting.trials import Trial, best_trial

__all__ = ["OUTCOMES", "grow", "growth_key"]

OUTCOMES = "outcomes"
"""Folder of what came out, in a run's folder."""


def growth_key(base_hash: str, data_hash: str, recipe: SproutRecipe) -> str:
    """Return the name of everything that a sprout depends on.

    Args:
        base_hash: What the base computes.
        data_hash: Of the pairs.
        recipe: How it learns.
    """
    return content_hash(repr((base_hash, data_hash, recipe.hash)).encode())


def grow(growth: Growth) -> SproutOutcome:
    """Train a sprout, and let it into the registry if it is better than its base.

    One thread does all of it, so that the same package gives the same bytes. What came out is
    written down before the expert enters: where a kill falls between, it is grown again.

    Args:
        growth: What is to be done.

    Raises:
        ExpertError: The registry has another expert of this name, or the base is damaged.
        InputError: The pairs are damaged.
        CapacityError: The disk is full.
        TidemillError: The loss is not a number.
    """
    begun = time.process_time()
    with freed_memory_kept(), one_thread():
        bed = prepared(growth)
        base = _base_figures(bed)
        trial = best_trial(bed, base["valid"])
        sprout = {"valid": trial.valid}
        if not trial.reason:
            sprout["test"] = bed.figures(trial.texts, trial.learnt, "test")
    outcome = _outcome(bed, trial, base, sprout)
    draft = None if trial.reason else _draft(bed, trial, outcome)
    return _entered(growth, outcome.timed(time.process_time() - begun), draft)


def _base_figures(bed: Bed) -> dict[str, Figures]:
    """Measure the base: all of its layers are still, and its own heads are asked."""
    texts, heads = bed.texts(None), bed.origin.learning(bed.origin.layers)
    return {part: bed.figures(texts, heads, part) for part in ("valid", "test")}


def _outcome(
    bed: Bed, trial: Trial, base: Mapping[str, Figures], sprout: Mapping[str, Figures]
) -> SproutOutcome:
    return SproutOutcome(
        name=bed.growth.subject.name,
        key=bed.growth.key,
        kept=not trial.reason,
        reason=trial.reason,
        tries=trial.number,
        reaches=list(trial.reaches),
        losses=list(trial.losses),
        steps=bed.growth.recipe.steps,
        pairs=bed.pairs.counts,
        base=_told(base),
        sprout=_told(sprout),
        errors={part: gain_of(base[part], found).error for part, found in sprout.items()},
    )


def _told(figures: Mapping[str, Figures]) -> dict[str, float]:
    """Return figures by part and measure."""
    return {
        f"{part}.{measure}": value
        for part, found in figures.items()
        for measure, value in (("loss", found.loss), ("mrr", found.mrr))
    }


def _draft(bed: Bed, trial: Trial, outcome: SproutOutcome) -> ExpertDraft:
    return draft_of(
        bed.growth.subject,
        bed.origin,
        trial.learnt,
        recipe=bed.growth.recipe,
        data=(bed.pairs.hash, outcome.pairs),
        figures={"base": outcome.base, "sprout": outcome.sprout},
    )


def _entered(growth: Growth, outcome: SproutOutcome, draft: ExpertDraft | None) -> SproutOutcome:
    """Write down what came out, and let the expert in."""
    write_outcome(make_private_directory(growth.folder / OUTCOMES), outcome)
    if draft is not None:
        registry = ExpertRegistry(growth.registry)
        registry.add_draft(draft, replace=growth.replace or _is_same(registry, draft))
    return outcome


def _is_same(registry: ExpertRegistry, draft: ExpertDraft) -> bool:
    """Whether the user's expert is what an earlier run made of the same base, pairs and recipe."""
    folder = registry.own / draft.name
    if not folder.is_dir():
        return False
    try:
        known = open_expert(folder).manifest
    except ExpertError:
        return False
    return known.training == draft.training and known.base == draft.base
