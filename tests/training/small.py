"""A corpus of a few made-up functions, and runs over it that take a second."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from tidemill.core.clock import SystemClock
from tidemill.core.progress import Progress, Silence
from tidemill.core.randomness import stream
from tidemill.training.assembly import Material, stage_plans
from tidemill.training.checkpoint import Position
from tidemill.training.distributed import Workers
from tidemill.training.loop import Run, run_stages
from tidemill.training.making import Workplace, made
from tidemill.training.recipe import Recipe, recipe_from
from tidemill.training.sparse import sparsified
from tidemill.training.trainees.trainee import TextTrainee

VERBS = ("read", "write", "merge", "split", "sort", "count", "close", "open")
NOUNS = ("file", "table", "header", "record", "stream", "packet", "index", "cache")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallExample:
    language: str
    group: str
    query: str
    code: str


def examples(count: int, seed: int = 0) -> list[SmallExample]:
    """Functions in two languages whose queries say in words what their names say."""
    chance = stream(seed, "small examples")
    found = []
    for number in range(count):
        verb, noun = chance.choice(VERBS), chance.choice(NOUNS)
        size = chance.randrange(100)
        if number % 3:
            code = (
                f"def {verb}_{noun}(items, limit={size}):\n    total = 0\n    for item in items:\n"
                f"        total = total + item.{noun}\n    return min(total, limit)\n"
            )
        else:
            code = (
                f"int {verb}{noun.title()}(int limit) {{\n  int total = {size};\n"
                f"  while (total < limit) {{ total += this.{noun}(total); }}\n  return total;\n}}\n"
            )
        found.append(
            SmallExample(
                language="python" if number % 3 else "java",
                group=verb,
                query=f"{verb} the {noun} up to a limit",
                code=code,
            )
        )
    return found


def recipe(kind: str = "encoder", **changes: Any) -> Recipe:
    """A recipe for a model of two narrow layers' worth of work."""
    facts: dict[str, Any] = {
        "name": f"{changes.get('task', 'search')}-small",
        "task": "search",
        "corpus": "small",
        "precision": "fp32",
        "model": {
            "kind": kind,
            "vector_size": 16,
            "vocab_size": 420,
            "max_tokens": 48,
            "max_nodes": 12,
            "least": 2,
            "size": "mini",
        },
        "stages": [{"objectives": ["search"], "steps": 6, "batch": 8, "learning_rate": 1e-3}],
    }
    return recipe_from(facts | changes)


def material() -> Material:
    """Forty examples to learn from and sixteen to measure with."""
    return Material(examples=examples(56), learnt=40)


def trainee(plan: Recipe, folder: Path) -> TextTrainee:
    """The recipe's model, over the small corpus."""
    return made(
        plan,
        material(),
        Workplace(
            folder=folder,
            corpus_hash="small",
            team=Workers(device=torch.device("cpu")),
            readers=1,
            progress=Silence(),
        ),
    )


def run(
    plan: Recipe, folder: Path, progress: Progress | None = None
) -> tuple[TextTrainee, Position]:
    """Train in a folder, or go on there."""
    model = trainee(plan, folder)
    end = run_stages(
        Run(
            recipe=plan,
            trainee=model,
            folder=folder,
            workers=Workers(device=torch.device("cpu")),
            clock=SystemClock(),
            progress=progress or Silence(),
            sparsifier=sparsified(plan, model, torch.device("cpu")),
        ),
        stage_plans(plan, material(), model),
    )
    return model, end
