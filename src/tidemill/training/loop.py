"""The loop: a stage's steps, each a batch of examples, a loss and an update.

What a step does depends on the recipe and the step's number alone, so a run that is killed
and resumed ends with the same bits on the same machine.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import nn

from tidemill.core.clock import Clock
from tidemill.core.errors import TidemillError
from tidemill.core.progress import Progress
from tidemill.sparsity.sparsifier import Sparsifier
from tidemill.training.chance import Chance
from tidemill.training.checkpoint import (
    Checkpoint,
    Position,
    newest,
    restore,
    restore_optimizer,
    write_checkpoint,
)
from tidemill.training.distributed import Workers
from tidemill.training.journal import Entry, append, trimmed
from tidemill.training.objectives.objective import Objective
from tidemill.training.precision import is_bf16
from tidemill.training.recipe import Recipe, Stage
from tidemill.training.schedule import learning_rate
from tidemill.training.switched_adamw import SwitchedAdamW
from tidemill.training.trainees.trainee import Rows, Trainee

__all__ = ["FLIPS", "Plan", "Run", "StagePlan", "run_stages"]

JOURNAL_EVERY = 10

FLIPS = "flips"
"""Among the measures of a sparse run: the share of mask entries that changed since the last."""


class Plan(Protocol):
    """Which examples a step sees."""

    def rows(self, step: int) -> Rows:
        """Return the examples of a step."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePlan:
    """A stage, ready to run.

    Attributes:
        stage: As the recipe says.
        plan: Its examples.
        objectives: What is minimised, by name: the sum of a step's.
        alternating: Objectives of which each step takes the next one.
        measure: What its progress is measured with.
    """

    stage: Stage
    plan: Plan
    objectives: Mapping[str, Objective]
    alternating: Mapping[str, Objective]
    measure: Callable[[], dict[str, float]]

    def at(self, step: int) -> dict[str, Objective]:
        """Return the objectives of one step."""
        chosen = dict(self.objectives)
        if self.alternating:
            names = list(self.alternating)
            name = names[step % len(names)]
            chosen[name] = self.alternating[name]
        return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run needs.

    Attributes:
        recipe: How to train.
        trainee: What is trained.
        folder: Where checkpoints and journal go.
        workers: The processes that train together.
        clock: For durations.
        progress: Told of every step, in steps.
        sparsifier: Makes what sparse layers multiply with, or None for a dense model.
    """

    recipe: Recipe
    trainee: Trainee
    folder: Path
    workers: Workers
    clock: Clock
    progress: Progress
    sparsifier: Sparsifier | None = None


def run_stages(run: Run, stages: Sequence[StagePlan]) -> Position:
    """Run all stages from the last checkpoint on, and return where it ended.

    Raises:
        TidemillError: A loss is not a number.
        InputError: The checkpoint is damaged.
    """
    checkpoint = newest(run.folder)
    position = checkpoint.position if checkpoint else Position()
    if checkpoint:
        if run.workers.rank == 0:
            trimmed(run.folder, position.total)
        restore(checkpoint, run.trainee.network)
        if run.sparsifier is not None:
            # The step that comes next may begin or end a dense phase, as it would have done.
            last = max(position.total - 1, 0)
            was_dense = run.sparsifier.spec.is_dense_at(last, run.recipe.steps)
            run.sparsifier.restore(checkpoint.masks, dense=was_dense)
    for number in range(position.stage, len(stages)):
        looped = _Loop(run, stages[number], number, checkpoint)
        position = looped.run(position)
        checkpoint = None
    return position


class _Loop:
    """One stage of a run."""

    def __init__(
        self, run: Run, plan: StagePlan, number: int, checkpoint: Checkpoint | None
    ) -> None:
        self._run = run
        self._plan = plan
        self._number = number
        self._network = run.trainee.network
        self._device = next(self._network.parameters()).device
        self._is_bf16 = is_bf16(run.recipe.precision, self._device)
        run.trainee.depth = plan.stage.depth
        self._optimizer = optimizer_for(self._network, plan.stage, switches=run.recipe.adam_switch)
        if checkpoint is not None and checkpoint.position.step:
            restore_optimizer(checkpoint, self._optimizer)
        if run.sparsifier is not None:
            run.sparsifier.attach(self._optimizer)
        self._losses: dict[str, list[float]] = defaultdict(list)
        self._accuracies: dict[str, list[float]] = defaultdict(list)

    def run(self, position: Position) -> Position:
        """Do the steps that are left, and measure."""
        steps = self._plan.stage.steps
        begun = self._run.clock.monotonic() - position.seconds
        written = self._run.clock.monotonic()
        for step in range(position.step, steps):
            self._choose_density(position.total)
            places = self._step(step)
            now = self._run.clock.monotonic()
            position = replace(
                position,
                step=step + 1,
                total=position.total + 1,
                seconds=now - begun,
                places=position.places + places,
            )
            self._tell(position, last=step + 1 == steps)
            if now - written >= self._run.recipe.checkpoint_seconds and step + 1 < steps:
                self._write(position)
                written = self._run.clock.monotonic()
        position = replace(position, stage=self._number + 1, step=0)
        self._write(position)
        return position

    def _choose_density(self, total: int) -> None:
        """Let sparse layers be dense where the recipe says so."""
        sparsifier = self._run.sparsifier
        if sparsifier is not None:
            is_dense = sparsifier.spec.is_dense_at(total, self._run.recipe.steps)
            sparsifier.be_dense(dense=is_dense)
            if isinstance(self._optimizer, SwitchedAdamW):
                self._optimizer.is_frozen = not is_dense

    def _step(self, step: int) -> int:
        """Do one update; return how many tokens and nodes it saw."""
        stage, trainee = self._plan.stage, self._run.trainee
        rate = learning_rate(
            step,
            stage.steps,
            peak=stage.learning_rate,
            warmup=stage.warmup,
            shape=stage.schedule,
        )
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        self._optimizer.zero_grad(set_to_none=True)
        rows = self._run.workers.own(self._plan.plan.rows(step), stage.members)
        for part, some in enumerate(np.array_split(rows, stage.accumulate)):
            chance = Chance(seed=self._run.recipe.seed, stage=self._number, step=step).part(
                part, self._run.workers.rank
            )
            self._backward(some, chance, step)
        self._run.workers.average(self._network)
        nn.utils.clip_grad_norm_(self._network.parameters(), stage.clip)
        self._optimizer.step()
        return trainee.places(rows) * self._run.workers.count

    def _backward(self, rows: Rows, chance: Chance, step: int) -> None:
        """Add the gradient of every objective over some examples."""
        for name, objective in self._plan.at(step).items():
            with torch.autocast(self._device.type, torch.bfloat16, enabled=self._is_bf16):
                share = objective.share(rows, chance)
            value = share.loss.item()
            if not np.isfinite(value):
                raise TidemillError(
                    f"the loss of {name} is {value} at step {step:,} of stage {self._number}",
                    hint="Lower the learning rate, or train in fp32.",
                )
            (share.loss / self._plan.stage.accumulate).backward()  # type: ignore[no-untyped-call]
            self._losses[name].append(value)
            self._accuracies[name].append(share.accuracy)

    def _tell(self, position: Position, *, last: bool) -> None:
        """Write what people may want to know of the last steps."""
        run, every = self._run, self._run.recipe.measure_every
        due = last or bool(every and position.step % every == 0)
        measures: dict[str, float] = {}
        if due:
            with torch.inference_mode():
                measures = self._plan.measure() | self._flips()
        if run.workers.rank == 0 and (due or position.step % JOURNAL_EVERY == 0):
            append(run.folder, self._entry(position, measures))
        loss = {name: values[-1] for name, values in self._losses.items() if values}
        said = ", ".join(f"{name} {value:.3f}" for name, value in loss.items())
        rate = position.places / max(position.seconds, 1e-9)
        run.progress.advance(
            position.total, run.recipe.steps, f"{said}  {rate:,.0f} {run.trainee.unit}/s"
        )
        if due or position.step % JOURNAL_EVERY == 0:
            self._losses.clear()
            self._accuracies.clear()

    def _flips(self) -> dict[str, float]:
        """Return the share of masks that changed since the last measurement."""
        sparsifier = self._run.sparsifier
        flips = sparsifier.flips() if sparsifier is not None else None
        return {} if flips is None else {FLIPS: flips}

    def _entry(self, position: Position, measures: dict[str, float]) -> Entry:
        return Entry(
            step=position.total,
            stage=self._number,
            seconds=position.seconds,
            places=position.places,
            losses=_means(self._losses),
            accuracies=_means(self._accuracies),
            measures=measures,
        )

    def _write(self, position: Position) -> None:
        if self._run.workers.rank == 0:
            sparsifier = self._run.sparsifier
            write_checkpoint(
                self._run.folder,
                self._network,
                self._optimizer,
                position,
                masks=sparsifier.state() if sparsifier is not None else {},
            )


def optimizer_for(
    network: nn.Module, stage: Stage, *, switches: bool = False
) -> torch.optim.Optimizer:
    """Return a stage's optimizer over a network; biases, scales and tables do not decay.

    Args:
        network: What is trained.
        stage: Which optimizer, and how.
        switches: Whether AdamW's variance is to be frozen on the way.
    """
    matrices = {
        f"{name}.weight"
        for name, part in network.named_modules()
        if isinstance(part, nn.Linear | nn.Conv2d)
    }
    decaying = [part for name, part in network.named_parameters() if name in matrices]
    tables = {
        f"{name}.weight" for name, part in network.named_modules() if isinstance(part, nn.Embedding)
    }
    rows = [part for name, part in network.named_parameters() if name in tables]
    others = [part for name, part in network.named_parameters() if name not in matrices | tables]
    groups = [
        {"params": decaying, "weight_decay": stage.weight_decay, "scale": 1.0},
        {"params": others, "weight_decay": 0.0, "scale": 1.0},
        {"params": rows, "weight_decay": 0.0, "scale": stage.table_rate},
    ]
    if stage.optimizer == "adamw":
        kind = SwitchedAdamW if switches else torch.optim.AdamW
        return kind(groups, lr=stage.learning_rate, fused=True)
    return torch.optim.SGD(
        groups,
        lr=stage.learning_rate,
        momentum=stage.momentum,
        # Without momentum there is nothing to look ahead by.
        nesterov=stage.nesterov and stage.momentum > 0,
        fused=True,
    )


def _means(values: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: sum(some) / len(some) for name, some in values.items() if some}
