"""Runs whose models are N:M sparse."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.training.small import recipe, run, trainee
from tests.training.test_loop import StopsAt, bits
from tests.training.test_training import SETTINGS, corpus, recipe_file
from tidemill.core.errors import InputError
from tidemill.experts.package import open_expert
from tidemill.experts.verification import verify_expert
from tidemill.models.config import encoder_config
from tidemill.models.encoder import Encoder
from tidemill.models.skeleton import Skeleton
from tidemill.serving.embedder import CodeText, open_embedder
from tidemill.sparsity.linear import SparseLinear
from tidemill.sparsity.masks import magnitude_mask
from tidemill.sparsity.methods import METHODS
from tidemill.sparsity.packed_layers import PackedLinear
from tidemill.sparsity.pattern import NMPattern
from tidemill.training.journal import entries
from tidemill.training.recipe import Recipe, read_recipe
from tidemill.training.sparse import sparsified
from tidemill.training.switched_adamw import SwitchedAdamW
from tidemill.training.training import train

__all__ = ["corpus"]

CPU = torch.device("cpu")


def sparse(kind: str = "encoder", **changes: Any) -> Recipe:
    return recipe(kind, **({"sparsity": "2:8"} | changes))


@pytest.mark.parametrize(
    ("kind", "inner"), [("encoder", "encoder.encoder.layer."), ("convolution", "layers.")]
)
def test_layers_are_sparse_and_tables_heads_and_the_last_map_are_not(
    tmp_path: Path, kind: str, inner: str
) -> None:
    task = {"task": "clones", "name": "clones-small"} if kind == "convolution" else {}
    plan = sparse(kind, **task)
    model = trainee(plan, tmp_path)
    sparsifier = sparsified(plan, model, CPU)
    assert sparsifier is not None
    assert sparsifier.layers
    assert all(name.startswith(inner) for name in sparsifier.layers)
    dense = [name for name, part in model.network.named_modules() if type(part) is nn.Linear]
    assert any(name.endswith("projection") for name in dense)


def test_a_recipe_can_spare_layers(tmp_path: Path) -> None:
    plan = sparse(exempt=["*.intermediate.dense", "*.layer.0.*"])
    sparsifier = sparsified(plan, trainee(plan, tmp_path), CPU)
    assert sparsifier is not None
    assert all(".layer.1." in name and "intermediate" not in name for name in sparsifier.layers)
    wrong = sparse(exempt=["nine"])
    with pytest.raises(InputError, match="exempt names 'nine'"):
        sparsified(wrong, trainee(wrong, tmp_path), CPU)


@pytest.mark.claim("bdwp.pregeneration")
def test_every_update_is_followed_by_new_operands(tmp_path: Path) -> None:
    plan = sparse()
    model, _ = run(plan, tmp_path)
    layers = [part for part in model.network.modules() if isinstance(part, SparseLinear)]
    assert layers
    for layer in layers:
        mask = magnitude_mask(layer.weight.detach(), NMPattern(2, 8))
        assert layer.operands.mask is not None
        assert torch.equal(layer.operands.mask, mask)


@pytest.mark.claim("bdwp.step.dense-limit")
def test_a_run_that_keeps_everything_is_the_dense_run_to_the_bit(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("dense", "whole")]
    for folder in folders:
        folder.mkdir()
    dense, _ = run(recipe(), folders[0])
    whole, _ = run(sparse(sparsity="8:8"), folders[1])
    assert bits(dense) == bits(whole)


@pytest.mark.parametrize(
    "options",
    [
        {"method": "bdwp"},
        {"method": "bdwp", "mask_interval": 4},
        {"method": "bimask"},
        {"method": "srste", "dense_start": 0.4, "adam_switch": True},
        {"method": "bdwp", "dense_finish": 0.3},
        {"method": "bdwp", "dense_start": 0.6, "mask_interval": 3},
        {"method": "bimask", "dense_start": 0.6},
    ],
    ids=lambda options: "-".join(map(str, options.values())),
)
def test_a_sparse_run_that_is_stopped_and_resumed_ends_with_the_same_bits(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    stages = [{"objectives": ["search"], "steps": 8, "batch": 8, "learning_rate": 1e-2}]
    plan = sparse(stages=stages, checkpoint_seconds=0.0, **options)
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    whole.mkdir()
    stopped.mkdir()
    expected, _ = run(plan, whole)
    with pytest.raises(KeyboardInterrupt):
        run(plan, stopped, StopsAt(5))
    found, _ = run(plan, stopped)
    assert bits(found) == bits(expected)


def test_flips_are_told_beside_the_measures(tmp_path: Path) -> None:
    run(sparse(measure_every=2), tmp_path)
    told = [entry.measures.get("flips") for entry in entries(tmp_path) if entry.measures]
    assert told[0] is None
    assert all(share is not None and 0 <= share <= 1 for share in told[1:])


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_learns(tmp_path: Path, name: str) -> None:
    plan = sparse(method=name)
    run(plan, tmp_path)
    losses = [entry.losses["search"] for entry in entries(tmp_path) if entry.losses]
    assert all(np.isfinite(losses))


@pytest.mark.claim("bdwp.packed")
def test_a_sparse_recipe_becomes_a_packed_expert_that_answers_as_it_learnt(
    tmp_path: Path, corpus: Path
) -> None:
    path = recipe_file(tmp_path)
    path.write_text(f'sparsity = "2:8"\n{path.read_text()}')
    report = train(path, corpus=corpus, folder=tmp_path / "run", device="cpu", settings=SETTINGS)
    package = open_expert(report.expert)
    assert verify_expert(report.expert).sound
    assert package.manifest.sparsity == "2:8"
    packed = [name for name, tensor in package.tensors.items() if tensor.sparse is not None]
    assert "encoder.layer.0.attention.self.query.weight" in packed
    assert not any("embeddings" in name or "projection" in name for name in packed)
    embedder = open_embedder(package)
    with vars(embedder)["_skeleton"].holding(vars(embedder)["_filling"]) as network:
        layers = [part for part in network.modules() if isinstance(part, PackedLinear)]
    assert layers
    assert len(layers) % 4 == 0
    texts = [CodeText(text=b"def f(a):\n    return a\n", language="python")]
    vectors = embedder.code(texts)
    tensors = {name: tensor.to_float32() for name, tensor in package.tensors.items()}
    config = encoder_config(package.config)
    dense = Skeleton(lambda: Encoder(config), tensors)
    vars(embedder).update(_skeleton=dense, _filling=dense.filling(tensors))
    np.testing.assert_allclose(vectors, embedder.code(texts), atol=1e-5)
    again = train(path, corpus=corpus, folder=tmp_path / "run", device="cpu", settings=SETTINGS)
    assert open_expert(again.expert).expert_hash == package.expert_hash


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"sparsity": "2:9"}, "do not divide into groups of 9"),
        ({"sparsity": "2:8", "kind": "static"}, "no layer of this model can be sparse"),
    ],
)
def test_a_model_that_cannot_be_sparse_so_is_refused(
    tmp_path: Path, changes: dict[str, Any], match: str
) -> None:
    kind = changes.pop("kind", "encoder")
    plan = recipe(kind, **changes)
    model = trainee(plan, tmp_path)
    with pytest.raises(InputError, match=match) as caught:
        sparsified(plan, model, CPU)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"sparsity": "9:8"}, "sparsity: 9:8: 9 of 8 weights cannot be kept"),
        ({"sparsity": "half"}, "sparsity: 'half' is no N:M pattern"),
        ({"method": "magic"}, "sparsity: there is no method 'magic'"),
        ({"decay": 2.0}, "sparsity: a decay of 2"),
        ({"adam_switch": True}, "adam_switch: there is nothing to freeze"),
        (
            {"adam_switch": True, "dense_start": 0.2, "dense_finish": 0.2},
            "adam_switch: there is nothing to freeze",
        ),
        ({"dense_start": 1.0}, "sparsity: 1.0 of the training dense first"),
        ({"dense_start": float("nan")}, "sparsity: nan of the training dense first"),
    ],
)
def test_a_recipe_with_a_sparsity_that_cannot_be_is_refused(
    changes: dict[str, Any], match: str
) -> None:
    with pytest.raises(InputError, match=match):
        sparse(**changes)


@pytest.mark.claim("bdwp.methods")
def test_a_frozen_variance_stays_and_the_mean_goes_on() -> None:
    weight = nn.Parameter(torch.ones(4))
    optimizer = SwitchedAdamW([weight], lr=0.1, betas=(0.9, 0.99), weight_decay=0.0)
    for _ in range(3):
        weight.grad = torch.full((4,), 2.0)
        optimizer.step()
    variance = optimizer.state[weight]["exp_avg_sq"].clone()
    before = weight.detach().clone()
    optimizer.is_frozen = True
    weight.grad = torch.full((4,), 2.0)
    optimizer.step()
    assert torch.equal(optimizer.state[weight]["exp_avg_sq"], variance)
    # The mean and the root of the variance are both 2: a whole step of the learning rate.
    torch.testing.assert_close(before - weight.detach(), torch.full((4,), 0.1))


def test_until_it_is_frozen_it_is_adamw() -> None:
    found = []
    for kind in (torch.optim.AdamW, SwitchedAdamW):
        weight = nn.Parameter(torch.linspace(-1, 1, 8))
        optimizer = kind([weight], lr=0.1)
        for step in range(3):
            weight.grad = torch.linspace(-1, 1, 8) * step
            optimizer.step()
        found.append(weight.detach())
    assert torch.equal(found[0], found[1])


@pytest.mark.parametrize(
    ("options", "sparsity"),
    [
        ({}, "2:8"),
        ({"dense_start": 0.5}, "2:8"),
        ({"dense_finish": 0.01}, "2:8"),
        ({"dense_finish": 0.5}, "dense"),
        ({"method": "sdwp"}, "dense"),
        ({"sparsity": "8:8"}, "dense"),
    ],
    ids=str,
)
def test_an_expert_is_packed_as_sparse_as_it_answers(
    tmp_path: Path, corpus: Path, options: dict[str, Any], sparsity: str
) -> None:
    plan = replace(read_recipe(recipe_file(tmp_path)), **({"sparsity": "2:8"} | options))
    report = train(plan, corpus=corpus, folder=tmp_path / "run", device="cpu", settings=SETTINGS)
    assert open_expert(report.expert).manifest.sparsity == sparsity
