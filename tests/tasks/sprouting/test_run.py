"""Sprouts from code to the registry: over processes, resumed, refused and replaced."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.experts.drafts import static_draft
from tests.tasks.sprouting.code import TOPICS, shelf
from tests.training.sprouting.beds import BASE, packed_base, quick
from tidemill.core.clock import SystemClock
from tidemill.core.errors import ExpertError, InputError, LockedError
from tidemill.core.locks import JobLock
from tidemill.core.settings import Settings
from tidemill.experts.registry import open_registry
from tidemill.tasks.sprouting import run
from tidemill.tasks.sprouting.plan import SproutPlan
from tidemill.tasks.sprouting.report import SproutReport
from tidemill.tasks.sprouting.run import grow_sprouts, plan_sprouts
from tidemill.training.sprouting import growing
from tidemill.training.sprouting.bed import Growth
from tidemill.training.sprouting.outcome import SproutOutcome

COUNT = 3


class Told:
    """A listener who remembers."""

    def __init__(self) -> None:
        self.reports: list[tuple[int, int | None, str]] = []

    def advance(self, done: int, total: int | None, note: str) -> None:
        self.reports.append((done, total, note))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The user's experts, the base among them; runs beside them."""
    made = Settings(workers=1, experts=tmp_path / "experts", runs=tmp_path / "runs")
    base = packed_base(tmp_path / "packed")
    open_registry(made).add(base.folder)
    return made


@pytest.fixture
def code(tmp_path: Path) -> Path:
    return shelf(tmp_path, TOPICS[:5])


def planned(settings: Settings, code: Path, **wishes: int) -> SproutPlan:
    facts: dict[str, Any] = {"count": COUNT, "least": 60} | wishes
    return plan_sprouts(BASE, folders=[code], settings=settings, **facts)


def grown(settings: Settings, code: Path, **changes: Any) -> SproutReport:
    plan = planned(settings, code)
    facts: dict[str, Any] = {"recipe": quick(), "settings": settings} | changes
    return grow_sprouts(plan, BASE, **facts)


def bytes_of(folder: Path) -> dict[str, bytes]:
    """All bytes of the sprouts in a registry's folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.parent.name.startswith("search-py-")
    }


def refusing(monkeypatch: pytest.MonkeyPatch, names: set[str]) -> None:
    """Let sprouts of some names be refused."""

    def grow(growth: Growth) -> SproutOutcome:
        if growth.subject.name in names:
            growth = replace(growth, recipe=replace(growth.recipe, margin=0.99))
        return real(growth)

    real = growing.grow
    monkeypatch.setattr(run, "grow", grow)


@pytest.mark.claim("coe.experts-150")
def test_code_becomes_experts_and_is_not_grown_twice(settings: Settings, code: Path) -> None:
    told = Told()
    report = grown(settings, code, progress=told)
    names = [outcome.name for outcome in report.kept]
    assert names == [f"search-py-{topic}" for topic in sorted(TOPICS[:5])][:COUNT]
    assert (report.refused, report.resumed) == ([], 0)
    assert [(done, total) for done, total, _ in told.reports] == [(1, 3), (2, 3), (3, 3)]
    assert told.reports[0][2] == f"{names[0]}: kept"
    registry = open_registry(settings)
    assert all(registry.get(name).manifest.sparsity == "2:8" for name in names)
    before = bytes_of(registry.own)
    again = grown(settings, code)
    assert again.resumed == COUNT
    assert again.kept == report.kept
    assert bytes_of(registry.own) == before
    assert report.mean("sprout", "valid.loss") < report.mean("base", "valid.loss")
    told_json = json.loads((report.folder / "report.json").read_text())
    assert told_json["means"]["base"]["test.loss"] == report.mean("base", "test.loss")
    assert told_json["better_held_out"] == report.better_held_out


def test_the_next_package_takes_the_place_of_one_that_is_refused(
    settings: Settings, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [package.name for package in planned(settings, code).packages]
    refusing(monkeypatch, {names[1]})
    report = grown(settings, code)
    assert [outcome.name for outcome in report.kept] == [names[0], names[2], names[3]]
    assert [outcome.name for outcome in report.refused] == [names[1]]
    assert "on the valid part" in report.refused[0].reason
    again = grown(settings, code)
    assert (again.resumed, again.kept, again.refused) == (4, report.kept, report.refused)


def test_fewer_are_kept_where_too_many_are_refused(
    settings: Settings, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {package.name for package in planned(settings, code).packages}
    refusing(monkeypatch, names)
    report = grown(settings, code)
    assert (len(report.kept), len(report.refused), report.wanted) == (0, 5, COUNT)
    assert report.mean("sprout", "test.loss") == 0.0


def test_an_expert_that_was_removed_is_grown_again(settings: Settings, code: Path) -> None:
    report = grown(settings, code)
    registry = open_registry(settings)
    before = bytes_of(registry.own)
    registry.remove(report.kept[1].name)
    assert grown(settings, code).resumed == COUNT - 1
    assert bytes_of(registry.own) == before


def test_other_experts_of_these_names_stay(settings: Settings, code: Path) -> None:
    name = planned(settings, code).packages[0].name
    open_registry(settings).add_draft(static_draft(name=name))
    with pytest.raises(ExpertError, match=f"1 of these names are taken.*{name}") as caught:
        grown(settings, code)
    assert "--replace" in str(caught.value)
    assert len(grown(settings, code, replace=True).kept) == COUNT


def test_a_plan_that_is_there_is_taken(
    settings: Settings, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(settings, code)
    monkeypatch.setattr(run, "chosen", None)
    assert planned(settings, code) == plan
    monkeypatch.undo()
    assert planned(settings, code, count=2) != plan


def test_one_run_at_a_time(settings: Settings, code: Path) -> None:
    plan = planned(settings, code)
    with (
        JobLock(plan.folder, "sprout", SystemClock()),
        pytest.raises(LockedError, match="sprout is already running"),
    ):
        grow_sprouts(plan, BASE, settings=settings)


def test_what_cannot_be_is_refused_at_once(settings: Settings, code: Path) -> None:
    with pytest.raises(ExpertError, match="no expert search-sead"):
        plan_sprouts("search-sead", folders=[code], settings=settings)
    open_registry(settings).add_draft(static_draft())
    with pytest.raises(ExpertError, match="it has no layers that could learn"):
        plan_sprouts("search-tiny", folders=[code], settings=settings)
    with pytest.raises(InputError, match="no package has 160 documented functions; 320"):
        plan_sprouts(BASE, folders=[code], settings=settings)
    with pytest.raises(InputError, match="no such file or folder"):
        plan_sprouts(BASE, folders=[code / "nowhere"], settings=settings)


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.training.sprouting.beds import BASE, quick
from tidemill.core.settings import Settings
from tidemill.tasks.sprouting import run

class Killer:
    def advance(self, done, total, note):
        if done == 1 and total == 3:
            os.kill(os.getpid(), signal.SIGKILL)

code, experts, runs = map(Path, sys.argv[1:])
settings = Settings(workers=2, experts=experts, runs=runs)
plan = run.plan_sprouts(BASE, folders=[code], count=3, least=60, settings=settings)
run.grow_sprouts(plan, BASE, recipe=quick(), settings=settings, progress=Killer())
"""


@pytest.mark.claim("coe.experts-150")
@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(
    settings: Settings, code: Path, tmp_path: Path, repository: Path
) -> None:
    places = [str(place) for place in (code, settings.experts, settings.runs)]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *places],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": str(repository)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    report = grown(settings, code)
    assert 1 <= report.resumed <= COUNT
    assert len(report.kept) == COUNT
    other = Settings(workers=1, experts=tmp_path / "other", runs=tmp_path / "elsewhere")
    open_registry(other).add(packed_base(tmp_path / "again").folder)
    grown(other, code)
    assert bytes_of(open_registry(settings).own) == bytes_of(open_registry(other).own)
