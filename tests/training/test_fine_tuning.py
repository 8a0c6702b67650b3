"""A dense expert becomes a sparse one."""

from pathlib import Path

import pytest

from tests.training.test_training import SETTINGS, corpus, recipe_file, trained
from tidemill.core.errors import InputError, SettingError
from tidemill.experts.package import open_expert
from tidemill.training.fine_tuning import sparse_recipe, sparse_version
from tidemill.training.recipe import read_recipe
from tidemill.training.training import resume, train

__all__ = ["corpus"]

CLONES = """\
name = "clones-small"
rewrites = 2
task = "clones"
corpus = "small"
precision = "fp32"

[model]
kind = "convolution"
vector_size = 16
max_tokens = 48
least = 2

[[stages]]
objectives = ["groups"]
steps = 3
batch = 8
members = 2
"""


@pytest.mark.parametrize("kind", ["encoder", "convolution"])
def test_a_dense_expert_is_pruned_and_learns_on(tmp_path: Path, corpus: Path, kind: str) -> None:
    path = recipe_file(tmp_path)
    if kind == "convolution":
        path = tmp_path / "clones-small.toml"
        path.write_text(CLONES)
    first = train(path, corpus=corpus, folder=tmp_path / "run", device="cpu", settings=SETTINGS)
    dense = open_expert(first.expert)
    report = sparse_version(
        dense, "2:8", corpus=corpus, folder=tmp_path / "sparse", recipe=str(path), steps=2
    )
    sparse = open_expert(report.expert)
    assert report.steps == 2
    assert sparse.manifest.sparsity == "2:8"
    assert sparse.manifest.base == f"{dense.name} {dense.expert_hash}"
    assert sparse.name == dense.name
    # Both were measured on the same set, so both are told.
    assert {metric.variant for metric in sparse.manifest.metrics} == {"dense", "2:8"}
    assert "| measure | 2:8 | dense |" in sparse.card
    assert sparse.footprint is not None
    assert sparse.footprint.packed_bytes < 0.35 * sparse.footprint.dense_bytes


def test_it_learns_as_in_the_last_stage_of_its_recipe_more_gently(
    tmp_path: Path, corpus: Path
) -> None:
    package = open_expert(trained(tmp_path, corpus).expert)
    path = tmp_path / "search-small.toml"
    plan, known = sparse_recipe(package, "1:4", recipe=str(path)), read_recipe(path)
    assert plan.sparsity == "1:4"
    assert len(plan.stages) == 1
    assert plan.stages[0].steps == known.stages[-1].steps
    assert plan.stages[0].learning_rate == known.stages[-1].learning_rate / 2


def test_an_expert_that_nobody_knows_how_to_train_is_refused(tmp_path: Path, corpus: Path) -> None:
    package = open_expert(trained(tmp_path, corpus).expert)
    with pytest.raises(InputError, match="search-small: made by search-small") as caught:
        sparse_recipe(package, "2:8")
    assert "--recipe" in str(caught.value)
    with pytest.raises(InputError, match="is for search, the recipe clones-c for clones"):
        sparse_recipe(package, "2:8", recipe="clones-c")
    with pytest.raises(SettingError, match="cannot be kept"):
        sparse_recipe(package, "9:8", recipe=str(tmp_path / "search-small.toml"))


def test_another_version_stands_beside_if_it_can(tmp_path: Path, corpus: Path) -> None:
    dense = trained(tmp_path, corpus).expert
    plan = read_recipe(tmp_path / "search-small.toml")
    report = train(
        plan.at_sparsity("2:8"),
        corpus=corpus,
        folder=tmp_path / "sparse",
        beside=dense,
        settings=SETTINGS,
    )
    found = open_expert(report.expert)
    assert {metric.variant for metric in found.manifest.metrics} == {"dense", "2:8"}
    assert found.manifest.base is None
    resumed = resume(tmp_path / "sparse", device="cpu", settings=SETTINGS)
    assert open_expert(resumed.expert).manifest.metrics == found.manifest.metrics
    # It is refused before anything is trained.
    with pytest.raises(InputError, match="search-small cannot stand beside: it is 2:8"):
        train(
            plan.at_sparsity("2:8"),
            corpus=corpus,
            folder=tmp_path / "other",
            beside=report.expert,
            settings=SETTINGS,
        )
    assert not (tmp_path / "other" / "run.json").exists()


def test_what_cannot_go_on_from_an_expert_is_refused(tmp_path: Path, corpus: Path) -> None:
    package = open_expert(trained(tmp_path, corpus, kind="static").expert)
    path = str(tmp_path / "search-small.toml")
    with pytest.raises(InputError, match="a model of kind static cannot go on") as caught:
        sparse_recipe(package, "2:8", recipe=path)
    assert "no layers that could be sparse" in str(caught.value)
    with pytest.raises(SettingError, match="dense is no sparsity"):
        sparse_recipe(package, "dense", recipe=path)
