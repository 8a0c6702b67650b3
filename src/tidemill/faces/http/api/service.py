"""What the routes share: the node, the settings, and how a client that goes away is noticed."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

from tidemill.core.settings import Settings
from tidemill.serving.node import Node
from tidemill.serving.routing import Router

__all__ = ["Service", "TheService", "while_connected"]

Value = TypeVar("Value")

LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Service:
    """What the routes speak for.

    Attributes:
        node: The experts.
        router: Says who answers where nobody is named.
        settings: Those in force.
        folder: Where the store is looked for.
    """

    node: Node
    router: Router
    settings: Settings
    folder: Path


async def _service(request: Request) -> Service:  # else FastAPI asks a thread for it
    found: Service = request.app.state.service
    return found


TheService = Annotated[Service, Depends(_service)]


async def while_connected(request: Request, work: Coroutine[Any, Any, Value]) -> Value:
    """Run some work until it is done, or until nobody is there any more to hear of it.

    Args:
        request: Whose client is watched.
        work: What is done for it.

    Raises:
        CancelledError: The client has gone; the work was cancelled.
    """
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait((task,), timeout=LOOK_SECONDS)
            if not task.done() and await request.is_disconnected():
                break
        if not task.done():
            raise asyncio.CancelledError
        return task.result()
    finally:
        task.cancel()
