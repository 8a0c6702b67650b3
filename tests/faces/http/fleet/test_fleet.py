import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tests.faces.http.fleet.nodes import EMBED, HASTY, QUICK, ScriptedNode, fleet_of, scripted_nodes
from tests.serving.nodes import until, within
from tidemill.core.errors import CapacityError, InputError
from tidemill.faces.http.fleet.fleet import Answered, Fleet, NoNodeError
from tidemill.faces.http.fleet.member import WatchPlan

PATIENCE = 120.0


def run(
    work: Callable[[Fleet], Awaitable[None]],
    *nodes: ScriptedNode,
    patience_seconds: float = 30.0,
    watch: WatchPlan = QUICK,
) -> None:
    """Do something with a fleet of nodes that are all there."""

    async def live() -> None:
        async with fleet_of(list(nodes), patience_seconds=patience_seconds, watch=watch) as fleet:
            await until(lambda: len(fleet.there) == len(nodes))
            await work(fleet)

    with scripted_nodes(*nodes):
        within(PATIENCE, live)


def said(answered: Answered) -> tuple[str, int]:
    return answered.node, answered.reply.status


def test_a_request_goes_where_its_expert_is() -> None:
    async def work(fleet: Fleet) -> None:
        for expert, node in (("here", "a"), ("there", "b")) * 3:
            answered = await fleet.ask(EMBED, expert=expert)
            assert (said(answered), answered.reply.body) == ((node, 200), node.encode())

    run(work, ScriptedNode("a", "here"), ScriptedNode("b", "there"))


def test_who_has_no_room_is_passed_over() -> None:
    first, second = ScriptedNode("a", "hot"), ScriptedNode("b")
    first.script = [429, 503]

    async def work(fleet: Fleet) -> None:
        assert said(await fleet.ask(EMBED, expert="hot")) == ("b", 200)
        assert said(await fleet.ask(EMBED, expert="hot")) == ("b", 200)
        assert said(await fleet.ask(EMBED, expert="hot")) == ("a", 200)
        assert not fleet.retries

    run(work, first, second)


def test_where_nobody_has_room_the_last_to_say_so_is_heard() -> None:
    first, second = ScriptedNode("a", "hot"), ScriptedNode("b")
    first.script, second.script = [429], [429]

    async def work(fleet: Fleet) -> None:
        answered = await fleet.ask(EMBED, expert="hot")
        assert said(answered) == ("b", 429)
        assert answered.reply.retry_after == "7"

    run(work, first, second)


@pytest.mark.parametrize("status", [200, 400, 404, 422, 500, 504, 507])
def test_every_other_answer_is_the_clients(status: int) -> None:
    first, second = ScriptedNode("a", "hot"), ScriptedNode("b")
    first.script = [status]

    async def work(fleet: Fleet) -> None:
        assert said(await fleet.ask(EMBED, expert="hot")) == ("a", status)

    run(work, first, second)
    assert second.asked == []


def test_an_answer_that_breaks_off_is_asked_for_elsewhere() -> None:
    first, second = ScriptedNode("a", "hot"), ScriptedNode("b")
    first.script = ["break"]

    async def work(fleet: Fleet) -> None:
        assert said(await fleet.ask(EMBED, expert="hot")) == ("b", 200)
        assert fleet.retries == {"a": 1}
        await until(lambda: len(fleet.there) == 2)
        assert said(await fleet.ask(EMBED, expert="hot")) == ("a", 200)
        assert first.starts == 1

    run(work, first, second)


def test_the_only_node_is_asked_again() -> None:
    only = ScriptedNode("a")
    only.script = ["break"]

    async def work(fleet: Fleet) -> None:
        assert said(await fleet.ask(EMBED)) == ("a", 200)

    run(work, only)
    assert len(only.asked) == 2


def test_a_look_that_was_on_its_way_when_a_connection_broke_counts() -> None:
    only = ScriptedNode("a")
    only.script = ["break"]

    async def work(fleet: Fleet) -> None:
        only.may_say.clear()
        looks = only.looks
        await until(lambda: only.looks > looks)
        asking = asyncio.ensure_future(fleet.ask(EMBED))
        await until(lambda: fleet.retries.total() == 1)
        only.may_say.set()
        assert said(await asking) == ("a", 200)

    run(work, only, patience_seconds=20.0)


def test_a_request_that_breaks_every_connection_is_given_up() -> None:
    only = ScriptedNode("a")
    only.script = ["break"] * 10

    async def work(fleet: Fleet) -> None:
        with pytest.raises(NoNodeError):
            await fleet.ask(EMBED)

    run(work, only)
    assert len(only.asked) == 3


def test_a_server_that_hangs_is_made_anew_and_what_it_had_is_asked_elsewhere() -> None:
    first, second = ScriptedNode("a", "hot"), ScriptedNode("b")
    first.script = ["hang"]

    async def work(fleet: Fleet) -> None:
        assert said(await fleet.ask(EMBED, expert="hot")) == ("b", 200)
        await until(lambda: len(fleet.there) == 2)
        assert first.starts >= 2
        assert fleet.members["a"].losses >= 1
        assert said(await fleet.ask(EMBED, expert="hot")) == ("a", 200)

    run(work, first, second, watch=HASTY)


def test_a_request_waits_for_a_node_to_come_back() -> None:
    only = ScriptedNode("a")
    only.script = ["hang"]

    async def work(fleet: Fleet) -> None:
        assert said(await fleet.ask(EMBED)) == ("a", 200)

    run(work, only, watch=HASTY)
    assert only.starts >= 2


def test_nobody_waits_for_ever() -> None:
    only = ScriptedNode("a")
    only.script = ["hang"]

    async def work(fleet: Fleet) -> None:
        only.failing_starts = 1_000
        with pytest.raises(NoNodeError):
            await fleet.ask(EMBED)
        trouble = fleet.members["a"].trouble
        assert trouble is None or "does not start" in str(trouble)

    run(work, only, patience_seconds=0.2, watch=HASTY)


def test_a_client_that_goes_takes_its_request_along() -> None:
    only = ScriptedNode("a")
    only.script = ["slow"]

    async def work(fleet: Fleet) -> None:
        asking = asyncio.ensure_future(fleet.ask(EMBED))
        await until(lambda: only.events == ["begun"])
        asking.cancel()
        await until(lambda: only.events == ["begun", "cancelled"])
        assert fleet.members["a"].knowledge.under_way == 0
        assert said(await fleet.ask(EMBED)) == ("a", 200)

    run(work, only)


def test_who_does_not_start_at_first_is_tried_again() -> None:
    first, second = ScriptedNode("a"), ScriptedNode("b")
    second.failing_starts = 3

    run(_nothing, first, second)
    assert second.starts == 4


def test_where_no_server_starts_one_says_why() -> None:
    nodes = [ScriptedNode("a"), ScriptedNode("b")]
    for node in nodes:
        node.failing_starts = 1_000

    async def live() -> None:
        async with fleet_of(nodes):
            pytest.fail("it has started")

    with pytest.raises(CapacityError, match="does not start"):
        within(PATIENCE, live)


def test_a_cluster_without_nodes_is_none() -> None:
    async def live() -> None:
        async with fleet_of([]):
            pytest.fail("it has started")

    with pytest.raises(CapacityError, match="no nodes"):
        within(PATIENCE, live)


def test_machines_come_and_go() -> None:
    first, second = ScriptedNode("a"), ScriptedNode("b")
    nodes = [first]

    async def live() -> None:
        async with fleet_of(nodes) as fleet:
            nodes.append(second)
            await until(lambda: len(fleet.there) == 2)
            nodes.remove(first)
            await until(lambda: list(fleet.members) == ["b"])
            assert said(await fleet.ask(EMBED)) == ("b", 200)

    with scripted_nodes(first, second):
        within(PATIENCE, live)
    assert first.events == second.events == ["stopped"]


def test_what_a_machine_had_that_is_taken_out_is_asked_elsewhere() -> None:
    first, second = ScriptedNode("a", "hot"), ScriptedNode("b")
    first.script = ["hang"]
    nodes = [first, second]
    patient = replace(QUICK, answer_seconds=1.0, silence_seconds=1_000.0)

    async def live() -> None:
        async with fleet_of(nodes, watch=patient) as fleet:
            await until(lambda: len(fleet.there) == 2)
            asking = asyncio.ensure_future(fleet.ask(EMBED, expert="hot"))
            await until(lambda: first.is_stuck)
            nodes.remove(first)
            assert said(await asking) == ("b", 200)

    with scripted_nodes(first, second):
        within(PATIENCE, live)


def test_who_has_no_time_to_say_how_it_is_stays() -> None:
    only = ScriptedNode("a", "hot")

    async def work(fleet: Fleet) -> None:
        only.has_time = False
        for _ in range(20):
            await fleet.look()
        assert said(await fleet.ask(EMBED, expert="hot")) == ("a", 200)
        assert fleet.members["a"].losses == 0

    run(work, only)
    assert only.starts == 1


def test_servers_are_ended_in_good_order() -> None:
    nodes = ScriptedNode("a"), ScriptedNode("b")
    run(_nothing, *nodes)
    assert [node.events for node in nodes] == [["stopped"], ["stopped"]]


def test_a_node_that_is_none_is_refused() -> None:
    async def work(fleet: Fleet) -> None:
        assert fleet.member("a").name == "a"
        with pytest.raises(InputError, match="no such node"):
            fleet.member("z")

    run(work, ScriptedNode("a"))


async def _nothing(_: Fleet) -> None:
    return
