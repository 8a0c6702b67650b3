"""Nodes for tests: small budgets, real workers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from tests.serving.faulty import ARCHITECTURES
from tidemill.experts.registry import ExpertRegistry
from tidemill.serving.answer import Answer, Request
from tidemill.serving.node import Node, NodePlan

__all__ = ["ask", "running", "within"]

Value = TypeVar("Value")


@asynccontextmanager
async def running(folder: Path, **changes: Any) -> AsyncIterator[Node]:
    """Run a node over a registry's folder."""
    reader = changes.pop("reader", None)
    plan: dict[str, Any] = {
        "host_bytes": 1 << 20,
        "active_bytes": 1 << 20,
        "workers": 2,
        "spares": 1,
        "worker_bytes": 256 << 20,
        "architectures": ARCHITECTURES,
        "tick_seconds": 0.05,
        "preloaded": (),
    } | changes
    own = {} if reader is None else {"reader": reader}
    node = Node(ExpertRegistry([folder]), NodePlan(**plan), **own)
    try:
        await node.start()
        yield node
    finally:
        await node.close()


async def ask(node: Node, expert: str, text: str = "echo", *, seconds: float = 60.0) -> Answer:
    """Ask an expert one thing."""
    request = Request(operation="queries", items=(text,), experts=(expert,), seconds=seconds)
    return await node.ask(request)


def within(seconds: float, work: Callable[[], Awaitable[Value]]) -> Value:
    """Run something to its end, but not for ever."""

    async def bounded() -> Value:
        return await asyncio.wait_for(work(), seconds)

    return asyncio.run(bounded())


async def until(condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
    """Wait for something to come true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  of anything, not of what could tell us
            await asyncio.sleep(0.01)


def open_descriptors() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))
