"""Nodes for tests: real servers of this process that answer what they are told."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from tests.faces.http.fleet.reports import report
from tests.faces.http.servers import serving
from tidemill.core.errors import CapacityError
from tidemill.core.executor import ExecutorNode, InlineExecutor
from tidemill.faces.http.asgi import Receive, Scope, Send
from tidemill.faces.http.bearer import BearerToken
from tidemill.faces.http.binding import Binding
from tidemill.faces.http.fleet.client import NodeClient, NodeRequest
from tidemill.faces.http.fleet.fleet import Fleet, FleetPlan
from tidemill.faces.http.fleet.member import WatchPlan
from tidemill.faces.http.fleet.node_server import NodePlace

__all__ = ["EMBED", "HASTY", "QUICK", "TOKEN", "ScriptedNode", "fleet_of", "scripted_nodes"]

TOKEN = BearerToken(secret="0123456789abcdef" * 2)
EMBED = NodeRequest(
    method="POST", path="/v1/embeddings", body=b"{}", content_type="application/json"
)
QUICK = WatchPlan(poll_seconds=0.05, answer_seconds=10.0, first_pause_seconds=0.01)
"""Looks often, and has as much patience as ever."""

HASTY = replace(QUICK, answer_seconds=1.0, silence_seconds=0.5)
"""Takes a server that does not answer one look for hung."""


class ScriptedNode:
    """Says what it has, and answers every other request by a script: statuses, or words.

    ``hang`` leaves a request and all that follow unanswered, until a server is made anew;
    ``slow`` takes a minute over one; ``break`` ends the connection in the middle of an answer.
    """

    def __init__(self, name: str, *resident: str) -> None:
        self.name = name
        self.resident = resident
        self.script: list[int | str] = []
        self.starts = 0
        self.failing_starts = 0
        self.url = ""
        self.asked: list[str] = []
        self.events: list[str] = []
        self.is_stuck = False
        self.has_time = True
        self.may_say = threading.Event()
        self.may_say.set()
        self.looks = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.is_stuck:
            await asyncio.Event().wait()
        if scope["path"] == "/v1/experts":
            self.looks += 1
            while not self.may_say.is_set():  # noqa: ASYNC110  it is set in another loop
                await asyncio.sleep(0.01)
            await _answer(send, 200 if self.has_time else 503, report(*self.resident))
            return
        while (await receive()).get("more_body"):
            pass
        self.asked.append(scope["path"])
        await self._follow(self.script.pop(0) if self.script else 200, send)

    async def _follow(self, word: int | str, send: Send) -> None:
        if word == "hang":
            self.is_stuck = True
            await asyncio.Event().wait()
        elif word == "slow":
            self.events.append("begun")
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                self.events.append("cancelled")
                raise
        elif word == "break":
            await _start(send, 200, 100)
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            raise ZeroDivisionError("as it was told")
        else:
            await _answer(send, int(word), self.name.encode())

    def server(self) -> "ScriptedServer":
        """Make what the actor of a node holds."""
        self.starts += 1
        if self.failing_starts:
            self.failing_starts -= 1
            raise CapacityError(f"{self.name} does not start")
        self.is_stuck = False
        return ScriptedServer(self)


class ScriptedServer:
    """A node's server, as an actor holds it."""

    def __init__(self, node: ScriptedNode) -> None:
        self._node = node

    def place(self) -> NodePlace:
        """Say where it is."""
        return NodePlace(url=self._node.url, pid=threading.get_native_id())

    def stop(self) -> None:
        """Note that it was ended in good order."""
        self._node.events.append("stopped")


@contextmanager
def scripted_nodes(*nodes: ScriptedNode) -> Iterator[None]:
    """Run nodes while the block runs."""
    with ExitStack() as stack:
        for node in nodes:
            binding = Binding(port=0, allow_root=True, token=TOKEN, drain_seconds=0)
            node.url = stack.enter_context(serving(node, binding=binding)).url
        yield


@asynccontextmanager
async def fleet_of(nodes: list[ScriptedNode], **changes: Any) -> AsyncIterator[Fleet]:
    """Run a fleet over the nodes; those that are added to the list join it."""
    by_host = {node.name: node for node in nodes}

    def there() -> list[ExecutorNode]:
        by_host.update({node.name: node for node in nodes})
        return [
            ExecutorNode(name=node.name, host=node.name, executor=InlineExecutor())
            for node in nodes
        ]

    def server(host: str) -> Any:
        return partial(ScriptedNode.server, by_host[host])

    plan: dict[str, Any] = {"watch": QUICK, "nodes_seconds": 0.05, "patience_seconds": 30.0}
    fleet = Fleet(
        there,
        FleetPlan(
            server=server,
            requests=NodeClient(TOKEN, connections=50),
            looks=NodeClient(TOKEN, connections=50),
            **plan | changes,
        ),
    )
    try:
        await fleet.start()
        yield fleet
    finally:
        await fleet.close()


async def _answer(send: Send, status: int, body: bytes) -> None:
    await _start(send, status, len(body))
    await send({"type": "http.response.body", "body": body})


async def _start(send: Send, status: int, length: int) -> None:
    headers = [(b"content-length", str(length).encode()), (b"content-type", b"text/plain")]
    if status == 429:
        headers.append((b"retry-after", b"7"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
