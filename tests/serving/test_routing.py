import asyncio
import dataclasses
import shutil
from pathlib import Path

import pytest

from tests.serving.faulty import faulty_expert
from tests.serving.nodes import running, until, within
from tests.serving.packages import router_expert, static_expert
from tidemill.core.errors import ExpertError
from tidemill.experts.package import open_expert
from tidemill.serving.answer import Request
from tidemill.serving.node import Node
from tidemill.serving.router import RouterExpert
from tidemill.serving.routing import Router

pytestmark = pytest.mark.timeout(240)

DEFAULTS = {"search": ("search-base",), "clones": ("clones-a",)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A router, and three experts that it knows."""
    for seed, name in enumerate(("search-base", "search-dates", "search-files")):
        faulty_expert(tmp_path / "experts", name, seed=seed)
    experts = {"calendar": "search-dates", "folder": "search-files", "moon": "search-gone"}
    router_expert(tmp_path / "experts" / "routing-code", experts, default="search-base")
    return tmp_path / "experts"


def chained(text: str, *experts: str) -> Request:
    return Request(operation="queries", items=(text,), experts=experts)


@pytest.mark.claim("coe.composition")
def test_an_expert_names_the_next_and_the_answer_lists_both(folder: Path) -> None:
    async def work() -> None:
        async with running(folder) as node:
            answer = await node.ask(chained("a calendar", "routing-code", "*"))
            assert answer.values[0].startswith("search-dates ")
            assert [hop.expert for hop in answer.hops] == ["routing-code", "search-dates"]
            assert [hop.operation for hop in answer.hops] == ["route", "queries"]
            last = answer.hops[1]
            assert last.why.reason == "router: it seems to be calendar"
            assert last.why.confidence is not None
            assert last.why.confidence > 0.6
            assert last.why.runner_up

    within(120, work)


def test_who_was_named_and_is_gone_is_stood_in_for(folder: Path) -> None:
    async def work() -> None:
        async with running(folder) as node:
            answer = await node.ask(chained("the moon", "routing-code", "*"))
            assert answer.hops[1].expert == "search-base"
            assert "search-gone is not here" in answer.hops[1].why.reason
            unsure = await node.ask(chained("something else", "routing-code", "*"))
            assert unsure.hops[1].expert == "search-base"
            assert unsure.hops[1].why.reason.startswith("router: not sure")

    within(120, work)


@pytest.mark.claim("coe.composition")
def test_what_one_writes_the_next_reads(folder: Path) -> None:
    async def work() -> None:
        async with running(folder, workers=1) as node:
            answer = await node.ask(chained("tide", "search-base", "search-files"))
            (value,) = answer.values
            assert value.startswith("search-files ")
            assert " 1 search-base " in value
            assert value.endswith(" tide")
            assert answer.hops[1].why.reason == "the next after search-base"

    within(120, work)


@pytest.mark.claim("coe.scheduler")
def test_experts_further_on_in_a_chain_are_loaded_meanwhile(folder: Path) -> None:
    """The second expert is read from disk while the first one computes."""

    async def work() -> None:
        async with running(folder, workers=1) as node:
            names = ("search-base", "search-files")
            job = asyncio.create_task(node.ask(chained("sleep 2", *names)))
            await until(lambda: any(member.batch for member in node.crew.members))
            await until(lambda: len(node.host.residents) == 2, seconds=0.9)
            assert any(member.batch for member in node.crew.members)
            job.cancel()

    within(120, work)


def router(node: Node) -> Router:
    return Router(node, DEFAULTS)


@pytest.mark.claim("coe.router")
def test_tag_then_rule_then_router_then_default(folder: Path) -> None:
    faulty_expert(folder, "clones-a")

    async def work() -> None:
        async with running(folder, workers=1, spares=0) as node:
            chosen = router(node).chosen
            assert chosen("search-files", kind="query")[0] == ("search-files",)
            named, why = chosen("auto", task="clones", kind="code")
            assert (named, why.reason) == (("clones-a",), "rule: the only expert on clones")
            assert chosen("auto", kind="query")[0] == ("routing-code", "*")
            plain, why = chosen("auto", kind="code")
            assert plain == ("search-base",)
            assert (why.reason, why.runner_up) == ("rule: the first of 3 on search", "search-dates")
            with pytest.raises(ExpertError, match="no expert on types in cobol"):
                chosen("auto", task="types", language="cobol", kind="code")
            told = await router(node).explained("a calendar")
            assert (told["expert"], told["why"]) == (
                "search-dates",
                "router: it seems to be calendar",
            )

    within(120, work)


@pytest.mark.claim("coe.router")
def test_code_whose_language_nobody_says_is_routed_by_one_that_reads_code(folder: Path) -> None:
    for name in ("clones-a", "clones-b"):
        faulty_expert(folder, name)
    experts = {"printf": "clones-a", "println": "clones-b"}
    router_expert(folder / "routing-c", experts, "routing-c", reads="marks", answers="clones")

    async def work() -> None:
        async with running(folder, workers=1, spares=0) as node:
            chosen = router(node).chosen
            assert chosen("auto", task="clones", kind="code")[0] == ("routing-c", "*")
            said, why = chosen("auto", task="clones", language="java", kind="code")
            assert (said, why.reason) == (
                ("clones-a",),
                "rule: the first of 2 on clones of java",
            )
            assert chosen("auto", kind="query")[0] == ("routing-code", "*")
            told = await router(node).explained("println(x)", task="clones")
            assert (told["expert"], told["why"]) == (
                "clones-b",
                "router: it seems to be println",
            )

    within(120, work)


def test_a_router_is_not_asked_about_a_language_that_it_does_not_know(folder: Path) -> None:
    shutil.rmtree(folder / "routing-code")
    router_expert(folder / "routing-code", {"tide": "search-dates"}, languages=("python",))

    async def work() -> None:
        async with running(folder, workers=1, spares=0) as node:
            chosen = router(node).chosen
            assert chosen("auto", language="python", kind="query")[0] == ("routing-code", "*")
            assert chosen("auto", language="go", kind="query")[0] == ("search-base",)

    within(120, work)


def test_those_that_know_a_language_come_before_those_that_say_nothing(tmp_path: Path) -> None:
    static_expert(tmp_path / "search-any", "search-any")

    async def work() -> None:
        async with running(tmp_path, workers=1, spares=0) as node:
            named, _ = router(node).chosen("auto", task="search", language="java", kind="code")
            assert named == ("search-any",)

    within(120, work)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"experts": ["a"]}, "2 categories, and experts for 1"),
        ({"categories": []}, "categories"),
        ({"temperature": 0.0}, "temperature is above 0"),
        ({"least_confidence": 2}, "from 0 to 1"),
        ({"reads": "tea leaves"}, "reads is 'tea leaves'"),
        ({"surprise": 1}, "unexpected keyword"),
        ({"features": 7}, "do not fit"),
        ({"default": None}, "default is None"),
    ],
)
def test_a_router_whose_config_cannot_be_is_refused(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    good = router_expert(tmp_path / "good", {"calendar": "search-a", "folder": "search-b"})
    bad = dataclasses.replace(open_expert(good.folder), config=dict(good.config) | change)
    with pytest.raises(ExpertError, match=said):
        RouterExpert(bad)
