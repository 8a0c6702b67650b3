"""Sprouts from start to end: code -> plan -> training, over processes -> the user's registry.

Every finished package is written down before the next begins, so that a run which was killed
goes on where it stopped, and what is there is not made again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tidemill.core.choosing import chosen_executor
from tidemill.core.clock import SystemClock
from tidemill.core.errors import ExpertError
from tidemill.core.executor import Resources
from tidemill.core.files import make_private_directory, write_atomically
from tidemill.core.locks import JobLock
from tidemill.core.progress import Progress, Silence
from tidemill.core.settings import Settings, resolve
from tidemill.experts.manifest import Manifest
from tidemill.experts.package import open_expert
from tidemill.experts.registry import ExpertRegistry, open_registry
from tidemill.tasks.sprouting.harvesting import chosen, harvested
from tidemill.tasks.sprouting.plan import (
    PlannedPackage,
    SproutPlan,
    Wishes,
    made_plan,
    plan_in,
    plan_key,
)
from tidemill.tasks.sprouting.report import SproutReport
from tidemill.tasks.sprouting.sources import interpreter_folders, sources_in
from tidemill.training.runs import runs_folder
from tidemill.training.sprouting.bed import Growth
from tidemill.training.sprouting.drafting import Subject
from tidemill.training.sprouting.growing import OUTCOMES, grow, growth_key
from tidemill.training.sprouting.origin import Origin, open_origin
from tidemill.training.sprouting.outcome import SproutOutcome, outcome_in
from tidemill.training.sprouting.recipe import SproutRecipe

__all__ = ["COUNT", "LEAST", "grow_sprouts", "plan_sprouts"]

COUNT = 150
"""Sprouts where nobody says how many: as many experts as Samba-CoE has."""

LEAST = 160
"""Documented functions of a package where nobody says: some thirty of them are held out."""

JOB = "sprout"
HARVESTS = "harvests"
REPORT = "report.json"


def plan_sprouts(  # noqa: PLR0913  all by name
    base: str,
    *,
    folders: Sequence[Path] = (),
    count: int = COUNT,
    least: int = LEAST,
    run: Path | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> SproutPlan:
    """Divide code into packages that are to get a sprout each; a plan that is there is taken.

    Args:
        base: The expert that they grow from.
        folders: Code; by default the standard library and what is installed beside it.
        count: Sprouts.
        least: Documented functions of a package at least.
        run: The run's folder; by default ``sprouts`` among your runs.
        settings: Limits of reading, workers, and where experts and runs lie.
        progress: Told of every source.

    Raises:
        ExpertError: There is no such base, or none can be grown from it.
        InputError: A folder is not there, or there are fewer packages than wanted.
        LockedError: Another process works in the run's folder.
        CapacityError: The disk is full.
    """
    settings = settings or resolve().settings
    place = _run_folder(run, settings)
    manifest = _origin(base, open_registry(settings)).package.manifest
    languages = frozenset(manifest.languages)
    wishes = Wishes(task=manifest.task, count=count, least=least)
    sources = sources_in(folders or interpreter_folders())
    with JobLock(place, JOB, SystemClock()):
        harvests = harvested(
            sources, place / HARVESTS, settings=settings, progress=progress or Silence()
        )
        key = plan_key(harvests.key, wishes, languages)
        known = plan_in(place, key)
        if known is not None:
            return known
        found, left_out = chosen(harvests, languages)
        return made_plan(place, key, wishes, found=found, left_out=left_out)


def grow_sprouts(
    plan: SproutPlan,
    base: str,
    *,
    recipe: SproutRecipe | None = None,
    replace: bool = False,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> SproutReport:
    """Grow the sprouts of a plan; those that are there already are left as they are.

    Where one is refused, the next package of the plan takes its place.

    Args:
        plan: From `plan_sprouts`.
        base: The expert that they grow from.
        recipe: How they learn.
        replace: Whether they may take the place of other experts of their names.
        settings: Workers, and where experts lie.
        progress: Told of every package, in sprouts that are kept.

    Raises:
        ExpertError: There is no such base, none can be grown from it, or there are other
            experts of these names.
        InputError: A package's pairs are damaged.
        LockedError: Another process works in the run's folder.
        CapacityError: The disk is full, or a worker died.
    """
    settings = settings or resolve().settings
    registry, recipe = open_registry(settings), recipe or SproutRecipe()
    origin = _origin(base, registry)
    work = _Work(
        plan=plan,
        origin=origin,
        registry=registry,
        recipe=recipe,
        replace=replace,
        settings=settings,
        progress=progress or Silence(),
    )
    with JobLock(plan.folder, JOB, SystemClock()):
        make_private_directory(plan.folder / OUTCOMES)
        report = work.report()
        data = json.dumps(report.to_dict(), indent=1).encode()
        write_atomically(plan.folder / REPORT, data)
    return report


def _run_folder(run: Path | None, settings: Settings) -> Path:
    return make_private_directory((run or runs_folder(settings) / "sprouts").absolute())


def _origin(base: str, registry: ExpertRegistry) -> Origin:
    """Return the base, checked in full."""
    return open_origin(registry.get(base).folder)


@dataclass(kw_only=True, eq=False)
class _Work:
    """A run of sprouts, and what came out so far."""

    plan: SproutPlan
    origin: Origin
    registry: ExpertRegistry
    recipe: SproutRecipe
    replace: bool
    settings: Settings
    progress: Progress
    kept: dict[str, SproutOutcome] = field(default_factory=dict)
    refused: dict[str, SproutOutcome] = field(default_factory=dict)
    resumed: int = 0

    def report(self) -> SproutReport:
        """Do all that is left to do, and say what came out."""
        queue = list(self.plan.packages)
        while queue and (missing := self.plan.count - len(self.kept)) > 0:
            self._grow(queue[:missing])
            del queue[:missing]
        names = [package.name for package in self.plan.packages]
        return SproutReport(
            folder=self.plan.folder,
            experts=self.registry.own,
            base=self.origin.name,
            wanted=self.plan.count,
            kept=[self.kept[name] for name in names if name in self.kept],
            refused=[self.refused[name] for name in names if name in self.refused],
            resumed=self.resumed,
        )

    def _grow(self, packages: Sequence[PlannedPackage]) -> None:
        """Grow packages over workers, but for those of which it is known what came out."""
        waiting = []
        for package in packages:
            known = self._known(package)
            if known is None:
                waiting.append(package)
            else:
                self.resumed += 1
                self._take(known)
        self._check_names(waiting)
        executor = chosen_executor(self.settings, small=not waiting)
        growths = [self._growth(package) for package in waiting]
        resources = Resources(workers=self.settings.workers)
        for outcome in executor.map(grow, growths, resources=resources):
            self._take(outcome.unwrap())

    def _take(self, outcome: SproutOutcome) -> None:
        (self.kept if outcome.kept else self.refused)[outcome.name] = outcome
        word = "kept" if outcome.kept else "refused"
        self.progress.advance(len(self.kept), self.plan.count, f"{outcome.name}: {word}")

    def _known(self, package: PlannedPackage) -> SproutOutcome | None:
        """Return what came out of a package in an earlier run, if its expert is still there."""
        key = self._key(package)
        found = outcome_in(self.plan.folder / OUTCOMES, package.name, key)
        if found is None or not found.kept:
            return found
        there = self._manifest(package.name)
        return found if there is not None and self._is_own(there, package) else None

    def _check_names(self, packages: Sequence[PlannedPackage]) -> None:
        """Refuse to take the place of experts that are no sprouts of this plan.

        Raises:
            ExpertError: There are some.
        """
        if self.replace:
            return
        manifests = {package.name: self._manifest(package.name) for package in packages}
        others = [
            package.name
            for package in packages
            if (there := manifests[package.name]) and not self._is_own(there, package)
        ]
        if others:
            raise ExpertError(
                f"{len(others):,} of these names are taken by other experts,"
                f" {others[0]} among them: {self.registry.own}",
                hint="Replace them with --replace, or choose another folder: --experts",
            )

    def _manifest(self, name: str) -> Manifest | None:
        """Return what the user's expert of a name says of itself."""
        folder = self.registry.own / name
        return open_expert(folder).manifest if folder.is_dir() else None

    def _is_own(self, there: Manifest, package: PlannedPackage) -> bool:
        """Whether an expert is the sprout of a package, by this recipe."""
        training = there.training
        return (
            there.base == self.origin.name
            and training is not None
            and training.data_hash == package.hash
            and training.recipe_hash == self.recipe.hash
        )

    def _key(self, package: PlannedPackage) -> str:
        return growth_key(self.origin.package.expert_hash, package.hash, self.recipe)

    def _growth(self, package: PlannedPackage) -> Growth:
        subject = Subject(name=package.name, title=package.title, language=package.language)
        return Growth(
            subject=subject,
            base=self.origin.package.folder,
            pairs=self.plan.pairs_of(package),
            key=self._key(package),
            folder=self.plan.folder,
            registry=self.registry.folders,
            recipe=self.recipe,
            replace=self.replace,
        )
