"""One package becomes one sprout, or is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.experts.drafts import static_draft
from tests.training.sprouting.beds import growth, quick
from tidemill.core.errors import ExpertError
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.experts.registry import ExpertRegistry
from tidemill.experts.verification import verify_expert
from tidemill.training.sprouting.growing import OUTCOMES, grow, growth_key
from tidemill.training.sprouting.outcome import outcome_in
from tidemill.training.sprouting.recipe import SproutRecipe

NAME = "search-py-small"


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def hashes(package: ExpertPackage) -> dict[tuple[str, str], str]:
    return {
        (name, role): piece.sha256
        for name, tensor in package.tensors.items()
        for role, piece in tensor.pieces.items()
    }


def test_a_sprout_is_better_than_its_base_and_shares_with_it(
    tmp_path: Path, base: ExpertPackage
) -> None:
    task = growth(tmp_path, base.folder)
    outcome = grow(task)
    assert outcome.kept
    assert outcome.tries == 1
    assert outcome.sprout["valid.loss"] < outcome.base["valid.loss"]
    assert outcome.cpu_seconds > 0
    sprout = open_expert(tmp_path / "experts" / NAME)
    assert verify_expert(sprout.folder).sound
    own, theirs = hashes(sprout), hashes(base)
    assert own.keys() == theirs.keys()
    same = {place for place in own if own[place] == theirs[place]}
    # Masks, tables and the tables' norm are the base's to the byte; kept values are not.
    assert {place for place in own if place[1] == "indices"} <= same
    assert {place for place in own if place[0].startswith("embeddings.")} <= same
    changed = {name for name, _ in own.keys() - same}
    assert {"importance.weight", "projection.weight"} < changed
    for layer in (0, 1):
        assert f"encoder.layer.{layer}.intermediate.dense.weight" in changed
    for name in ("tokenizer.json", "config.json"):
        assert sprout.file(name).read_bytes() == base.file(name).read_bytes()
    assert sprout.manifest.sparsity == "2:8"


def test_a_sprout_says_what_it_came_from(tmp_path: Path, base: ExpertPackage) -> None:
    task = growth(tmp_path, base.folder)
    outcome = grow(task)
    sprout = open_expert(tmp_path / "experts" / NAME)
    manifest = sprout.manifest
    assert manifest.base == f"search-seed {base.expert_hash}"
    assert (manifest.licence, manifest.languages) == ("Apache-2.0", ("python",))
    assert manifest.training is not None
    assert (manifest.training.recipe, manifest.training.steps) == ("sprout", 15)
    assert manifest.training.recipe_hash == task.recipe.hash
    told = {
        (metric.variant, f"{metric.split}.{metric.name}"): metric.value
        for metric in manifest.metrics
    }
    assert {name: x for (kind, name), x in told.items() if kind == "2:8"} == outcome.sprout
    assert {name: x for (kind, name), x in told.items() if kind == "base"} == outcome.base
    assert {metric.data for metric in manifest.metrics} == {"py-small"}
    assert "| measure | 2:8 | base |" in sprout.card
    assert f"{outcome.pairs['train']} documented functions" in sprout.card


def test_the_same_package_gives_the_same_bytes(tmp_path: Path, base: ExpertPackage) -> None:
    outcomes = [grow(growth(tmp_path / name, base.folder)).timed(0.0) for name in ("one", "two")]
    assert outcomes[0] == outcomes[1]
    one, two = (bytes_of(tmp_path / name / "experts" / NAME) for name in ("one", "two"))
    assert one == two


def test_what_is_not_better_is_tried_again_and_refused(tmp_path: Path, base: ExpertPackage) -> None:
    task = growth(tmp_path, base.folder, recipe=quick(margin=0.99))
    outcome = grow(task)
    assert not outcome.kept
    assert outcome.tries == 2
    assert "on the valid part its loss is" in outcome.reason
    # Nothing is known of the held-out part: it chooses nothing.
    assert set(outcome.sprout) == {"valid.loss", "valid.mrr"}
    assert not outcome.is_better_held_out
    assert not (tmp_path / "experts").exists()
    assert outcome_in(tmp_path / OUTCOMES, NAME, task.key) == outcome


def test_layers_that_stay_are_the_bases(tmp_path: Path, base: ExpertPackage) -> None:
    recipe = quick()
    recipe = replace(recipe, stages=(recipe.stages[0], replace(recipe.stages[1], still=1)))
    assert grow(growth(tmp_path, base.folder, recipe=recipe)).kept
    own, theirs = hashes(open_expert(tmp_path / "experts" / NAME)), hashes(base)
    low = {place for place in own if place[0].startswith("encoder.layer.0.")}
    assert {place: own[place] for place in low} == {place: theirs[place] for place in low}
    high = ("encoder.layer.1.output.dense.weight", "values")
    assert own[high] != theirs[high]


def test_another_expert_of_the_name_is_not_replaced(tmp_path: Path, base: ExpertPackage) -> None:
    task = growth(tmp_path, base.folder)
    registry = ExpertRegistry(task.registry)
    registry.add_draft(static_draft(name=NAME))
    with pytest.raises(ExpertError, match=f"there is an expert {NAME} already"):
        grow(task)
    # What it came to was written down, but the expert is not there: it is grown again.
    assert grow(replace(task, replace=True)).kept
    assert registry.get(NAME).manifest.base is not None
    assert grow(task).kept


def test_an_outcome_counts_for_its_key_alone(tmp_path: Path, base: ExpertPackage) -> None:
    task = growth(tmp_path, base.folder)
    outcome = grow(task)
    folder = tmp_path / OUTCOMES
    assert outcome_in(folder, NAME, task.key) == outcome
    assert outcome_in(folder, NAME, growth_key("other", "pairs", SproutRecipe())) is None
    (folder / f"{NAME}.json").write_text("{")
    assert outcome_in(folder, NAME, task.key) is None
