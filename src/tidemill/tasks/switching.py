"""Experts that change places under a small budget of bytes: what a node does, step by step."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tidemill.core.settings import Settings
from tidemill.experts.registry import ExpertRegistry, open_registry
from tidemill.serving.answer import Hop, Request
from tidemill.serving.node import Node, NodePlan

__all__ = ["SwitchStep", "Switching", "switching"]

BUDGET_BYTES = 16_000_000
"""So much that three or four of the experts that come along fit, and not all six."""

ROUND = (
    "search-tokens",
    "search-terms",
    "search-tokens",
    "clones-java",
    "search-code",
    "clones-java",
    "search-tokens",
    "search-terms",
    "clones-c-terms",
    "search-tokens",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchStep:
    """One request.

    Attributes:
        hop: Who answered, where it was found, and what that took.
        used_bytes: Of the host tier, after it.
        resident: Who was in the host tier after it.
    """

    hop: Hop
    used_bytes: int
    resident: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switching:
    """A round of requests under a budget.

    Attributes:
        steps: One a request.
        budget_bytes: Of the host tier.
        all_bytes: Of all experts that were asked, on disk.
        evictions: How many experts had to leave.
    """

    steps: tuple[SwitchStep, ...]
    budget_bytes: int
    all_bytes: int
    evictions: int


def switching(
    settings: Settings, *, names: Sequence[str] = ROUND, budget_bytes: int = BUDGET_BYTES
) -> Switching:
    """Ask experts one after the other of a node that has room for some of them.

    Args:
        settings: Where experts are.
        names: Whom to ask, in order.
        budget_bytes: Of the host tier.

    Raises:
        ExpertError: One of them is unknown or damaged.
        CapacityError: One is larger than the budget, or no worker starts.
    """
    registry = open_registry(settings)
    return asyncio.run(_round(registry, tuple(names), budget_bytes))


async def _round(registry: ExpertRegistry, names: tuple[str, ...], budget_bytes: int) -> Switching:
    plan = NodePlan(host_bytes=budget_bytes, active_bytes=4 * budget_bytes, workers=1, spares=0)
    node = Node(registry, plan)
    steps = []
    try:
        await node.start()
        for name in names:
            request = Request(
                operation="queries", items=("copy a directory tree",), experts=(name,)
            )
            answer = await node.ask(request)
            residents = node.host.residents.values()
            steps.append(
                SwitchStep(
                    hop=answer.hops[0],
                    used_bytes=node.host.used_bytes,
                    resident=tuple(sorted(one.package.name for one in residents)),
                )
            )
        packages = node.catalog.packages
        return Switching(
            steps=tuple(steps),
            budget_bytes=node.host.arena.capacity_bytes,
            all_bytes=sum(packages[name].bytes_on_disk for name in set(names)),
            evictions=node.host.counters.evictions,
        )
    finally:
        await node.close()
