"""Training an expert: recipe + packed corpus -> run folder -> expert package."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from tidemill.core.clock import Clock, SystemClock
from tidemill.core.errors import InputError
from tidemill.core.files import make_private_directory, write_atomically
from tidemill.core.locks import JobLock
from tidemill.core.progress import Progress, Silence
from tidemill.core.settings import Settings, resolve
from tidemill.corpus.example import Example
from tidemill.corpus.packed import PackedCorpus, open_corpus
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.experts.registry import open_registry
from tidemill.training.alike import DerivedExample, alike
from tidemill.training.assembly import Material, stage_plans
from tidemill.training.curve import write_curve
from tidemill.training.distributed import Workers, workers
from tidemill.training.journal import entries
from tidemill.training.loop import Run, StagePlan, run_stages
from tidemill.training.making import Workplace, made
from tidemill.training.nameless import nameless
from tidemill.training.packaging import Origin, packaged
from tidemill.training.recipe import Recipe, read_recipe
from tidemill.training.runs import RUN_FILE, run_state

if TYPE_CHECKING:
    from tidemill.training.reading import TrainingExample

__all__ = ["EXPERT", "TrainingReport", "resume", "train"]

EXPERT = "expert"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingReport:
    """What a run came to.

    Attributes:
        folder: The run's.
        expert: Where the expert is.
        steps: Updates of the weights in all.
        seconds: Time that training took in all.
        places: Tokens and nodes that were seen.
        measures: The last measurement on the valid part.
        resumed: Whether an earlier run was gone on with.
    """

    folder: Path
    expert: Path
    steps: int
    seconds: float
    places: int
    measures: dict[str, float]
    resumed: bool


def train(  # noqa: PLR0913  all by name, and each a fact of the run
    recipe: str | Path,
    *,
    corpus: str | Path,
    folder: str | Path,
    start: str | Path | None = None,
    device: str = "auto",
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> TrainingReport:
    """Train an expert, or go on with it where the run in ``folder`` stopped.

    Args:
        recipe: The name of a recipe that comes with Tidemill, or a path.
        corpus: The packed corpus.
        folder: The run's: checkpoints, journal, curve and, in the end, the expert.
        start: An encoder to go on from, by name or path of its package; else from scratch.
        device: ``cpu``, ``cuda``, or ``auto``.
        settings: Workers that read the corpus; by default those in force.
        progress: Told while the corpus is read, and of every step.

    Raises:
        InputError: The recipe or corpus cannot be used, or ``folder`` holds another run.
        ExpertError: There is no such expert to start from.
        LockedError: Another process trains in ``folder``.
        CapacityError: The disk is full; the last checkpoint stays.
    """
    settings = settings or resolve().settings
    known = _expert(start, settings) if start is not None else None
    work = _Work(device=device, settings=settings, progress=progress, start=known)
    return _begun(read_recipe(recipe), open_corpus(Path(corpus)), Path(folder), work)


def resume(
    folder: Path,
    *,
    device: str = "auto",
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> TrainingReport:
    """Go on with a run where it stopped, with the recipe and corpus that it began with.

    Args:
        folder: The run's.
        device: ``cpu``, ``cuda``, or ``auto``.
        settings: Workers that read the corpus; by default those in force.
        progress: Told while the corpus is read, and of every step.

    Raises:
        InputError: There is no run, or its corpus is not what it was.
        ExpertError: The expert that it began from is not there any more.
        LockedError: Another process trains in ``folder``.
        CapacityError: The disk is full; the last checkpoint stays.
    """
    state = run_state(folder)
    start = open_expert(state.start) if state.start else None
    settings = settings or resolve().settings
    work = _Work(device=device, settings=settings, progress=progress, start=start)
    return _begun(state.recipe, open_corpus(state.corpus), folder, work)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """With what a run is done."""

    device: str
    settings: Settings
    progress: Progress | None
    start: ExpertPackage | None


def _begun(plan: Recipe, packed: PackedCorpus, folder: Path, work: _Work) -> TrainingReport:
    clock = SystemClock()
    make_private_directory(folder)
    with workers(work.device) as team, _claimed(folder, clock, team):
        facts = _facts(plan, packed, work.start)
        resumed = team.rank == 0 and _is_begun(folder, facts)
        place = Workplace(
            folder=folder,
            corpus_hash=packed.hash,
            team=team,
            readers=work.settings.workers,
            progress=work.progress or Silence(),
            start=work.start,
        )
        material = _material(plan, packed, place)
        # The first process reads the corpus and keeps what it read; the others find it.
        team.wait(for_first=True)
        trainee = made(plan, material, place)
        team.wait(for_first=False)
        stages = stage_plans(plan, material, trainee)
        # A recipe and a set that do not fit begin no run.
        if team.rank == 0 and not resumed:
            write_atomically(folder / RUN_FILE, json.dumps(facts, indent=2).encode())
        run = Run(
            recipe=plan,
            trainee=trainee,
            folder=folder,
            workers=team,
            clock=clock,
            progress=place.progress,
        )
        return _ended(run, stages, Origin(corpus=packed, start=work.start), resumed=resumed)


def _ended(
    run: Run, stages: Sequence[StagePlan], origin: Origin, *, resumed: bool
) -> TrainingReport:
    """Train to the end, and pack what came out."""
    plan, folder = run.recipe, run.folder
    end = run_stages(run, stages)
    measures = [entry.measures for entry in entries(folder) if entry.measures]
    report = TrainingReport(
        folder=folder,
        expert=folder / EXPERT,
        steps=end.total,
        seconds=end.seconds,
        places=end.places,
        measures=measures[-1] if measures else {},
        resumed=resumed,
    )
    if run.workers.rank == 0:
        write_curve(folder, f"{plan.name}: {end.total:,} steps, {end.places:,} tokens")
        packaged(
            report.expert,
            plan,
            run.trainee.facts(),
            origin=origin,
            measures=report.measures,
        )
    return report


def _expert(start: str | Path, settings: Settings) -> ExpertPackage:
    """Return an expert by the path of its package, or by its name."""
    if Path(start).is_dir():
        return open_expert(Path(start))
    return open_registry(settings).get(str(start))


@contextmanager
def _claimed(folder: Path, clock: Clock, team: Workers) -> Iterator[None]:
    """Hold the run's lock in the first process for as long as the block lasts."""
    if team.rank:
        yield
        return
    with JobLock(folder, "train", clock):
        yield


def _facts(plan: Recipe, packed: PackedCorpus, start: ExpertPackage | None) -> dict[str, object]:
    """Return what a run is known by."""
    return {
        "recipe": plan.to_dict(),
        "recipe_hash": plan.hash,
        "corpus": str(packed.folder.absolute()),
        "corpus_hash": packed.hash,
        "start": str(start.folder.absolute()) if start else None,
        "start_hash": start.expert_hash if start else None,
        "torch": torch.__version__,
    }


def _is_begun(folder: Path, facts: dict[str, object]) -> bool:
    """Whether a folder holds this run already.

    Raises:
        InputError: It holds a run of another recipe or corpus, or from another start, or
            what it holds is damaged.
    """
    path = folder / RUN_FILE
    if not path.exists():
        return False
    # Hashes leave out what is at its default, and defaults change.
    recipe_hash = run_state(folder).recipe.hash
    known = json.loads(path.read_text(encoding="utf-8")) | {"recipe_hash": recipe_hash}
    for name in ("recipe_hash", "corpus_hash", "start_hash"):
        if known.get(name) != facts[name]:
            what = name.partition("_")[0]
            raise InputError(
                f"the run was begun with another {what}",
                path=str(path),
                hint="Give another folder, or remove this run: tidemill runs remove",
            )
    return True


def _material(plan: Recipe, packed: PackedCorpus, place: Workplace) -> Material:
    """Read the examples of the recipe's languages, with rewritten copies where it wants them.

    Raises:
        InputError: A language has no example to learn from.
    """
    parts: dict[str, list[TrainingExample]] = {}
    for split in ("train", "valid"):
        own = [
            example
            for example in packed.examples(split)
            if not plan.languages or example.language in plan.languages
        ]
        parts[split] = [*_alike(own, plan, place)] if plan.rewrites else [*own]
        if plan.nameless and split == "train":
            parts[split] += nameless(own)
    missing = set(plan.languages) - {example.language for example in parts["train"]}
    if missing or not parts["train"]:
        what = f"no example in {', '.join(sorted(missing))}" if missing else "no example"
        raise InputError(f"the corpus has {what} to learn from", path=str(packed.folder))
    return Material(examples=parts["train"] + parts["valid"], learnt=len(parts["train"]))


def _alike(own: list[Example], plan: Recipe, place: Workplace) -> list[DerivedExample]:
    return alike(
        own,
        rewrites=plan.rewrites,
        seed=plan.seed,
        workers=place.readers,
        progress=place.progress,
    )
