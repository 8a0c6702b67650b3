"""Which of several nodes a request goes to: where the expert is, unless the queue there is longer.

A node that has the expert answers after its queue; one that has not, after its queue and a load.
Whoever is soonest gets the request. So cold experts stay where they are, a hot one is loaded on a
second node as soon as waiting for the first costs more than loading it, and nobody has to say so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tidemill.core.errors import CapacityError

__all__ = ["NodeView", "chosen_node", "expected_wait"]

LOAD_SECONDS = 5e-3
"""A load that nobody has measured yet: of a few megabytes from a disk of today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeView:
    """What is known of a node from outside.

    Attributes:
        name: Which.
        is_there: Whether it answered when it was last asked.
        resident: Experts in its memory.
        waiting: Calls in its queues, and those that were sent since it last said so.
        workers: That compute.
        load_seconds: What loads took there, by expert.
    """

    name: str
    is_there: bool = True
    resident: frozenset[str] = frozenset()
    waiting: int = 0
    workers: int = 1
    load_seconds: Mapping[str, float] = field(default_factory=dict)


def expected_wait(expert: str, node: NodeView, call_seconds: float) -> float:
    """Return how long a call would wait on a node before it is computed.

    Args:
        expert: Whom it asks.
        node: Where.
        call_seconds: What a call takes on the average.
    """
    queue = node.waiting * call_seconds / max(1, node.workers)
    load = 0.0 if expert in node.resident else node.load_seconds.get(expert, LOAD_SECONDS)
    return queue + load


def chosen_node(
    expert: str,
    nodes: Sequence[NodeView],
    *,
    call_seconds: float,
    avoided: frozenset[str] = frozenset(),
) -> NodeView:
    """Return the node that would answer soonest; of equals, the one that was named first.

    Who has lost all workers has the shortest queue, and is asked only where all have.

    Args:
        expert: Whom the request asks.
        nodes: All there are.
        call_seconds: What a call takes on the average.
        avoided: Nodes that have just failed.

    Raises:
        CapacityError: None is there.
    """
    there = [node for node in nodes if node.is_there and node.name not in avoided]
    if not there:
        raise CapacityError("no node answers", hint="Look at the nodes' logs.")
    return min(
        there, key=lambda node: (not node.workers, expected_wait(expert, node, call_seconds))
    )
