"""A router of sprouts: learnt from their packages' queries, its map chosen by validation scores.

Two steps (Composition of Experts, arXiv 2412.01868): which package a query is about, and who
answers for that package. The train parts teach the first; on the valid parts the answers of each
package's sprout are compared with the base's, on whatever the router takes for that package; the
test parts choose nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tidemill.core.clock import SystemClock
from tidemill.core.errors import ExpertError
from tidemill.core.hashing import content_hash
from tidemill.core.locks import JobLock
from tidemill.core.progress import Progress, Silence
from tidemill.core.settings import Settings, resolve
from tidemill.corpus.example import SPLITS
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.experts.registry import ExpertRegistry, open_registry
from tidemill.tasks.sprouting.naming import router_name
from tidemill.tasks.sprouting.plan import PlannedPackage, SproutPlan
from tidemill.tasks.sprouting.report import SproutReport
from tidemill.tasks.sprouting.routed import RoutedReport, routed_in, write_routed
from tidemill.training.routing.drafting import confidences_of
from tidemill.training.routing.learning import LearntCategories, RouterRecipe, learn_categories
from tidemill.training.routing.recipes import SPROUTS
from tidemill.training.sprouting.judging import Judge
from tidemill.training.sprouting.queries import Category, lessons, queries_of
from tidemill.training.sprouting.recipe import SproutRecipe
from tidemill.training.sprouting.routers import ROUTER, RoutedSprouts, sprouts_router
from tidemill.training.sprouting.threads import one_thread
from tidemill.training.sprouting.weighing import (
    BASE,
    JudgedPart,
    JudgedParts,
    Weighed,
    weighed,
)

__all__ = ["route_sprouts"]

EDITION = "1"
"""Part of a report's key: new whenever the same sprouts would be judged otherwise."""

JOB = "sprout"


def route_sprouts(
    plan: SproutPlan,
    grown: SproutReport,
    *,
    recipe: SproutRecipe | None = None,
    replace: bool = False,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> RoutedReport:
    """Learn who is asked about what, and let the router into the registry.

    What experts answered is kept in the run's folder, so that a run which was stopped goes on.

    Args:
        plan: From `plan_sprouts`.
        grown: From `grow_sprouts`.
        recipe: How the sprouts learnt: the seed, and among how many a pair is found.
        replace: Whether the router may take the place of another expert of its name.
        settings: Workers, and where experts lie.
        progress: Told while experts are asked.

    Raises:
        ExpertError: No sprout was kept, or another expert has the router's name.
        InputError: A package's pairs are damaged.
        LockedError: Another process works in the run's folder.
        CapacityError: The disk is full, or a worker died.
    """
    settings = settings or resolve().settings
    sprouts = recipe or SproutRecipe()
    field = _field(plan, grown, open_registry(settings), sprouts)
    if not replace:
        field.check_name()
    judge = Judge(
        folder=plan.folder,
        experts=field.experts,
        candidates=sprouts.candidates,
        settings=settings,
        progress=progress or Silence(),
    )
    with JobLock(plan.folder, JOB, SystemClock()):
        known = routed_in(plan.folder, field.key)
        return known if known is not None and field.is_there else _routed(field, judge)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Field:
    """What a router has to choose among.

    Attributes:
        plan: The plan.
        categories: Packages that sprouts were tried on.
        strays: Those that were spare to the end.
        experts: The base, then the sprouts that are kept.
        owners: The expert of each category, as a place among these.
        registry: Where the router goes.
        recipe: How it learns.
        candidates: Pairs at most among which a pair is found.
    """

    plan: SproutPlan
    categories: Sequence[Category]
    strays: Sequence[Category]
    experts: Sequence[ExpertPackage]
    owners: Sequence[int]
    registry: ExpertRegistry
    recipe: RouterRecipe
    candidates: int

    @property
    def languages(self) -> tuple[str, ...]:
        """Of the packages."""
        return tuple(sorted({own.language for own in self.categories}))

    @property
    def name(self) -> str:
        """The router's."""
        return router_name(self.languages)

    @property
    def base(self) -> str:
        """What manifests of sprouts call their base."""
        package = self.experts[BASE]
        return f"{package.name} {package.expert_hash}"

    @property
    def key(self) -> str:
        """Names everything that the router depends on."""
        experts = [package.expert_hash for package in self.experts]
        facts = (EDITION, self.plan.key, experts, self.recipe.hash, self.candidates)
        return content_hash(repr(facts).encode())

    @property
    def is_there(self) -> bool:
        """Whether the registry has the router of this key."""
        there = self._there()
        training = there.manifest.training if there else None
        return training is not None and training.data_hash == self.key

    def check_name(self) -> None:
        """Refuse to take the place of an expert that is no router of this base's sprouts.

        Raises:
            ExpertError: There is one.
        """
        there = self._there()
        if there is None:
            return
        training = there.manifest.training
        if training is None or training.recipe != ROUTER or there.manifest.base != self.base:
            raise ExpertError(
                f"the name {self.name} is taken by another expert: {self.registry.own}",
                hint="Replace it with --replace, or leave the router out with --no-router",
            )

    def _there(self) -> ExpertPackage | None:
        folder = self.registry.own / self.name
        return open_expert(folder) if folder.is_dir() else None


def _field(
    plan: SproutPlan, grown: SproutReport, registry: ExpertRegistry, recipe: SproutRecipe
) -> _Field:
    kept = [outcome.name for outcome in grown.kept]
    if not kept:
        raise ExpertError("no sprout was kept, so there is nobody to choose among")
    tried = {*kept, *(outcome.name for outcome in grown.refused)}
    categories = [_category(plan, own) for own in plan.packages if own.name in tried]
    base = grown.base.partition(" ")[0]
    place = {name: number for number, name in enumerate(kept, start=BASE + 1)}
    return _Field(
        plan=plan,
        categories=categories,
        strays=[_category(plan, own) for own in plan.packages if own.name not in tried],
        experts=[registry.get(name) for name in (base, *kept)],
        owners=[place.get(own.name, BASE) for own in categories],
        registry=registry,
        recipe=replace(SPROUTS, seed=recipe.seed),
        candidates=recipe.candidates,
    )


def _category(plan: SproutPlan, package: PlannedPackage) -> Category:
    return Category(
        name=package.name,
        title=package.title,
        language=package.language,
        pairs=plan.pairs_of(package),
        hash=package.hash,
    )


def _routed(field: _Field, judge: Judge) -> RoutedReport:
    """Learn, ask experts, and let the router in."""
    with one_thread():
        learnt = learn_categories(
            lessons(field.categories),
            queries_of(field.categories, "valid").labelled(),
            len(field.categories),
            recipe=field.recipe,
        )
    parts = JudgedParts(
        valid=_judged(field, learnt, field.categories, "valid"),
        test=_judged(field, learnt, field.categories, "test"),
        strays=_judged(field, learnt, field.strays, "test"),
        owners=field.owners,
    )
    found = weighed(judge, parts)
    report = _report(field, learnt, found)
    draft = sprouts_router(_subject(field), learnt, field.recipe, found)
    # The report first: where a kill falls between, the router is made again.
    write_routed(field.plan.folder, report)
    field.registry.add_draft(draft, replace=True)
    return report


def _judged(
    field: _Field, learnt: LearntCategories, packages: Sequence[Category], part: str
) -> JudgedPart:
    queries = queries_of(packages, part)
    confidences = confidences_of(learnt, field.recipe, queries.texts)
    return JudgedPart(name=part, texts=queries, confidences=confidences)


def _subject(field: _Field) -> RoutedSprouts:
    names = {own.name for own in field.categories}
    planned = [own for own in field.plan.packages if own.name in names]
    return RoutedSprouts(
        name=field.name,
        key=field.key,
        base=field.base,
        languages=field.languages,
        categories=[own.title for own in field.categories],
        experts=[package.name for package in field.experts],
        counts={part: sum(own.pairs[part] for own in planned) for part in SPLITS},
    )


def _report(field: _Field, learnt: LearntCategories, found: Weighed) -> RoutedReport:
    return RoutedReport(
        name=field.name,
        key=field.key,
        categories=len(field.categories),
        sprouts=int((found.fitted.experts != BASE).sum()),
        features=len(learnt.space),
        steps=learnt.steps,
        best_single=field.experts[found.best_single].name,
        fitted=found.valid,
        test=found.test.to_dict(),
        strays=found.strays,
    )
