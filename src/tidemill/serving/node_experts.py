"""A node's experts as tasks see them."""

import asyncio
from collections.abc import Sequence
from typing import Any

from tidemill.experts.package import ExpertPackage
from tidemill.serving.answer import Request
from tidemill.serving.embedder import vector_size
from tidemill.serving.hosted import HostedEmbedder
from tidemill.serving.node import Node

__all__ = ["NodeExperts"]


class NodeExperts:
    """A node's experts for tasks, which run in threads beside its event loop.

    Args:
        node: The node.
        loop: Its event loop; never the thread that asks.
        seconds: How long a task waits for one answer.
    """

    def __init__(
        self, node: Node, loop: asyncio.AbstractEventLoop, *, seconds: float = 60.0
    ) -> None:
        self._node = node
        self._loop = loop
        self._seconds = seconds

    def find(self, name: str) -> ExpertPackage:
        """See `ExpertSource`."""
        return self._node.catalog.find(name)

    def embedder(self, package: ExpertPackage) -> HostedEmbedder:
        """See `ExpertSource`."""
        vector_size(package)
        return HostedEmbedder(self._ask, package)

    def _ask(self, package: ExpertPackage, operation: str, items: Sequence[Any]) -> list[Any]:
        if not items:
            return []
        request = Request(
            operation=operation,
            items=tuple(items),
            experts=(package.name,),
            seconds=self._seconds,
        )
        answer = asyncio.run_coroutine_threadsafe(self._node.ask(request), self._loop)
        return answer.result(self._seconds + 5).values
