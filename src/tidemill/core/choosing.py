"""Which backend works: this process, processes, or a cluster where the settings name one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.core.cluster import ClusterExecutor
from tidemill.core.executor import InlineExecutor
from tidemill.core.processes import ProcessExecutor

if TYPE_CHECKING:
    from tidemill.core.executor import Executor
    from tidemill.core.settings import Settings

__all__ = ["NO_CLUSTER", "chosen_executor"]

NO_CLUSTER = "none"


def chosen_executor(
    settings: Settings, *, small: bool = False, apart: bool = False, in_order: bool = False
) -> Executor:
    """Return who runs the shards of a job.

    Args:
        settings: Say how many workers there are, and whether there is a cluster.
        small: Whether the job is over before workers would have started.
        apart: Whether even one worker is another process, because a shard may end it.
        in_order: Yield outcomes in the order of the shards.

    Raises:
        MissingExtraError: A cluster is named, and Ray is not installed.
        SettingError: The cluster cannot be reached.
    """
    if small:
        return InlineExecutor()
    if settings.cluster != NO_CLUSTER:
        return ClusterExecutor(settings.cluster, in_order=in_order)
    if settings.workers == 1 and not apart:
        return InlineExecutor()
    return ProcessExecutor(in_order=in_order)
