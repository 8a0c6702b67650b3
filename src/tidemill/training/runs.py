"""The runs on this machine: what there is, how far it is, and how runs compare."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tidemill.core.clock import SystemClock
from tidemill.core.errors import InputError, LockedError
from tidemill.core.locks import JobLock
from tidemill.core.settings import Settings, resolve
from tidemill.training.journal import Entry, entries
from tidemill.training.recipe import Recipe, recipe_from

__all__ = [
    "RUN_FILE",
    "RunState",
    "folder_for",
    "list_runs",
    "named_run",
    "remove_run",
    "run_state",
]

RUN_FILE = "run.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """A run on the disk.

    Attributes:
        folder: Where it is.
        recipe: How it trains.
        corpus: Where its training set was when it began.
        corpus_hash: Names that set.
        start: The expert that it went on from, or None.
        beside: The expert whose figures stand beside its own in the card, or None.
        step: Updates that are done.
        seconds: Time that they took.
        places: Tokens and nodes that were seen.
        losses: The last mean losses.
        measures: The last measurement.
        finished: Whether it came to its end.
    """

    folder: Path
    recipe: Recipe
    corpus: Path
    corpus_hash: str
    start: Path | None
    beside: Path | None
    step: int
    seconds: float
    places: int
    losses: dict[str, float]
    measures: dict[str, float]
    finished: bool

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        return {
            "folder": str(self.folder),
            "name": self.recipe.name,
            "recipe_hash": self.recipe.hash,
            "corpus": str(self.corpus),
            "corpus_hash": self.corpus_hash,
            "start": str(self.start) if self.start else None,
            "seed": self.recipe.seed,
            "step": self.step,
            "steps": self.recipe.steps,
            "seconds": self.seconds,
            "places": self.places,
            "losses": self.losses,
            "measures": self.measures,
            "finished": self.finished,
        }


def folder_for(recipe: Recipe, settings: Settings) -> Path:
    """Return where a recipe's run is kept when nobody says where.

    A name's runs at several sparsities stand beside one another.
    """
    beside = f"-{recipe.sparsity.replace(':', '-')}" if recipe.sparsity != "dense" else ""
    return runs_folder(settings) / f"{recipe.name}{beside}"


def runs_folder(settings: Settings) -> Path:
    """Return the folder of all runs: as set, else under ``$XDG_STATE_HOME``."""
    if settings.runs is not None:
        return settings.runs
    state = os.environ.get("XDG_STATE_HOME")
    home = Path(state) if state else Path.home() / ".local" / "state"
    return home / "tidemill" / "runs"


def list_runs(settings: Settings | None = None) -> Iterator[RunState]:
    """Yield the runs that are kept here, by name; folders of other things are passed over."""
    folder = runs_folder(settings or resolve().settings)
    for path in sorted(folder.glob(f"*/{RUN_FILE}")):
        yield run_state(path.parent)


def run_state(folder: Path) -> RunState:
    """Read how far a run is.

    Raises:
        InputError: There is no run, or its file is damaged.
    """
    path = folder / RUN_FILE
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        recipe = recipe_from(facts["recipe"])
        corpus, corpus_hash = Path(facts["corpus"]), str(facts["corpus_hash"])
        start, beside = (
            Path(facts[name]) if facts.get(name) else None for name in ("start", "beside")
        )
    except FileNotFoundError as error:
        raise InputError(f"there is no run in {folder}") from error
    except (OSError, ValueError, KeyError, TypeError, InputError) as error:
        raise InputError(f"the run's file is damaged: {error}", path=str(path)) from error
    told = list(entries(folder))
    last = told[-1] if told else Entry(step=0, stage=0, seconds=0.0, places=0)
    return RunState(
        folder=folder,
        recipe=recipe,
        corpus=corpus,
        corpus_hash=corpus_hash,
        start=start,
        beside=beside,
        step=last.step,
        seconds=last.seconds,
        places=last.places,
        losses=last.losses,
        measures=_last_measures(told),
        finished=last.step >= recipe.steps,
    )


def named_run(name: str, settings: Settings) -> RunState:
    """Return a run by the name of its folder among the runs here, or by a path.

    Raises:
        InputError: There is no such run.
    """
    here = runs_folder(settings) / name
    return run_state(here if (here / RUN_FILE).is_file() else Path(name))


def remove_run(folder: Path) -> None:
    """Remove a run with everything in its folder.

    Raises:
        InputError: There is no run.
        LockedError: It is being trained.
    """
    run_state(folder)
    try:
        with JobLock(folder, "train", SystemClock()):
            pass
    except LockedError as error:
        raise LockedError(f"{folder}: this run is being trained", hint="stop it first") from error
    shutil.rmtree(folder)


def _last_measures(told: Sequence[Entry]) -> dict[str, float]:
    return next((entry.measures for entry in reversed(told) if entry.measures), {})
