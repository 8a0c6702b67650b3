"""Where experts are made ready and asked: the same in a worker and in a one-shot command."""

import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from tidemill.core.errors import CapacityError, ExpertError
from tidemill.experts.package import ExpertPackage
from tidemill.serving.commands import Command, Done, Preparation
from tidemill.serving.memory.host import Place
from tidemill.serving.operations import Runnable, asked, open_runnable

__all__ = ["Workbench"]

MOST_KNOWN: Final = 1_024
"""Packages whose facts a worker remembers, so that they are sent once."""

OUT_OF_MEMORY: Final = "can't allocate memory"


class Workbench:
    """Experts that are active in this process. For one thread.

    Args:
        arena: The arena's bytes, read-only.
        architectures: Where further kinds of experts live, as ``module:name`` by architecture.
    """

    def __init__(self, arena: memoryview, architectures: Mapping[str, str] | None = None) -> None:
        self._arena = arena
        self._architectures = dict(architectures or {})
        self._active: dict[str, Runnable] = {}
        self._known: OrderedDict[str, ExpertPackage] = OrderedDict()

    def __call__(self, command: Command) -> Done:
        """Do one step.

        Raises:
            ExpertError: The expert is unknown or its parts do not fit, or has no such operation.
            CapacityError: There is no memory for it.
        """
        for leaving in command.leaving:
            self.drop(leaving)
        began = time.perf_counter()
        if command.preparation is not None:
            self.prepare(command.expert_hash, command.preparation)
        ready = time.perf_counter()
        runnable = self._active.get(command.expert_hash)
        if runnable is None:
            raise ExpertError(f"the expert {command.expert_hash[:12]} is not active")
        with _naming_scarcity():
            values = asked(runnable, command.operation, command.items)
        return Done(
            values=values,
            held_bytes=runnable.bytes_held,
            load_seconds=ready - began if command.preparation is not None else 0.0,
            compute_seconds=time.perf_counter() - ready,
        )

    def prepare(self, expert_hash: str, preparation: Preparation) -> None:
        """Make an expert ready.

        Raises:
            ExpertError: Its parts do not fit.
            CapacityError: There is no memory for it.
        """
        package = self._package(expert_hash, preparation)
        held = package.over(self._views(preparation.tensors), self._views(preparation.files))
        self.drop(expert_hash)
        with _naming_scarcity():
            self._active[expert_hash] = open_runnable(held, self._architectures)

    def drop(self, expert_hash: str) -> None:
        """Let an expert go, if it is here."""
        runnable = self._active.pop(expert_hash, None)
        if runnable is not None:
            runnable.close()

    def _package(self, expert_hash: str, preparation: Preparation) -> ExpertPackage:
        if preparation.package is not None:
            self._known[expert_hash] = preparation.package
            while len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
        if expert_hash not in self._known:
            raise ExpertError(f"the expert {expert_hash[:12]} is not known to this worker")
        return self._known[expert_hash]

    def _views(self, places: Mapping[str, Place]) -> dict[str, memoryview]:
        return {name: self._arena[start : start + size] for name, (start, size) in places.items()}


@contextmanager
def _naming_scarcity() -> Iterator[None]:
    """Say by its name what torch reports as any error."""
    try:
        yield
    except RuntimeError as error:
        if OUT_OF_MEMORY not in str(error):
            raise
        raise CapacityError(
            "a worker ran out of memory", hint="Ask about less at a time, or use fewer workers."
        ) from error
