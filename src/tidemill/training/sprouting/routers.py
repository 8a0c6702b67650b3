"""A router of sprouts as an expert, and what its card says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tidemill.experts.manifest import Metric, Training
from tidemill.experts.packing import ExpertDraft
from tidemill.training.routing.drafting import router_config_of, router_draft
from tidemill.training.routing.learning import LearntCategories, RouterRecipe
from tidemill.training.sprouting.weighing import BASE, Weighed

__all__ = ["ROUTER", "RoutedSprouts", "sprouts_router"]

ROUTER = "sprout-router"
"""What manifests call the recipe."""

SHARE_METRICS = (
    "routed",
    "base",
    "best_single",
    "category_oracle",
    "text_oracle",
    "accuracy",
    "coverage",
    "sure_accuracy",
    "calibration_error",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoutedSprouts:
    """Who is routed among, and by what texts that was learnt.

    Attributes:
        name: Of the router.
        key: Names plan, sprouts and recipe.
        base: What manifests of sprouts call their base.
        languages: Of the packages.
        categories: Titles of the packages.
        experts: Names: the base, then the sprouts.
        counts: Pairs of all packages, by part.
    """

    name: str
    key: str
    base: str
    languages: tuple[str, ...]
    categories: Sequence[str]
    experts: Sequence[str]
    counts: Mapping[str, int]


def sprouts_router(
    sprouts: RoutedSprouts, learnt: LearntCategories, recipe: RouterRecipe, found: Weighed
) -> ExpertDraft:
    """Return the router as it enters a registry.

    Args:
        sprouts: Whom it chooses among.
        learnt: Its categories.
        recipe: How they were learnt.
        found: Its map, and what that is worth.
    """
    config = router_config_of(
        learnt,
        recipe,
        answers="search",
        categories=sprouts.categories,
        experts=sprouts.experts,
        fitted=found.fitted,
    )
    draft = router_draft(
        sprouts.name,
        learnt,
        config,
        training=Training(
            recipe=ROUTER,
            recipe_hash=recipe.hash,
            steps=learnt.steps,
            seed=recipe.seed,
            data_hash=sprouts.key,
        ),
        metrics=_metrics(found),
        about=_about(sprouts, found),
    )
    return replace(draft, languages=sprouts.languages, base=sprouts.base)


def _metrics(found: Weighed) -> tuple[Metric, ...]:
    figures = found.test.figures
    return tuple(
        Metric(name=name, value=figures[name], data="sprouts", split="test")
        for name in SHARE_METRICS
    )


def _about(sprouts: RoutedSprouts, found: Weighed) -> str:
    base, fitted = sprouts.experts[BASE], found.fitted
    answering = int((fitted.experts != BASE).sum())
    counts = {part: f"{count:,}" for part, count in sprouts.counts.items()}
    return f"""\
Says which of {len(sprouts.experts) - 1:,} sprouts of `{base}` a query is for.

It tells {len(sprouts.categories):,} packages apart by the words of a query. For {answering:,} of
them their sprout answers, for the others the base, and the base also answers whatever the router
is less sure of than {fitted.least_confidence:.2f}. It learnt from queries, names and first lines
of {counts["train"]} functions; {counts["valid"]} others chose the map, the threshold and the
temperature.

## Limits

The figures are means over {counts["test"]} held-out queries (part `test`) of the same packages:
the reciprocal rank of the right function among those of its package's part, where whoever answers
reads both. `category_oracle` is what sprout or base, whichever is better for a package, would
reach if the package were known. Questions about other code are for the base, and are not always
recognised as such.
"""
