"""The training runs of sparse_accuracy.py, and what each came to."""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from sparse_variants import Variant

from tidemill.core.errors import InputError
from tidemill.core.files import make_private_directory, write_atomically
from tidemill.core.progress import Silence
from tidemill.corpus.packed import PackedCorpus, open_corpus
from tidemill.training.journal import Entry, entries
from tidemill.training.precision import is_bf16
from tidemill.training.recipe import Recipe
from tidemill.training.runs import RUN_FILE, remove_run, run_state
from tidemill.training.training import train

__all__ = ["Result", "Runs"]

READ = ("[!.]*.npz", "tokenizer-*.json")
"""What a run has read of its set: it is the same for all of a subject's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A finished run.

    Attributes:
        variant: Its name.
        seed: Its seed.
        score: What counts, on the valid part at the end.
        seconds: Time that training took.
        steps: Updates.
        recipe_hash: Names its recipe.
        corpus_hash: Names its set.
        precision: Of the products: ``bf16`` or ``fp32``.
        threads: That products were made with.
        torch: The version.
        scores: Over steps.
        flips: Share of masks that changed since the last measurement, over steps.
    """

    variant: str
    seed: int
    score: float
    seconds: float
    steps: int
    recipe_hash: str
    corpus_hash: str
    precision: str
    threads: int
    torch: str
    scores: list[tuple[int, float]]
    flips: list[tuple[int, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Where runs, their sets and results are.

    Attributes:
        folder: Of the runs.
        records: Of the results.
        corpora: Of the packed sets, by name; or of one that stands for all.
        quick: Whether runs have a few steps.
    """

    folder: Path
    records: Path
    corpora: Path
    quick: bool

    def result(self, variant: Variant, seed: int) -> Result | None:
        """Return what a run came to, if it is finished and of the recipe and set of today."""
        path = self._result_path(variant, seed)
        if not path.exists():
            return None
        try:
            found = Result(**json.loads(path.read_text(encoding="utf-8")))
        except TypeError:  # a record with other facts, of another version of this
            return None
        corpus = self.corpus(variant)
        is_same = found.recipe_hash == self.recipe(variant, seed).hash
        # Where the set was not built, the record's word has to do.
        is_same &= corpus is None or found.corpus_hash == corpus.hash
        return found if is_same else None

    def train(self, variant: Variant, seed: int) -> None:
        """Train a run, or go on with it, and keep what it came to.

        Raises:
            InputError: The set is not built.
            LockedError: Another process is at it.
        """
        corpus = self.corpus(variant)
        if corpus is None:
            raise InputError(
                f"{variant.name}: the set {variant.subject.corpus} is not built", hint="--prepare"
            )
        folder, plan = self._folder(variant, seed), self.recipe(variant, seed)
        if (folder / RUN_FILE).exists():
            state = run_state(folder)
            if (state.recipe.hash, state.corpus_hash) != (plan.hash, corpus.hash):
                remove_run(folder)
        self._share_what_was_read(variant, folder)
        report = train(plan, corpus=corpus.folder, folder=folder, progress=Silence())
        told = [entry for entry in entries(folder) if entry.measures]
        measure = variant.subject.measure
        result = Result(
            variant=variant.name,
            seed=seed,
            score=report.measures[measure],
            seconds=report.seconds,
            steps=report.steps,
            recipe_hash=plan.hash,
            corpus_hash=corpus.hash,
            precision="bf16" if is_bf16(plan.precision, torch.device("cpu")) else "fp32",
            threads=torch.get_num_threads(),
            torch=torch.__version__,
            scores=_over_steps(told, measure),
            flips=_over_steps(told, "flips"),
        )
        path = self._result_path(variant, seed)
        make_private_directory(path.parent)
        write_atomically(path, json.dumps(asdict(result), indent=1).encode())

    def recipe(self, variant: Variant, seed: int) -> Recipe:
        """Return a run's recipe."""
        return variant.recipe(seed, quick=self.quick)

    def corpus(self, variant: Variant) -> PackedCorpus | None:
        """Return the set that a variant learns from, or None where it is not built."""
        own = self.corpora if self.quick else self.corpora / variant.subject.corpus
        return open_corpus(own) if (own / "corpus.json").exists() else None

    def _share_what_was_read(self, variant: Variant, folder: Path) -> None:
        """Give a run what another of the same subject has read of their set."""
        folder.mkdir(parents=True, exist_ok=True)
        for other in sorted(self.folder.glob(f"{variant.model}-*")):
            for path in (path for pattern in READ for path in other.glob(pattern)):
                # Another process may be quicker, or take its run away meanwhile.
                with suppress(FileExistsError, FileNotFoundError):
                    os.link(path, folder / path.name)

    def _folder(self, variant: Variant, seed: int) -> Path:
        return self.folder / f"{variant.folder}-{seed}"

    def _result_path(self, variant: Variant, seed: int) -> Path:
        return self.records / f"{variant.folder}-{seed}.json"


def _over_steps(told: Sequence[Entry], name: str) -> list[tuple[int, float]]:
    return [(entry.step, entry.measures[name]) for entry in told if name in entry.measures]
