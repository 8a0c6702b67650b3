"""Training an expert: recipe + packed corpus -> run folder -> expert package."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from tidemill.core.allocation import freed_memory_kept
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
from tidemill.training.images import prepared_images
from tidemill.training.journal import entries
from tidemill.training.loop import FLIPS, Run, StagePlan, run_stages
from tidemill.training.making import Workplace, made
from tidemill.training.nameless import nameless
from tidemill.training.packaging import Origin, other_version, packaged
from tidemill.training.recipe import Recipe, read_recipe
from tidemill.training.runs import RUN_FILE, run_state
from tidemill.training.sparse import sparsified
from tidemill.training.trainees.trainee import Trainee
from tidemill.training.typed.preparing import prepared_types

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
        places: Tokens and nodes that were seen, or images.
        unit: Which of them: ``tokens`` or ``images``.
        measures: The last measurement on the valid part.
        resumed: Whether an earlier run was gone on with.
        mask_seconds: Time that masks and sparse operands took in this call; 0 for a dense model.
    """

    folder: Path
    expert: Path
    steps: int
    seconds: float
    places: int
    unit: str
    measures: dict[str, float]
    resumed: bool
    mask_seconds: float = 0.0


def train(  # noqa: PLR0913  all by name, and each a fact of the run
    recipe: str | Path | Recipe,
    *,
    corpus: str | Path,
    folder: str | Path,
    start: str | Path | None = None,
    beside: str | Path | None = None,
    device: str = "auto",
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> TrainingReport:
    """Train an expert, or go on with it where the run in ``folder`` stopped.

    Args:
        recipe: The name of a recipe that comes with Tidemill, a path, or the recipe itself.
        corpus: The packed corpus.
        folder: The run's: checkpoints, journal, curve and, in the end, the expert.
        start: An encoder, convolution or classifier to go on from, by name or path; else
            from scratch.
        beside: An expert of another sparsity, measured on the same set, whose figures stand
            beside this one's in the card; by default the start, where it was.
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
    other = _expert(beside, settings) if beside is not None else None
    work = _Work(device=device, settings=settings, progress=progress, start=known, beside=other)
    plan = recipe if isinstance(recipe, Recipe) else read_recipe(recipe)
    return _begun(plan, open_corpus(Path(corpus)), Path(folder), work)


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
    beside = open_expert(state.beside) if state.beside else None
    work = _Work(device=device, settings=settings, progress=progress, start=start, beside=beside)
    return _begun(state.recipe, open_corpus(state.corpus), folder, work)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """With what a run is done."""

    device: str
    settings: Settings
    progress: Progress | None
    start: ExpertPackage | None
    beside: ExpertPackage | None = None


def _begun(plan: Recipe, packed: PackedCorpus, folder: Path, work: _Work) -> TrainingReport:
    clock = SystemClock()
    make_private_directory(folder)
    with freed_memory_kept(), workers(work.device) as team, _claimed(folder, clock, team):
        facts = _facts(plan, packed, work)
        resumed = team.rank == 0 and _is_begun(folder, facts)
        place = Workplace(
            folder=folder,
            corpus_hash=packed.hash,
            team=team,
            readers=work.settings.workers,
            progress=work.progress or Silence(),
            start=work.start,
        )
        origin = Origin(corpus=packed, start=work.start, beside=work.beside)
        if work.beside is not None:
            other_version(plan.sparsity, origin)
        trainee, stages = _prepared(plan, packed, place)
        sparsifier = sparsified(plan, trainee, team.device)
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
            sparsifier=sparsifier,
        )
        return _ended(run, stages, origin, resumed=resumed)


def _prepared(
    plan: Recipe, packed: PackedCorpus, place: Workplace
) -> tuple[Trainee, list[StagePlan]]:
    """Return what is trained, with its corpus, and its stages.

    Raises:
        InputError: Recipe and corpus do not fit.
    """
    if plan.task == "images":
        return prepared_images(plan, packed, place)
    if plan.task == "types":
        return prepared_types(plan, packed, place)
    material = _material(plan, packed, place)
    # The first process reads the corpus and keeps what it read; the others find it.
    place.team.wait(for_first=True)
    trainee = made(plan, material, place)
    place.team.wait(for_first=False)
    return trainee, stage_plans(plan, material, trainee)


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
        unit=run.trainee.unit,
        measures=measures[-1] if measures else {},
        resumed=resumed,
        mask_seconds=run.sparsifier.seconds if run.sparsifier else 0.0,
    )
    if run.workers.rank == 0:
        write_curve(folder, f"{plan.name}: {end.total:,} steps, {end.places:,} {run.trainee.unit}")
        packaged(
            report.expert,
            plan,
            run.trainee.facts(),
            origin=origin,
            measures={name: x for name, x in report.measures.items() if name != FLIPS},
            sparsifier=run.sparsifier,
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


def _facts(plan: Recipe, packed: PackedCorpus, work: _Work) -> dict[str, object]:
    """Return what a run is known by."""
    start = work.start
    return {
        "recipe": plan.to_dict(),
        "recipe_hash": plan.hash,
        "corpus": str(packed.folder.absolute()),
        "corpus_hash": packed.hash,
        "start": str(start.folder.absolute()) if start else None,
        "start_hash": start.expert_hash if start else None,
        "beside": str(work.beside.folder.absolute()) if work.beside else None,
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
