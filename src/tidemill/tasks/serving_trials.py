"""What may happen to a node while it serves: killed and stopped workers, too little room, damage.

Everything happens to copies of the experts that come along, in a folder of its own.
"""

import asyncio
import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path

from tidemill.core.clock import Clock
from tidemill.core.errors import TidemillError
from tidemill.experts.registry import SHIPPED, ExpertRegistry
from tidemill.serving.answer import Answer, Request
from tidemill.serving.node import Node, NodePlan
from tidemill.tasks.trial import Trial, judged

__all__ = ["serving_trials"]

NAMES = ("search-terms", "clones-java")
"""Two experts that start without torch."""

LARGE = "search-terms"
SECONDS = 60.0
REQUESTS = 300
TURNS = 1_000
RECOVERY_SECONDS = 3.0
MEGA = 1 << 20
ENOUGH = 40 * MEGA
ROOM_FOR_ONE = 11 * MEGA
TOO_LITTLE = 6 * MEGA


def serving_trials(yard: Path, clock: Clock) -> Iterator[Trial]:
    """Disturb a node in every way, and yield how it went on.

    Args:
        yard: A folder to work in.
        clock: Measures how long a lost worker is missing.
    """
    experts = yard / "experts"
    for name in NAMES:
        shutil.copytree(SHIPPED / name, experts / name)
    for trial in (_killed, _stopped, _in_turn, _too_large, _damaged):
        name = str(trial.__doc__).removesuffix(".").lower()
        try:
            problems, found = asyncio.run(trial(experts, clock))
        except (TidemillError, TimeoutError) as error:
            problems, found = [str(error) or "it took too long"], ""
        yield judged(name, problems, found)


Found = tuple[list[str], str]


async def _killed(experts: Path, clock: Clock) -> Found:
    """A worker killed under load."""
    return await _lost(experts, clock, signal.SIGKILL)


async def _stopped(experts: Path, clock: Clock) -> Found:
    """A worker stopped under load."""
    return await _lost(experts, clock, signal.SIGSTOP)


async def _lost(experts: Path, clock: Clock, number: signal.Signals) -> Found:
    """Take one of two workers away under load; say what failed, and how long it was missing."""

    async def work(node: Node) -> Found:
        await _until(lambda: sum(member.is_ready for member in node.crew.all) == 3)
        jobs = [_ask(node, NAMES[turn % 2], f"request {turn}") for turn in range(REQUESTS)]
        asked = asyncio.gather(*jobs, return_exceptions=True)
        await _until(lambda: any(member.batch for member in node.crew.members))
        victim = next(member for member in node.crew.members if member.batch)
        began = clock.monotonic()
        os.kill(victim.worker.pid, number)
        await _until(lambda: victim not in node.crew.all and len(node.crew.members) == 2)
        missing = clock.monotonic() - began
        problems = _failures(await asked)
        if missing >= RECOVERY_SECONDS:
            problems.append(f"full service only after {missing:.1f} s")
        return problems, f"0 of {REQUESTS} requests failed; replaced in {missing:.2f} s"

    return await _with_node(experts, ENOUGH, work)


async def _in_turn(experts: Path, _: Clock) -> Found:
    """Two experts in room for one."""

    async def work(node: Node) -> Found:
        problems: list[str] = []
        for turn in range(TURNS):
            answer = await asyncio.gather(
                _ask(node, NAMES[turn % 2], f"request {turn}"), return_exceptions=True
            )
            problems += _failures(answer)
        if node.host.used_bytes > node.host.arena.capacity_bytes:
            problems.append("the budget was exceeded")
        loads = node.host.counters.loads
        return problems, f"0 of {TURNS:,} requests failed, {loads} loads"

    return await _with_node(experts, ROOM_FOR_ONE, work)


async def _too_large(experts: Path, _: Clock) -> Found:
    """An expert that does not fit."""

    async def work(node: Node) -> Found:
        refused = await asyncio.gather(_ask(node, LARGE, "a"), return_exceptions=True)
        problems = _not_refused(refused[0], "host tier has")
        problems += _failures(await asyncio.gather(_ask(node, NAMES[1], "a")))
        return problems, "refused with the reason; the other answered"

    return await _with_node(experts, TOO_LITTLE, work)


async def _damaged(experts: Path, _: Clock) -> Found:
    """An expert that was damaged."""
    path = experts / LARGE / "model.safetensors"
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\xff")

    async def work(node: Node) -> Found:
        refused = await asyncio.gather(_ask(node, LARGE, "a"), return_exceptions=True)
        problems = _not_refused(refused[0], "model.safetensors")
        problems += _failures(await asyncio.gather(_ask(node, NAMES[1], "a")))
        return problems, "refused by name; the other answered"

    return await _with_node(experts, ENOUGH, work)


async def _with_node(
    experts: Path, host_bytes: int, work: Callable[[Node], Awaitable[Found]]
) -> Found:
    plan = NodePlan(
        host_bytes=host_bytes, active_bytes=ENOUGH, workers=2, tick_seconds=0.1, preloaded=()
    )
    node = Node(ExpertRegistry([experts]), plan)
    try:
        await node.start()
        return await work(node)
    finally:
        await node.close()


async def _ask(node: Node, name: str, text: str) -> Answer:
    request = Request(operation="queries", items=(text,), experts=(name,), seconds=SECONDS)
    return await node.ask(request)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110  of processes, which tell nobody
            await asyncio.sleep(0.005)


def _failures(answers: Iterable[Answer | BaseException]) -> list[str]:
    return [str(one) for one in answers if isinstance(one, BaseException)]


def _not_refused(outcome: "Answer | BaseException", reason: str) -> list[str]:
    """Return what is wrong with how an expert was refused: nothing, if the reason is named."""
    if not isinstance(outcome, TidemillError):
        return [f"{outcome!r} instead of a refusal"]
    return [] if reason in str(outcome) else [f"the refusal does not say why: {outcome}"]
