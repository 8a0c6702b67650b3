import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training.test_training import GROUPS, RECIPE, corpus
from tidemill.experts.package import open_expert

__all__ = ["corpus"]

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A convolution on clones, two steps of it."""
    text = RECIPE.format(kind="convolution", steps=2).replace('["search"]', '["groups"]')
    text = text.replace('name = "search-small"', 'name = "clones-small"\nrewrites = 2')
    path = tmp_path / "clones-small.toml"
    path.write_text(text.replace('task = "search"', 'task = "clones"').replace("batch = 8", GROUPS))
    return path


@pytest.fixture
def words(recipe: Path, corpus: Path) -> tuple[str, ...]:
    """A command that trains it."""
    return ("train", str(recipe), "--corpus", str(corpus), "--workers", "1")


def test_train_takes_a_sparsity_and_a_method(
    tidemill: Run, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    code, out, _ = tidemill(*words, "--sparsity", "2:8", "--method", "srste", "--json")
    assert code == 0
    folder = Path(json.loads(out)["expert"])
    assert folder == tmp_path / "state" / "tidemill" / "runs" / "clones-small-2-8" / "expert"
    assert open_expert(folder).manifest.sparsity == "2:8"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--sparsity", "9:8"), "9 of 8 weights cannot be kept"),
        (("--sparsity", "2-8"), "'2-8' is no N:M pattern"),
        (("--sparsity", "2:8", "--method", "magic"), "no method 'magic'"),
        (("--sparsity", "2:9"), "do not divide into groups of 9"),
        (("--method", "srste"), "the method srste is for sparse models"),
    ],
)
def test_train_refuses_what_cannot_be(
    tidemill: Run, words: tuple[str, ...], flags: tuple[str, ...], said: str
) -> None:
    code, _, err = tidemill(*words, *flags)
    assert code in {2, 3}
    assert said in err


def test_a_dense_expert_is_packed_sparse(
    tidemill: Run, recipe: Path, corpus: Path, tmp_path: Path
) -> None:
    run, archive = tmp_path / "run", tmp_path / "small.tidemill"
    words = ("--corpus", str(corpus), "--workers", "1")
    assert tidemill("train", str(recipe), *words, "--run", str(run))[0] == 0
    code, out, err = tidemill(
        "experts", "pack", str(run / "expert"), "-o", str(archive), "--sparsity", "2:8",
        "--corpus", str(corpus), "--recipe", str(recipe), "--run", str(tmp_path / "sparse"),
    )  # fmt: skip
    assert code == 0, err
    assert "clones-small at 2:8: map_at_r" in err
    assert out.startswith(f"wrote {archive}")
    assert open_expert(tmp_path / "sparse" / "expert").manifest.sparsity == "2:8"
    code, _, err = tidemill("experts", "pack", str(run / "expert"), "--sparsity", "2:8")
    assert (code, "--corpus FOLDER" in err) == (2, True)
    code, _, err = tidemill("experts", "pack", str(run / "expert"), "--steps", "5")
    assert (code, "are for --sparsity" in err) == (2, True)
