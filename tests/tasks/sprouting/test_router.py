"""A router of sprouts: learnt, judged, let into the registry, and not made twice."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.experts.drafts import static_draft
from tests.tasks.sprouting.code import TOPICS, shelf
from tests.training.sprouting.beds import BASE, packed_base, quick
from tidemill.core.clock import SystemClock
from tidemill.core.errors import ExpertError, LockedError
from tidemill.core.locks import JobLock
from tidemill.core.settings import Settings
from tidemill.experts.registry import open_registry
from tidemill.serving.router import RouterExpert
from tidemill.tasks.sprouting import routing
from tidemill.tasks.sprouting.plan import SproutPlan
from tidemill.tasks.sprouting.report import SproutReport
from tidemill.tasks.sprouting.routed import RoutedReport
from tidemill.tasks.sprouting.routing import route_sprouts
from tidemill.tasks.sprouting.run import grow_sprouts, plan_sprouts

NAME = "routing-python"
COUNT = 3


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The user's experts, the base among them; runs beside them."""
    folder = tmp_path_factory.mktemp("routed")
    made = Settings(workers=1, experts=folder / "experts", runs=folder / "runs")
    open_registry(made).add(packed_base(folder / "packed").folder)
    return made


@pytest.fixture(scope="module")
def plan(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> SproutPlan:
    code = shelf(tmp_path_factory.mktemp("code"), TOPICS[:5])
    return plan_sprouts(BASE, folders=[code], count=COUNT, least=60, settings=settings)


@pytest.fixture(scope="module")
def grown(plan: SproutPlan, settings: Settings) -> SproutReport:
    return grow_sprouts(plan, BASE, recipe=quick(), settings=settings)


@pytest.fixture(scope="module")
def report(plan: SproutPlan, grown: SproutReport, settings: Settings) -> RoutedReport:
    return routed(plan, grown, settings)


def routed(plan: SproutPlan, grown: SproutReport, settings: Settings) -> RoutedReport:
    return route_sprouts(plan, grown, recipe=quick(), settings=settings)


class LearningError(Exception):
    """Something was learnt that was known."""


def learning(*_: object, **__: object) -> None:
    raise LearningError


def test_a_router_tells_packages_apart_and_is_an_expert(
    report: RoutedReport, settings: Settings
) -> None:
    assert (report.name, report.categories) == (NAME, COUNT)
    assert report.test["accuracy"] > 0.9
    assert report.test["category_oracle"] >= report.test["best_single"] >= report.test["base"]
    package = open_registry(settings).get(NAME)
    assert package.manifest.languages == ("python",)
    assert package.config["answers"] == "search"
    assert package.config["default"] == BASE
    figures = {metric.name: metric.value for metric in package.manifest.metrics}
    assert figures["routed"] == report.test["routed"]
    (decision,) = RouterExpert(package).route(["gather the parcel of the harbour up to a limit"])
    assert decision.reason == "router: it seems to be harbour"
    assert decision.default == BASE


def test_only_sprouts_that_gain_on_the_valid_part_are_asked(
    report: RoutedReport, settings: Settings
) -> None:
    experts = open_registry(settings).get(NAME).config["experts"]
    assert isinstance(experts, list)
    assert sum(name != BASE for name in experts) == report.sprouts
    assert report.fitted["routed"] >= report.fitted["base"]


def test_packages_without_a_sprout_are_strays(report: RoutedReport, plan: SproutPlan) -> None:
    spare = plan.packages[COUNT:]
    assert report.strays["texts"] == sum(own.pairs["test"] for own in spare) > 0
    assert 0 <= report.strays["coverage"] <= 1


def test_a_router_is_not_made_twice(
    report: RoutedReport, plan: SproutPlan, grown: SproutReport, settings: Settings
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(routing, "learn_categories", learning)
        assert routed(plan, grown, settings).to_dict() == report.to_dict()
        (plan.folder / "router.json").unlink()
        with pytest.raises(LearningError):
            routed(plan, grown, settings)
    assert routed(plan, grown, settings).to_dict() == report.to_dict()


def test_what_experts_answered_is_kept(
    report: RoutedReport, plan: SproutPlan, grown: SproutReport, settings: Settings
) -> None:
    """A run that was stopped asks nobody again: no file of answers is written anew."""
    before = {path: path.stat().st_mtime_ns for path in (plan.folder / "ranks").iterdir()}
    open_registry(settings).remove(NAME)
    assert routed(plan, grown, settings).to_dict() == report.to_dict()
    assert {path: path.stat().st_mtime_ns for path in (plan.folder / "ranks").iterdir()} == before


def test_the_name_of_another_expert_stays_its_own(
    plan: SproutPlan, grown: SproutReport, settings: Settings, tmp_path: Path
) -> None:
    other = replace(settings, experts=tmp_path)
    for package in (*grown.kept, None):
        name = package.name if package else BASE
        open_registry(other).add(open_registry(settings).get(name).folder)
    open_registry(other).add_draft(replace(static_draft(), name=NAME, task="routing"))
    with pytest.raises(ExpertError, match=f"the name {NAME} is taken") as caught:
        routed(plan, grown, other)
    assert "--no-router" in str(caught.value)
    again = route_sprouts(plan, grown, recipe=quick(), settings=other, replace=True)
    assert open_registry(other).get(NAME).manifest.training
    assert json.loads(json.dumps(again.to_dict()))["name"] == NAME


def test_there_must_be_somebody_and_one_run_at_a_time(
    plan: SproutPlan, grown: SproutReport, settings: Settings
) -> None:
    with pytest.raises(ExpertError, match="no sprout was kept"):
        routed(plan, replace(grown, kept=()), settings)
    with (
        JobLock(plan.folder, "sprout", SystemClock()),
        pytest.raises(LockedError, match="sprout is already running"),
    ):
        routed(plan, grown, settings)
