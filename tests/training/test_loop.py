"""Runs that learn, stop, and go on with the same bits."""

import hashlib
import json
from pathlib import Path
from typing import Literal

import pytest
import torch
from torch import nn

from tests.training.small import recipe, run
from tidemill.core.errors import InputError, TidemillError
from tidemill.training.checkpoint import newest
from tidemill.training.journal import entries
from tidemill.training.loop import optimizer_for
from tidemill.training.recipe import Stage
from tidemill.training.trainees.trainee import Trainee

STAGES = [
    {
        "objectives": ["masked-language", "edges", "alignment"],
        "steps": 5,
        "batch": 6,
        "accumulate": 2,
    },
    {"objectives": ["search"], "steps": 7, "batch": 8, "warmup": 0.2},
]


def bits(model: Trainee) -> str:
    digest = hashlib.sha256()
    for name, part in sorted(model.network.state_dict().items()):
        digest.update(name.encode() + part.numpy().tobytes())
    return digest.hexdigest()


class StopsAt:
    """A listener that ends the run in the middle."""

    def __init__(self, step: int, note: str = "tokens/s") -> None:
        self.step = step
        self.note = note

    def advance(self, done: int, total: int | None, note: str) -> None:
        del total
        if done == self.step and self.note in note:
            raise KeyboardInterrupt


@pytest.mark.claim("gcb.training.resume")
@pytest.mark.parametrize("kind", ["encoder", "static"])
@pytest.mark.parametrize("step", [1, 4, 5, 6, 11])
def test_a_run_that_is_stopped_and_resumed_ends_with_the_same_bits(
    tmp_path: Path, kind: str, step: int
) -> None:
    stages = STAGES if kind == "encoder" else [STAGES[1], STAGES[1] | {"steps": 5}]
    plan = recipe(kind, stages=stages, checkpoint_seconds=0.0)
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    whole.mkdir()
    stopped.mkdir()
    expected, end = run(plan, whole)
    with pytest.raises(KeyboardInterrupt):
        run(plan, stopped, StopsAt(step))
    found, resumed_end = run(plan, stopped)
    assert bits(found) == bits(expected)
    assert (resumed_end.total, resumed_end.places) == (end.total, end.places) == (12, end.places)
    assert [entry.step for entry in entries(stopped)] == [entry.step for entry in entries(whole)]


def test_a_finished_run_has_nothing_left_to_do(tmp_path: Path) -> None:
    expected, _ = run(recipe(), tmp_path)
    again, end = run(recipe(), tmp_path)
    assert bits(again) == bits(expected)
    assert end.total == 6


@pytest.mark.parametrize("kind", ["encoder", "static"])
def test_training_finds_pairs_that_belong_together(tmp_path: Path, kind: str) -> None:
    stage = {"objectives": ["search"], "steps": 60, "batch": 16, "learning_rate": 1e-2}
    run(recipe(kind, stages=[stage], measure_every=20), tmp_path)
    measured = [entry for entry in entries(tmp_path) if entry.measures]
    assert [entry.step for entry in measured] == [20, 40, 60]
    assert measured[-1].measures["mrr"] > 0.6
    assert set(measured[-1].measures) == {"mrr", "mrr.java", "mrr.python"}
    losses = [entry.losses["search"] for entry in entries(tmp_path)]
    assert losses[-1] < losses[0] / 2


def test_groups_are_told_apart(tmp_path: Path) -> None:
    stage = {
        "objectives": ["groups"],
        "steps": 60,
        "batch": 16,
        "members": 4,
        "learning_rate": 1e-2,
    }
    run(recipe(task="clones", stages=[stage], precision="bf16"), tmp_path)
    last = [entry for entry in entries(tmp_path) if entry.measures][-1]
    assert last.measures["map_at_r"] > 0.5


def test_another_seed_gives_other_bits(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    assert bits(run(recipe(seed=0), first)[0]) != bits(run(recipe(seed=1), second)[0])


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_tables_of_words_learn_at_a_rate_of_their_own(optimizer: Literal["adamw", "sgd"]) -> None:
    network = nn.ModuleDict({"words": nn.Embedding(4, 3), "map": nn.Linear(3, 3)})
    stage = Stage(
        objectives=("search",), steps=1, optimizer=optimizer, table_rate=16.0, weight_decay=0.1
    )
    groups = {
        id(part): (group["scale"], group["weight_decay"])
        for group in optimizer_for(network, stage).param_groups
        for part in group["params"]
    }
    names = {name: groups[id(part)] for name, part in network.named_parameters()}
    assert names == {
        "words.weight": (16.0, 0.0),
        "map.weight": (1.0, 0.1),
        "map.bias": (1.0, 0.0),
    }


def test_a_loss_that_is_no_number_stops_the_run_and_names_it(tmp_path: Path) -> None:
    stage = {"objectives": ["search"], "steps": 40, "batch": 8, "learning_rate": 1e30, "clip": 1e30}
    with pytest.raises(TidemillError, match=r"the loss of search is \S+ at step"):
        run(recipe(stages=[stage]), tmp_path)


def test_objectives_of_encoders_are_refused_for_others(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="masked-language is for encoders"):
        run(recipe("static", stages=[STAGES[0]]), tmp_path)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    run(recipe(), tmp_path)
    (path,) = tmp_path.glob("checkpoint-*.safetensors")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match="not those it names"):
        newest(tmp_path)
    (tmp_path / "checkpoint.json").write_text(json.dumps({"position": {}}))
    with pytest.raises(InputError, match="damaged"):
        newest(tmp_path)


def test_a_bag_of_words_stage_trains_no_layer(tmp_path: Path) -> None:
    stage = {"objectives": ["search"], "steps": 3, "batch": 8, "depth": 0}
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    before, _ = run(recipe(stages=[stage | {"learning_rate": 0.0}]), first)
    after, _ = run(recipe(stages=[stage]), second)
    old, new = before.network.state_dict(), after.network.state_dict()
    changed = {name for name in old if not torch.equal(old[name], new[name])}
    assert changed
    assert not any("encoder.encoder.layer" in name for name in changed)
