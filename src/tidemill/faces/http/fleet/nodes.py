"""Where the nodes of a fleet come from: a Ray cluster, or processes of this machine."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from tidemill.core.cluster import ClusterExecutor, disconnect
from tidemill.core.errors import SettingError
from tidemill.core.executor import ExecutorNode
from tidemill.core.processes import ProcessExecutor
from tidemill.faces.http.fleet.fleet import NodeSource

__all__ = ["cluster_nodes", "local_nodes"]

MOST_LOCAL_NODES = 64


@contextmanager
def cluster_nodes(address: str) -> Iterator[NodeSource]:
    """Connect to a cluster while the block runs, and yield who knows its nodes.

    Args:
        address: ``local``, ``auto``, or the ``host:port`` of a head.

    Raises:
        SettingError: There is no such cluster.
        MissingExtraError: Ray is not installed.
    """
    executor = ClusterExecutor(address)
    executor.nodes()
    try:
        yield executor.nodes
    finally:
        disconnect()


@contextmanager
def local_nodes(count: int) -> Iterator[NodeSource]:
    """Yield as many nodes as are wanted, each a process of this machine.

    Args:
        count: How many.

    Raises:
        SettingError: None, or too many.
    """
    if not 1 <= count <= MOST_LOCAL_NODES:
        raise SettingError(
            f"{count} nodes on one machine", hint=f"Choose between 1 and {MOST_LOCAL_NODES}."
        )
    yield partial(_several, count)


def _several(count: int) -> Sequence[ExecutorNode]:
    (here,) = ProcessExecutor().nodes()
    return [
        ExecutorNode(name=f"local-{number}", host=here.host, executor=here.executor)
        for number in range(1, count + 1)
    ]
