"""What sprouts can be grown from."""

from pathlib import Path

import pytest

from tests.experts.drafts import encoder_draft, packed, static_draft
from tests.training.sprouting.beds import base_draft, packed_base
from tidemill.core.errors import ExpertError, SettingError
from tidemill.experts.package import ExpertPackage
from tidemill.experts.packing import write_expert
from tidemill.training.recipe import Stage
from tidemill.training.sprouting.origin import open_origin
from tidemill.training.sprouting.recipe import SproutRecipe, SproutStage


def test_every_tensor_is_learnt_or_shared(base: ExpertPackage) -> None:
    origin = open_origin(base.folder)
    assert origin.layers == 2
    assert origin.name == f"search-seed {base.expert_hash}"
    for still in (0, 1, 2):
        learning, shared = origin.learning(still), origin.shared(still)
        assert learning.keys() | shared.keys() == set(base.tensors)
        assert not learning.keys() & shared.keys()
        assert {"importance.weight", "projection.weight"} <= learning.keys()
        layers = {int(name.split(".")[2]) for name in learning if name.startswith("encoder.")}
        assert layers == set(range(still, 2))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task": "clones", "name": "clones-seed"}, "it is for clones"),
        ({"texts": {}}, "it has no tokenizer"),
        ({"config": {**base_draft().config, "input_mode": "reference"}}, "no tokenizer, or is fed"),
    ],
)
def test_what_nothing_can_grow_from_is_refused(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    package = packed_base(tmp_path, **changes)
    with pytest.raises(ExpertError, match=said) as caught:
        open_origin(package.folder)
    assert f"{package.name} cannot be grown from" in str(caught.value)


def test_a_dense_base_is_refused_and_so_is_one_without_layers(tmp_path: Path) -> None:
    with pytest.raises(ExpertError, match="it is dense") as caught:
        open_origin(packed(tmp_path, encoder_draft()).folder)
    assert "tidemill experts pack --sparsity 2:8" in str(caught.value)
    with pytest.raises(ExpertError, match="of architecture static, it has no layers"):
        open_origin(packed(tmp_path, static_draft()).folder)


def test_a_recipe_names_all_that_decides() -> None:
    recipe = SproutRecipe()
    others = [
        recipe.gentler(),
        SproutRecipe(seed=1),
        SproutRecipe(margin=0.02),
        SproutRecipe(token_dropout=0.1),
        SproutRecipe(stages=recipe.stages[:1]),
    ]
    assert len({recipe.hash, *(other.hash for other in others)}) == 6
    assert recipe.hash == SproutRecipe().hash
    assert recipe.steps == sum(own.stage.steps for own in recipe.stages)
    assert recipe.gentler().stages[0].stage.learning_rate == pytest.approx(3e-4)
    assert (recipe.still(4), SproutRecipe(stages=recipe.stages[:1]).still(4)) == (0, 4)


def test_a_recipe_that_cannot_be_is_refused() -> None:
    stage = Stage(objectives=("search",), steps=1)
    low, high = SproutStage(stage=stage, still=0), SproutStage(stage=stage, still=2)
    with pytest.raises(SettingError, match="layers as they are"):
        SproutRecipe(stages=(low, high))
    with pytest.raises(SettingError, match="layers as they are"):
        SproutRecipe(stages=())
    with pytest.raises(SettingError, match="1 candidates"):
        SproutRecipe(candidates=1)
    with pytest.raises(SettingError, match=r"dropout of 1\.0"):
        SproutRecipe(token_dropout=1.0)


def test_the_base_is_asked_as_it_is_stored(tmp_path: Path) -> None:
    package = write_expert(tmp_path / "search-seed", base_draft("1:4"))
    assert open_origin(package.folder).package.manifest.sparsity == "1:4"
