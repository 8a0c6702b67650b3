"""Several nodes behind one question: who is there, who is asked, and who is asked instead."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tidemill.core.background import ended
from tidemill.core.errors import CapacityError, InputError, TidemillError
from tidemill.core.executor import ExecutorNode
from tidemill.faces.http.fleet.client import NodeClient, NodeLostError, NodeReply, NodeRequest
from tidemill.faces.http.fleet.knowledge import CallSeconds
from tidemill.faces.http.fleet.member import Member, Surroundings, WatchPlan
from tidemill.faces.http.fleet.node_server import NodeServer
from tidemill.serving.placement import NodeView, chosen_node

__all__ = ["Answered", "Fleet", "FleetPlan", "NoNodeError", "NodeSource"]

NodeSource = Callable[[], Sequence[ExecutorNode]]
"""Says which machines there are at this moment; may block."""

_LOGGER = logging.getLogger("tidemill.http")

MOST_ATTEMPTS = 3
"""A request is sent to: it depends on weights and items alone, and changes nothing."""


class NoNodeError(Exception):
    """No node answered for as long as anybody waits for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPlan:
    """How a fleet is made.

    Attributes:
        server: Makes a node's server, on the node, listening at the host that it is given.
        requests: Carries what clients ask.
        looks: Carries what the gateway asks.
        watch: How nodes are watched.
        nodes_seconds: How often it is asked which machines there are.
        patience_seconds: How long a request waits where no node is there.
    """

    server: Callable[[str], Callable[[], NodeServer]]
    requests: NodeClient
    looks: NodeClient
    watch: WatchPlan = field(default_factory=WatchPlan)
    nodes_seconds: float = 2.0
    patience_seconds: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer, and whose it is.

    Attributes:
        node: Name of the node.
        reply: Its answer.
    """

    node: str
    reply: NodeReply


class Fleet:
    """The nodes of an executor, one server on each. For the thread of its event loop.

    Args:
        nodes: Says which machines there are.
        plan: How it is made.
    """

    def __init__(self, nodes: NodeSource, plan: FleetPlan) -> None:
        self.members: dict[str, Member] = {}
        self.retries: Counter[str] = Counter()
        self.call_seconds: CallSeconds = CallSeconds()
        self._nodes = nodes
        self._plan = plan
        self._load_seconds: dict[str, float] = {}
        self._changed = asyncio.Event()
        self._around = Surroundings(
            requests=plan.requests,
            looks=plan.looks,
            on_change=self._changed.set,
            plan=plan.watch,
        )
        self._keeping: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def there(self) -> list[Member]:
        """The nodes that answer."""
        return [member for member in self.members.values() if member.knowledge.is_there]

    async def start(self) -> None:
        """Start a server on each node, and wait until the first answers.

        Raises:
            CapacityError: There are no nodes.
            TidemillError: No server starts; what one of them said.
        """
        await self._reconcile()
        if not self.members:
            raise CapacityError("the cluster has no nodes", hint="Start some: ray start")
        while not self.there:
            members = self.members.values()
            if all(member.failed_starts for member in members):
                raise next(member.trouble for member in members if member.trouble)
            await self._change()
        self._keeping = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """End all servers, each when it has answered."""
        if self._keeping is not None:
            await ended(self._keeping)
        await asyncio.gather(*(member.close() for member in self.members.values()), *self._leaving)
        await self._plan.requests.close()
        await self._plan.looks.close()

    async def ask(self, request: NodeRequest, *, expert: str = "") -> Answered:
        """Have the node answer that is likely to be the soonest; another one where it cannot.

        Args:
            request: As the client sent it.
            expert: Whom it asks first; empty where the node decides.

        Raises:
            NoNodeError: No node answered.
        """
        refused: Answered | None = None
        avoided: set[str] = set()
        for _ in range(MOST_ATTEMPTS):
            member = await self._chosen(expert, avoided)
            if member is None:
                break
            try:
                reply = await self._sent(member, request, expert)
            except NodeLostError:
                self.retries[member.name] += 1
                continue
            if not _is_better_elsewhere(reply):
                return Answered(node=member.name, reply=reply)
            refused = Answered(node=member.name, reply=reply)
            avoided.add(member.name)
        if refused is None:
            raise NoNodeError
        return refused

    async def look(self) -> list[Member]:
        """Ask all nodes how they are; return those that say it."""
        await asyncio.gather(*(member.look() for member in self.members.values()))
        return self.there

    def member(self, name: str) -> Member:
        """Return a node by its name.

        Raises:
            InputError: There is none.
        """
        if name not in self.members:
            raise InputError("there is no such node", hint="GET /v1/nodes lists them.")
        return self.members[name]

    async def _sent(self, member: Member, request: NodeRequest, expert: str) -> NodeReply:
        """Send a request, and learn from how long it took where nothing had to be loaded."""
        loop, known = asyncio.get_running_loop(), member.knowledge
        ahead, workers = known.under_way, known.report.workers
        was_resident = expert in known.report.resident
        began = loop.time()
        reply = await member.send(request, expert)
        if was_resident and reply.status == 200:
            self.call_seconds.add(loop.time() - began, ahead=ahead, workers=workers)
        return reply

    async def _chosen(self, expert: str, avoided: set[str]) -> Member | None:
        """Return whom to ask; wait for somebody to come, unless somebody has answered already."""
        until = asyncio.get_running_loop().time() + self._plan.patience_seconds
        while True:
            with suppress(CapacityError):
                view = chosen_node(
                    expert,
                    self._views(),
                    call_seconds=self.call_seconds.average,
                    avoided=frozenset(avoided),
                )
                return self.members[view.name]
            if avoided:
                return None
            try:
                async with asyncio.timeout_at(until):
                    await self._change()
            except TimeoutError:
                return None

    def _views(self) -> list[NodeView]:
        for member in self.there:
            self._load_seconds |= member.knowledge.report.load_seconds
        return [member.knowledge.view(self._load_seconds) for member in self.members.values()]

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._plan.nodes_seconds)
            try:
                await self._reconcile()
            except TidemillError:
                # A head that does not answer says nothing of the nodes that do.
                pass
            except Exception:
                _LOGGER.exception("a look at the cluster's machines failed")

    async def _reconcile(self) -> None:
        """Begin with machines that have come, and end with those that are gone."""
        nodes = {node.name: node for node in await asyncio.to_thread(self._nodes)}
        for name in self.members.keys() - nodes.keys():
            leaving = asyncio.create_task(self.members.pop(name).close())
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)
        for name in sorted(nodes.keys() - self.members.keys()):
            node = nodes[name]
            self.members[name] = Member(node, self._plan.server(node.host), self._around)


def _is_better_elsewhere(reply: NodeReply) -> bool:
    """Whether a node has no room for a request, or is about to end."""
    return reply.status in {429, 503}
