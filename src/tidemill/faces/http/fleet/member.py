"""One node of the gateway: its server is made, watched, asked, and made anew where it is lost."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from tidemill.core.background import ended
from tidemill.core.errors import TidemillError
from tidemill.core.executor import Actor, ExecutorNode, Resources, typed_error
from tidemill.faces.http.fleet.client import NodeClient, NodeLostError, NodeReply, NodeRequest
from tidemill.faces.http.fleet.knowledge import NodeKnowledge, read_report
from tidemill.faces.http.fleet.node_server import STOP_SECONDS, NodePlace, NodeServer

__all__ = ["Member", "Surroundings", "WatchPlan"]

_LOGGER = logging.getLogger("tidemill.http")

STATUS = NodeRequest(method="GET", path="/v1/experts")

_NO_TIME = {429, 503}


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPlan:
    """How nodes are watched.

    Attributes:
        poll_seconds: From one look at a node to the next.
        answer_seconds: How long a node may take to say how it is.
        silence_seconds: After which a server that says nothing is taken for hung, and made anew.
        start_seconds: How long a server may take to start.
        first_pause_seconds: Before a server that did not start is tried again; then twice as long.
        longest_pause_seconds: That this grows to.
        request_seconds: How long a node may take for an answer.
    """

    poll_seconds: float = 0.25
    answer_seconds: float = 2.0
    silence_seconds: float = 10.0
    start_seconds: float = 180.0
    first_pause_seconds: float = 0.25
    longest_pause_seconds: float = 15.0
    request_seconds: float = 130.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all members of a fleet share.

    Attributes:
        requests: Carries what clients ask.
        looks: Carries what the gateway asks, which must not wait behind clients.
        on_change: Told when a node has come or gone.
        plan: How nodes are watched.
    """

    requests: NodeClient
    looks: NodeClient
    on_change: Callable[[], None]
    plan: WatchPlan


class Member:
    """One node. For the thread of its event loop.

    Args:
        node: Where its server is made.
        factory: Makes it, there.
        around: What it shares with the others.
    """

    def __init__(
        self, node: ExecutorNode, factory: Callable[[], NodeServer], around: Surroundings
    ) -> None:
        self.name: str = node.name
        self.knowledge: NodeKnowledge = NodeKnowledge(node.name)
        self.place: NodePlace | None = None
        self.trouble: TidemillError | None = None
        self.failed_starts: int = 0
        self.losses: int = 0
        self.requests: int = 0
        self._node = node
        self._factory = factory
        self._around = around
        self._actor: Actor | None = None
        self._is_closed = False
        # Its own: calls of an actor block, and one that starts must hold up nobody else.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"node-{node.name}")
        self._doubted = asyncio.Event()
        self._lost = asyncio.get_running_loop().create_future()
        self._life = asyncio.create_task(self._live())

    async def send(self, request: NodeRequest, expert: str) -> NodeReply:
        """Ask it what a client asks.

        Args:
            request: The client's.
            expert: Whom it asks; empty where the node decides.

        Raises:
            NodeLostError: It gave no answer; another node may.
        """
        if self.place is None:
            raise NodeLostError(f"{self.name} has no server")
        self.requests += 1
        try:
            with self.knowledge.asked(expert):
                return await self._answer(self.place, request)
        except NodeLostError:
            self.knowledge.note_broken()
            self._doubted.set()
            raise

    async def look(self) -> None:
        """Ask it how it is."""
        place, plan = self.place, self._around.plan
        if place is None:
            return
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(plan.answer_seconds):
                reply = await self._around.looks.call(
                    place.url, STATUS, seconds=plan.answer_seconds
                )
            self._hear(place, reply)
        except (NodeLostError, TimeoutError, TidemillError) as error:
            if place is self.place:
                # No longer than that, even where it was us who stood still.
                waited = min(loop.time() - began, plan.answer_seconds)
                self.knowledge.note_silence(
                    waited + plan.poll_seconds, is_refused=getattr(error, "is_refused", False)
                )

    async def close(self) -> None:
        """Let its server answer what it was asked, and end it."""
        await ended(self._life)
        await asyncio.to_thread(self._end)
        if not self._lost.done():
            # Of a machine that is gone with what it was asked, nothing else will tell.
            self._lost.set_result(None)

    def _hear(self, place: NodePlace, reply: NodeReply) -> None:
        report = None if reply.status in _NO_TIME else read_report(reply.body)
        if place is not self.place:
            return
        # Asked only here: a connection may have broken while it was looked at.
        was_there = self.knowledge.is_there
        if report is None:
            self.knowledge.note_alive()
        else:
            self.knowledge.note_report(report)
        if not was_there:
            self._around.on_change()

    async def _answer(self, place: NodePlace, request: NodeRequest) -> NodeReply:
        """Wait for an answer, or until the server is given up: its connection may just hang."""
        around, lost = self._around, self._lost
        call = asyncio.ensure_future(
            around.requests.call(place.url, request, seconds=around.plan.request_seconds)
        )
        try:
            await asyncio.wait((call, lost), return_when=asyncio.FIRST_COMPLETED)
            if not call.done():
                raise NodeLostError(f"{self.name} was lost")
            return call.result()
        finally:
            call.cancel()

    async def _live(self) -> None:
        loop, plan = asyncio.get_running_loop(), self._around.plan
        pause = plan.first_pause_seconds
        while True:
            try:
                self.place = await loop.run_in_executor(self._thread, self._made)
            except TidemillError as error:
                self.trouble, self.failed_starts = error, self.failed_starts + 1
                _LOGGER.warning("node %s: no server: %s", self.name, error)
                self._around.on_change()
                await asyncio.sleep(pause)
                pause = min(2 * pause, plan.longest_pause_seconds)
                continue
            began = loop.time()
            self.trouble, self.failed_starts = None, 0
            await self._watch()
            self._lose()
            if loop.time() - began > plan.longest_pause_seconds:
                pause = plan.first_pause_seconds
            else:
                await asyncio.sleep(pause)
                pause = min(2 * pause, plan.longest_pause_seconds)

    def _made(self) -> NodePlace:
        """Have a server made on the node, and wait until it answers."""
        try:
            if self._actor is None:
                self._actor = self._node.executor.actor(self._factory, resources=Resources())
            else:
                self._actor.rebuild()
            if self._is_closed:
                self._actor.close()
            found: NodePlace = self._actor.call(
                "place", deadline_seconds=self._around.plan.start_seconds
            )
        except Exception as error:
            raise typed_error(error) from error
        return found

    async def _watch(self) -> None:
        """Look at the server until it is gone, or silent for so long that it must be hung."""
        plan, knowledge = self._around.plan, self.knowledge
        knowledge.note_begun()
        while not knowledge.is_refused and knowledge.silent_seconds < plan.silence_seconds:
            await self.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(plan.poll_seconds):
                    await self._doubted.wait()
            self._doubted.clear()

    def _lose(self) -> None:
        """Have what is under way asked elsewhere."""
        _LOGGER.warning("node %s: its server is lost, another one is made", self.name)
        self.place = None
        self.losses += 1
        self.knowledge.note_begun()
        self._lost.set_result(None)
        self._lost = asyncio.get_running_loop().create_future()

    def _end(self) -> None:
        self._is_closed = True
        actor = self._actor
        if actor is not None:
            if self.place is not None:
                with suppress(TidemillError):
                    actor.call("stop", deadline_seconds=STOP_SECONDS + 5.0)
            actor.close()
        self._thread.shutdown(wait=True)
        # A start that was under way may have made another one meanwhile.
        if self._actor is not None:
            self._actor.close()
