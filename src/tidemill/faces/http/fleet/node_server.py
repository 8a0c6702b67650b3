"""The ordinary server of one node, as an actor of an executor holds it."""

import asyncio
import os
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from tidemill.core.errors import CapacityError
from tidemill.core.settings import Settings
from tidemill.faces.http.serving import DRAIN_SECONDS, ServePlan, serve_experts

__all__ = ["MACHINE_SETTINGS", "STOP_SECONDS", "NodePlace", "NodeServer", "settings_there"]

MACHINE_SETTINGS = ("workers", "host_bytes", "active_bytes")
"""Settings whose defaults come from a machine's processors and memory."""

STOP_SECONDS = DRAIN_SECONDS + 10.0
"""How long a server may take to answer what it was asked, and to end its workers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlace:
    """Where a node's server is.

    Attributes:
        url: At which it answers.
        pid: Of its process, on its machine.
    """

    url: str
    pid: int


class NodeServer:
    """A server in a thread of its own, so that its actor can be asked meanwhile.

    Args:
        plan: How it serves.
        settings: Those of the program that started it.
        machine_settings: Those of `MACHINE_SETTINGS` that nobody has set, so that each machine
            has its own.
    """

    def __init__(
        self, plan: ServePlan, settings: Settings, machine_settings: Sequence[str] = ()
    ) -> None:
        self._plan = plan
        self._settings = settings_there(settings, machine_settings)
        self._bound: Future[str] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def place(self) -> NodePlace:
        """Return where it answers, as soon as it does.

        Raises:
            SettingError: The address is not allowed or cannot be had.
            ExpertError: A pinned expert is unknown or damaged.
            CapacityError: Pinned experts do not fit, or no worker starts.
        """
        return NodePlace(url=self._bound.result(), pid=os.getpid())

    def stop(self) -> None:
        """Answer what was asked, and end.

        Raises:
            CapacityError: It did not end in time.
        """
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            raise CapacityError(f"a server did not end within {STOP_SECONDS:g} s")

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._bound.done():
                raise
            self._bound.set_exception(error)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await serve_experts(
            self._plan, self._settings, on_ready=self._bound.set_result, stop=self._stop
        )


def settings_there(settings: Settings, names: Sequence[str]) -> Settings:
    """Return settings, some of them with the defaults of the machine that asks.

    Args:
        settings: Of another machine.
        names: Of those that are to be this machine's.
    """
    own = Settings()
    there = {name: getattr(own, name) for name in names}
    return replace(settings, **there)
