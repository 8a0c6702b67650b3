"""The process that computes: a workbench over the node's arena, and a pulse."""

import os
import resource
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Final

from tidemill.serving.memory.arena import read_only_view
from tidemill.serving.workbench import Workbench

__all__ = ["PULSE_SECONDS", "WorkerPlan", "workbench"]

PULSE_SECONDS: Final = 0.25
"""So often a worker says that it lives, even in the middle of a product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlan:
    """What a new worker is told.

    Attributes:
        arena: Descriptor of the arena, for reading.
        pulse: Descriptor that it writes its pulse to.
        threads: Of torch.
        own_bytes: Memory that it may take besides what it has when it has started; None: any.
        architectures: Where further kinds of experts live.
        preloaded: Modules that are loaded before the first command.
    """

    arena: int
    pulse: int
    threads: int
    own_bytes: int | None
    architectures: Mapping[str, str] = field(default_factory=dict)
    preloaded: Sequence[str] = ()


def workbench(plan: WorkerPlan) -> Workbench:
    """Start up inside a worker; returns what answers its commands.

    Everything that takes long is done here, before the first command, so that a spare worker is
    ready at once when it is needed.
    """
    os.environ["OMP_NUM_THREADS"] = str(plan.threads)  # read once, when torch is loaded
    for module in plan.preloaded:
        import_module(module)
    threading.Thread(target=_beat, args=(plan.pulse,), daemon=True).start()
    if plan.own_bytes is not None:
        _limit_data(plan.own_bytes)
    return Workbench(read_only_view(plan.arena), plan.architectures)


def _beat(descriptor: int) -> None:
    os.set_blocking(descriptor, False)
    while True:
        with suppress(BlockingIOError):
            os.write(descriptor, b".")
        time.sleep(PULSE_SECONDS)


def _limit_data(own_bytes: int) -> None:
    """Let an allocation fail that goes beyond the worker's share, instead of the machine.

    Of the address space, what counts is memory that can be written and is not shared: the arena
    does not.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    now = next(int(line.split()[1]) << 10 for line in status.splitlines() if "VmData" in line)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (now + own_bytes, hard))
