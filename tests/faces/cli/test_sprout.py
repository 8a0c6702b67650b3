"""``tidemill experts sprout``, as it is typed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tasks.sprouting.code import TOPICS, shelf
from tests.training.sprouting.beds import BASE, packed_base, quick
from tidemill.experts.registry import open_registry
from tidemill.faces.cli import experts_sprout

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The command over three made-up packages, with a quick recipe and a tiny base."""
    code = shelf(tmp_path, TOPICS[:3])
    monkeypatch.setenv("TIDEMILL_EXPERTS", str(tmp_path / "experts"))
    monkeypatch.setattr(experts_sprout, "SproutRecipe", quick)
    open_registry().add(packed_base(tmp_path / "packed").folder)
    run = str(tmp_path / "run")
    counts = ("--count", "2", "--least", "60")
    return ("experts", "sprout", str(code), "--base", BASE, *counts, "--run", run)


def test_sprout_lists_what_it_would_do(tidemill: Run, words: tuple[str, ...]) -> None:
    code, out, _ = tidemill(*words, "--list")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split() == ["expert", "functions", "train", "valid", "test", "package"]
    assert lines[1].split()[:2] == ["search-py-harbour", "64"]
    assert lines[-1] == "2 experts wanted, 1 package to spare"
    code, out, _ = tidemill(*words, "--list", "--json")
    plan = json.loads(out)
    assert [package["title"] for package in plan["packages"]] == ["harbour", "kitchen", "orchard"]
    assert not (Path(plan["folder"]) / "outcomes").exists()


def test_sprout_grows_experts_and_says_how_good_they_are(
    tidemill: Run, words: tuple[str, ...]
) -> None:
    code, out, _ = tidemill(*words)
    assert code == 0
    assert "2 of 2 experts, 0 refused, 0 there before" in out
    assert f"better than {BASE}; mean loss" in out
    assert "MRR" in out
    assert "router: routing-python, 2 packages" in out
    assert "if every package were known" in out
    code, out, _ = tidemill(*words, "--json")
    report = json.loads(out)
    assert (code, report["resumed"], len(report["kept"])) == (0, 2, 2)
    assert {entry.name for entry in open_registry().list() if entry.is_own} == {
        BASE,
        "search-py-harbour",
        "search-py-kitchen",
        "routing-python",
    }
    assert report["router"]["name"] == "routing-python"


def test_sprout_says_who_was_refused(
    tidemill: Run, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experts_sprout, "SproutRecipe", lambda: quick(margin=0.99))
    code, out, _ = tidemill(*words)
    assert code == 1
    assert "refused  search-py-harbour: on the valid part its loss is" in out
    assert "0 of 2 experts, 3 refused" in out
    assert "held out" not in out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--count", "9"), "9 packages are wanted, and there are"),
        (("--base", "search-nobody"), "there is no expert search-nobody"),
        (("--base", "search-tokens"), "it has no layers that could learn"),
        (("--count", "0"), "Invalid value for '--count'"),
    ],
)
def test_sprout_refuses_what_cannot_be(
    tidemill: Run, words: tuple[str, ...], flags: tuple[str, ...], said: str
) -> None:
    code, _, err = tidemill(*words, *flags)
    assert code in {2, 3}
    assert said in err


def test_sprout_leaves_the_router_out_where_nobody_wants_it(
    tidemill: Run, words: tuple[str, ...]
) -> None:
    code, out, _ = tidemill(*words, "--no-router", "--json")
    assert (code, json.loads(out)["router"]) == (0, None)
    assert not (open_registry().own / "routing-python").exists()
