from pathlib import Path

import pytest

from tidemill.core.clock import SystemClock
from tidemill.core.randomness import stream
from tidemill.core.settings import Settings
from tidemill.store.store import FOLDER
from tidemill.tasks import damage
from tidemill.tasks.indexing import index
from tidemill.tasks.sample_tree import change_tree, grow_tree
from tidemill.tasks.selftest import SelftestReport, dump_hash, selftest
from tidemill.tasks.trial import Trial, child_environment, judged


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*.py"))}


def test_a_tree_depends_on_its_seed_alone(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        grow_tree(tmp_path / name, 22, stream(seed, "tree"))
        change_tree(tmp_path / name, 10, stream(seed, "changes"))
    first, same, other = (contents(tmp_path / name) for name in "abc")
    assert first == same
    assert first != other


def test_changes_change(tmp_path: Path) -> None:
    grow_tree(tmp_path, 5, stream(0, "tree"))
    before = contents(tmp_path)
    change_tree(tmp_path, 6, stream(0, "changes"))
    assert contents(tmp_path) != before


def test_a_dump_does_not_depend_on_the_order_of_work(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    grow_tree(tree, 6, stream(0, "tree"))
    one = Settings(store=tmp_path / "one" / FOLDER, workers=1)
    two = Settings(store=tmp_path / "two" / FOLDER, workers=1)
    index([tree], settings=one)
    for path in sorted(tree.rglob("*.py"), reverse=True):
        index([path], settings=two)
    assert dump_hash(tmp_path / "one" / FOLDER) == dump_hash(tmp_path / "two" / FOLDER)
    change_tree(tree, 1, stream(1, "changes"))
    index([tree], settings=two)
    assert dump_hash(tmp_path / "one" / FOLDER) != dump_hash(tmp_path / "two" / FOLDER)


@pytest.mark.claim("house.index.kill", "house.store.full-disk", "house.store.read-only")
@pytest.mark.slow
def test_eight_kills_and_every_damage(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    grow_tree(tree, 90, stream(0, "tree"))
    before = contents(tree)
    report = selftest(kills=8, tree=tree, seed=5)
    assert report.kills == 8
    assert report.passed, [trial for trial in report.trials if trial.verdict == "fail"]
    kinds = {trial.name for trial in report.trials}
    assert {"restart after kill -9", "store after kill -9", "second writer"} <= kinds
    assert contents(tree) == before


@pytest.mark.claim("house.locks.second")
def test_damage_is_refused_by_name(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    grow_tree(tree, 2, stream(0, "tree"))
    sound = tmp_path / "sound" / FOLDER
    index([tree], settings=Settings(store=sound, workers=1))
    damage.settle(sound)
    for trial in (
        damage.truncated(sound, tmp_path / "truncated" / FOLDER),
        damage.overwritten(sound, tmp_path / "overwritten" / FOLDER),
        damage.second_writer(sound, SystemClock()),
    ):
        assert trial.verdict == "ok", trial


def test_verdicts() -> None:
    assert judged("x", [], "fine") == Trial(name="x", verdict="ok", found="fine")
    assert judged("x", ["a", "b", "c", "d"], "fine").found == "a; b; c"
    tried = [Trial(name="x", verdict=verdict, found="") for verdict in ("ok", "not tried")]
    assert SelftestReport(trials=tuple(tried), kills=0, survived=0, seconds=0).passed
    failed = Trial(name="x", verdict="fail", found="")
    assert not SelftestReport(trials=(failed,), kills=0, survived=0, seconds=0).passed


def test_children_are_not_led_astray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEMILL_STORE", "/elsewhere")
    monkeypatch.setenv("KEPT", "1")
    environment = child_environment()
    assert "TIDEMILL_STORE" not in environment
    assert environment["KEPT"] == "1"
