"""Real servers for tests: in a thread, or in a process of their own."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faces.http.clients import PATIENCE
from tests.faces.http.sample import SampleApplication
from tidemill.faces.http.asgi import Application
from tidemill.faces.http.binding import Address, Binding
from tidemill.faces.http.limits import Limits
from tidemill.faces.http.server import running, serve

__all__ = ["HERE", "ServerProcess", "process_serving", "serving"]

HERE = Binding(port=0, allow_root=True, drain_seconds=5)
"""A free port of loopback."""


@contextmanager
def serving(
    app: Application, *, binding: Binding = HERE, limits: Limits | None = None
) -> Iterator[Address]:
    """A server in a thread of its own, stopped when the block ends."""
    bound: Future[Address] = Future()
    loop_and_stop: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def live() -> None:
        stop = asyncio.Event()
        loop_and_stop.set_result((asyncio.get_running_loop(), stop))
        async with running(app, binding, limits=limits) as address:
            bound.set_result(address)
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:
            if bound.done():
                raise
            bound.set_exception(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield bound.result(PATIENCE)
    finally:
        loop, stop = loop_and_stop.result(PATIENCE)
        if thread.is_alive():
            loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
        assert not thread.is_alive()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProcess:
    """A server in a process of its own."""

    process: "subprocess.Popen[str]"
    address: Address


@contextmanager
def process_serving(
    limits: dict[str, float] | None = None, **binding: Any
) -> Iterator[ServerProcess]:
    """The sample application in a process of its own, killed when the block ends."""
    facts = {"limits": limits or {}, "binding": {"port": 0, "allow_root": True} | binding}
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, Path(__file__), json.dumps(facts)],
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            address = Address(**json.loads(process.stdout.readline()))
            yield ServerProcess(process=process, address=address)
        finally:
            process.kill()


def main(facts: dict[str, Any]) -> None:
    """Serve, and print the address."""

    def tell(address: Address) -> None:
        sys.stdout.write(json.dumps({"host": address.host, "port": address.port}) + "\n")
        sys.stdout.flush()

    app = SampleApplication()
    serve(app, Binding(**facts["binding"]), limits=Limits(**facts["limits"]), on_bound=tell)
    sys.stdout.write(json.dumps(app.events) + "\n")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
