"""Which packages are to get a sprout, written down with their pairs."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.tasks.sprouting.code import TOPICS, shelf
from tidemill.core.errors import InputError
from tidemill.core.progress import Silence
from tidemill.core.settings import Settings
from tidemill.tasks.sprouting import plan as module
from tidemill.tasks.sprouting.harvesting import FoundFunction, chosen, harvested
from tidemill.tasks.sprouting.plan import SproutPlan, Wishes, made_plan, plan_in, plan_key
from tidemill.tasks.sprouting.sources import sources_in
from tidemill.training.sprouting.pairs import read_pairs

PYTHON = frozenset({"python"})


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> list[FoundFunction]:
    folder = tmp_path_factory.mktemp("code")
    harvests = harvested(
        sources_in([shelf(folder)]),
        folder / "cache",
        settings=Settings(workers=1),
        progress=Silence(),
    )
    return chosen(harvests, PYTHON)[0]


def planned(
    folder: Path, functions: list[FoundFunction], *, count: int = 6, least: int = 30
) -> SproutPlan:
    wishes = Wishes(task="search", count=count, least=least)
    key = plan_key("code", wishes, PYTHON)
    return made_plan(folder, key, wishes, found=functions, left_out=Counter())


def test_a_plan_holds_its_packages_and_their_pairs(
    tmp_path: Path, functions: list[FoundFunction]
) -> None:
    plan = planned(tmp_path, functions)
    # Six are wanted, and two are to spare.
    assert [package.name for package in plan.packages] == [
        f"search-py-{topic}" for topic in sorted(TOPICS)
    ]
    assert plan.functions == 64 * len(TOPICS)
    for package in plan.packages:
        pairs = read_pairs(plan.pairs_of(package))
        assert pairs.hash == package.hash
        assert pairs.counts == package.pairs
        assert package.functions == 64 == sum(package.pairs.values())
        topic = package.title
        assert {pair.package for pair in pairs.examples} == {f"py-{topic}"}
        assert {pair.family for pair in pairs.examples} == {topic}
        assert {pair.path for pair in pairs.examples} == {f"{topic}/low.py", f"{topic}/upper.py"}


def test_the_same_code_gives_the_same_plan(tmp_path: Path, functions: list[FoundFunction]) -> None:
    one = planned(tmp_path / "one", functions)
    two = planned(tmp_path / "two", list(reversed(functions)))
    assert [*one.packages] == [*two.packages]
    assert plan_in(tmp_path / "one", one.key) == one
    assert plan_in(tmp_path / "one", "another") is None
    assert plan_in(tmp_path / "nowhere", one.key) is None


def test_a_plan_with_another_key_takes_the_place_of_the_former(
    tmp_path: Path, functions: list[FoundFunction]
) -> None:
    planned(tmp_path, functions)
    plan = planned(tmp_path, functions, count=12)
    assert len(plan.packages) > len(TOPICS)
    assert {"glacier.low", "glacier.upper"} & {package.title for package in plan.packages}
    assert {path.stem for path in (tmp_path / "pairs").iterdir()} == {
        package.name for package in plan.packages
    }
    assert json.loads((tmp_path / "plan.json").read_text())["count"] == 12


def test_too_many_are_refused_with_how_many_there_are(
    tmp_path: Path, functions: list[FoundFunction]
) -> None:
    with pytest.raises(
        InputError, match=r"17 packages are wanted, and there are 1\d with 30"
    ) as few:
        planned(tmp_path, functions, count=17)
    assert "--count 1" in str(few.value)
    with pytest.raises(InputError, match="no package has 1,000 documented functions; 512"):
        planned(tmp_path, functions, least=1_000)
    assert plan_in(tmp_path, "any") is None


def test_of_a_large_package_some_pairs_are_used(
    tmp_path: Path, functions: list[FoundFunction], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_PAIRS", 40)
    plan = planned(tmp_path, functions)
    assert {sum(package.pairs.values()) for package in plan.packages} == {40}
    assert plan.left_out == {"over the limit of its package": 24 * 8}


def test_a_package_whose_parts_are_too_small_is_none(
    tmp_path: Path, functions: list[FoundFunction], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [min(own.pairs.values()) for own in planned(tmp_path, functions).packages]
    monkeypatch.setattr(module, "FEWEST_PAIRS", min(sizes) + 1)
    kept = planned(tmp_path, functions, count=1).packages
    assert len(kept) < len(TOPICS)
    assert all(min(own.pairs.values()) > min(sizes) for own in kept)
