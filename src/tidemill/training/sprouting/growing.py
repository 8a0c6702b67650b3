"""One package becomes one sprout: trained, judged on the valid part, and let into the registry."""

import math
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch

from tidemill.core.allocation import freed_memory_kept
from tidemill.core.clock import SystemClock
from tidemill.core.errors import ExpertError
from tidemill.core.files import make_private_directory
from tidemill.core.hashing import content_hash, file_hash
from tidemill.core.progress import Silence
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.experts.packing import ExpertDraft
from tidemill.experts.parts import EncodedTensor
from tidemill.experts.registry import ExpertRegistry
from tidemill.training.distributed import Workers
from tidemill.training.encoded import EncodedSet, encode
from tidemill.training.kept import kept
from tidemill.training.loop import Run, StagePlan, run_stages
from tidemill.training.objectives.search import SearchObjective
from tidemill.training.sampling import LanguagePlan
from tidemill.training.sprouting.drafting import Subject, draft_of
from tidemill.training.sprouting.measures import Figures, gain_of, measured
from tidemill.training.sprouting.origin import Origin, open_origin
from tidemill.training.sprouting.outcome import SproutOutcome, write_outcome
from tidemill.training.sprouting.pairs import PackagePairs, read_pairs
from tidemill.training.sprouting.recipe import REACHES, SproutRecipe
from tidemill.training.sprouting.texts import KnownTexts, known_texts
from tidemill.training.sprouting.trainee import SproutTrainee
from tidemill.training.sprouting.upper import PackedUpper

__all__ = ["OUTCOMES", "Growth", "grow", "growth_key"]

OUTCOMES = "outcomes"
"""Folder of what came out, in a run's folder."""

ENCODED = "encoded"
WORK = "work"


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A package that is to get a sprout.

    Attributes:
        subject: What it is about.
        base: The base's folder.
        pairs: The package's file of pairs.
        key: As `growth_key` says.
        folder: The run's.
        registry: The folders of experts; the last one gets the sprout.
        recipe: How it learns.
        replace: Whether it may take the place of another expert of its name.
    """

    subject: Subject
    base: Path
    pairs: Path
    key: str
    folder: Path
    registry: tuple[Path, ...]
    recipe: SproutRecipe
    replace: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Bed:
    """A package, ready to be learnt from."""

    growth: Growth
    origin: Origin
    pairs: PackagePairs
    texts: KnownTexts

    def figures(self, learnt: Mapping[str, EncodedTensor], part: str) -> Figures:
        """Measure an encoder as it is stored."""
        recipe = self.growth.recipe
        upper = PackedUpper(self.origin.config, self.origin.still, learnt)
        return measured(
            lambda rows: self.texts.queries(rows.tolist(), upper),
            lambda rows: self.texts.code(rows.tolist(), upper),
            self.pairs.rows[part],
            candidates=recipe.candidates,
            temperature=recipe.stage.temperature,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Trial:
    """One try: what was learnt, and why it is not kept (empty where it is)."""

    number: int
    reach: float
    learnt: Mapping[str, EncodedTensor]
    valid: Figures
    reason: str


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
    with freed_memory_kept(), _one_thread():
        bed = _prepared(growth)
        base = {part: bed.figures(bed.origin.learning, part) for part in ("valid", "test")}
        trial = _best_trial(bed, base["valid"])
        sprout = {"valid": trial.valid}
        if not trial.reason:
            sprout["test"] = bed.figures(trial.learnt, "test")
    outcome = _outcome(bed, trial, base, sprout)
    draft = None if trial.reason else _draft(bed, trial, outcome)
    return _entered(growth, outcome.timed(time.process_time() - begun), draft)


def _prepared(growth: Growth) -> _Bed:
    origin = _origin(growth.base, growth.recipe.still)
    pairs, config = read_pairs(growth.pairs), origin.config
    limits = (config.max_tokens, config.max_nodes)
    arrays = kept(
        growth.folder / ENCODED,
        growth.subject.name,
        repr((pairs.hash, file_hash(origin.tokenizer), limits)),
        lambda: encode(
            pairs.examples, origin.tokenizer, limits=limits, workers=1, progress=Silence()
        ).arrays(),
    )
    texts = known_texts(EncodedSet.of(arrays), origin)
    return _Bed(growth=growth, origin=origin, pairs=pairs, texts=texts)


@lru_cache(maxsize=1)
def _origin(folder: Path, still: int) -> Origin:
    """Return the base; a worker opens it once."""
    return open_origin(folder, still=still)


def _best_trial(bed: _Bed, base: Figures) -> _Trial:
    """Train, and where that is not enough once more, gentler."""
    recipe = bed.growth.recipe
    first = _trial(bed, recipe, 1, base)
    return _trial(bed, recipe.gentler(), 2, base) if first.reason else first


def _trial(bed: _Bed, recipe: SproutRecipe, number: int, base: Figures) -> _Trial:
    trainee = SproutTrainee(bed.origin, bed.texts, dropout=recipe.token_dropout)
    _train(bed, recipe, trainee)
    reach = _best_reach(bed, recipe, trainee)
    learnt = trainee.changes.encoded(reach)
    valid = bed.figures(learnt, "valid")
    reason = _why_not(base, valid, recipe)
    return _Trial(number=number, reach=reach, learnt=learnt, valid=valid, reason=reason)


def _train(bed: _Bed, recipe: SproutRecipe, trainee: SproutTrainee) -> None:
    """Do the steps; the loop's files are gone afterwards."""
    name, stage = bed.growth.subject.name, recipe.stage
    folder = bed.growth.folder / WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    make_private_directory(folder)
    rows = bed.pairs.rows["train"]
    batch = min(stage.batch, len(rows))
    plan = StagePlan(
        stage=stage,
        plan=LanguagePlan(
            {bed.growth.subject.language: rows},
            batch=batch,
            steps=stage.steps,
            seed=(recipe.seed, name),
        ),
        objectives={"search": SearchObjective(trainee, temperature=stage.temperature)},
        alternating={},
        measure=dict,
    )
    run = Run(
        recipe=recipe.run(name),
        trainee=trainee,
        folder=folder,
        workers=Workers(device=torch.device("cpu")),
        clock=SystemClock(),
        progress=Silence(),
    )
    run_stages(run, [plan])
    shutil.rmtree(folder)


def _best_reach(bed: _Bed, recipe: SproutRecipe, trainee: SproutTrainee) -> float:
    """Return how far of the way from the base the loss on the valid part is lowest."""
    losses = {}
    for reach in REACHES:
        trainee.reach = reach
        figures = measured(
            trainee.queries,
            trainee.code,
            bed.pairs.rows["valid"],
            candidates=recipe.candidates,
            temperature=recipe.stage.temperature,
        )
        losses[figures.loss] = reach
    return losses[min(losses)]


def _why_not(base: Figures, sprout: Figures, recipe: SproutRecipe) -> str:
    """Return why a sprout is not kept, by the valid part alone; empty where it is."""
    gain = gain_of(base, sprout)
    least = max(recipe.margin * base.loss, recipe.errors * gain.error)
    if math.isfinite(least) and gain.mean >= least:
        return ""
    return (
        f"on the valid part its loss is {sprout.loss:.3f} and the base's {base.loss:.3f}:"
        f" not {least:.3f} lower"
    )


def _outcome(
    bed: _Bed, trial: _Trial, base: Mapping[str, Figures], sprout: Mapping[str, Figures]
) -> SproutOutcome:
    return SproutOutcome(
        name=bed.growth.subject.name,
        key=bed.growth.key,
        kept=not trial.reason,
        reason=trial.reason,
        tries=trial.number,
        reach=trial.reach,
        steps=bed.growth.recipe.stage.steps,
        pairs=bed.pairs.counts,
        base=_told(base),
        sprout=_told(sprout),
    )


def _told(figures: Mapping[str, Figures]) -> dict[str, float]:
    """Return figures by part and measure."""
    return {
        f"{part}.{measure}": value
        for part, found in figures.items()
        for measure, value in (("loss", found.loss), ("mrr", found.mrr))
    }


def _draft(bed: _Bed, trial: _Trial, outcome: SproutOutcome) -> ExpertDraft:
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
    folder = make_private_directory(growth.folder / OUTCOMES)
    write_outcome(folder, outcome)
    if draft is not None:
        registry = ExpertRegistry(growth.registry)
        replace = growth.replace or _is_same(registry.own / draft.name, draft)
        registry.add_draft(draft, replace=replace)
    return outcome


def _is_same(folder: Path, draft: ExpertDraft) -> bool:
    """Whether an expert is what an earlier run made of the same base, pairs and recipe."""
    known = _opened(folder)
    return (
        known is not None
        and known.manifest.training == draft.training
        and known.manifest.base == draft.base
    )


def _opened(folder: Path) -> ExpertPackage | None:
    try:
        return open_expert(folder) if folder.is_dir() else None
    except ExpertError:
        return None


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let products be made in one thread: each process has a processor, and sums one order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
