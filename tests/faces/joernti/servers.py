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

from tests.faces.joernti.clients import PATIENCE
from tests.faces.joernti.sample import SampleInference
from tidemill.faces.joernti.binding import Address, Binding
from tidemill.faces.joernti.inference import SliceInference
from tidemill.faces.joernti.limits import Limits
from tidemill.faces.joernti.server import running, serve

__all__ = ["HERE", "ServerProcess", "process_serving", "serving"]

HERE = Binding(port=0, allow_root=True, drain_seconds=5)
"""A free port of loopback."""


@contextmanager
def serving(
    inference: SliceInference, *, binding: Binding = HERE, limits: Limits | None = None
) -> Iterator[Address]:
    """A server in a thread of its own, stopped when the block ends."""
    bound: Future[Address] = Future()
    loop_and_stop: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def live() -> None:
        stop = asyncio.Event()
        loop_and_stop.set_result((asyncio.get_running_loop(), stop))
        async with running(inference, binding, limits=limits) as address:
            bound.set_result(address)
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    try:
        yield bound.result(PATIENCE)
    finally:
        loop, stop = loop_and_stop.result(PATIENCE)
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
        assert not thread.is_alive()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProcess:
    """A server in a process of its own."""

    process: "subprocess.Popen[str]"
    address: Address

    @property
    def peak_kib(self) -> int:
        """The most memory that it has had so far."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in text.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1])


@contextmanager
def process_serving(limits: dict[str, float] | None = None) -> Iterator[ServerProcess]:
    """The sample inference in a process of its own, killed when the block ends."""
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, Path(__file__), json.dumps(limits or {})],
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


def main(limits: dict[str, float]) -> None:
    """Serve, and print the address."""

    def tell(address: Address) -> None:
        sys.stdout.write(json.dumps({"host": address.host, "port": address.port}) + "\n")
        sys.stdout.flush()

    serve(SampleInference(), HERE, limits=Limits(**limits), on_bound=tell)  # type: ignore[arg-type] # by name
    sys.stdout.write("ended\n")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
