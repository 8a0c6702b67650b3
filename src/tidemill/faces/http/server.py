"""The server: how it starts, and how it stops without leaving anybody behind."""

import asyncio
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, TypeAlias, cast

import uvicorn
from typing_extensions import override

from tidemill.core.errors import TidemillError
from tidemill.faces.http.access import policy
from tidemill.faces.http.asgi import Application
from tidemill.faces.http.binding import (
    Address,
    Binding,
    address_of,
    allow_files,
    check_rights,
    listener_for,
)
from tidemill.faces.http.limits import Limits
from tidemill.faces.http.places import Places
from tidemill.faces.http.protocol import GuardedProtocol
from tidemill.faces.http.shell import hardened

__all__ = ["BoundHandler", "running", "serve", "serve_async"]

_BACKLOG = 512
_GRACE_SECONDS = 3
"""For what was cancelled to end; what cannot (a thread) is left behind."""

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

BoundHandler: TypeAlias = Callable[[Address], None]
"""What is told the address of a server that answers."""


def serve(
    app: Application,
    binding: Binding,
    *,
    limits: Limits | None = None,
    on_bound: BoundHandler | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what runs; a second SIGINT ends at once.

    It returns in the normal way after a signal. Outside the main thread there are no signals.

    Args:
        app: Any ASGI application; the shell is put around it.
        binding: Where to listen.
        limits: What one client may take.
        on_bound: Told the address as soon as clients are answered there.

    Raises:
        SettingError: The binding is not allowed, or the address cannot be had.
        TidemillError: The application did not start.
    """
    asyncio.run(serve_async(app, binding, limits=limits, on_bound=on_bound))


async def serve_async(
    app: Application,
    binding: Binding,
    *,
    limits: Limits | None = None,
    on_bound: BoundHandler | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve as `serve` does, in a loop that runs already.

    Args:
        app: Any ASGI application; the shell is put around it.
        binding: Where to listen.
        limits: What one client may take.
        on_bound: Told the address as soon as clients are answered there.
        stop: Ends the server like a signal, when it is set.

    Raises:
        SettingError: The binding is not allowed, or the address cannot be had.
        TidemillError: The application did not start.
    """
    limits = limits or Limits()
    check_rights(binding)
    allow_files(limits)
    with listener_for(binding) as listener:
        address = address_of(listener)
        server = _Server(
            _config(app, binding, limits, address),
            drain_seconds=binding.drain_seconds,
            on_started=partial(on_bound or _ignore, address),
        )
        stopper = asyncio.create_task(server.stop_when(stop)) if stop is not None else None
        try:
            with _signals_survived():
                await server.serve(sockets=[listener])
        except SystemExit as error:
            raise TidemillError(
                "the application did not start", hint="The log above says why."
            ) from error
        finally:
            if stopper is not None:
                stopper.cancel()


@asynccontextmanager
async def running(
    app: Application, binding: Binding, *, limits: Limits | None = None
) -> AsyncIterator[Address]:
    """Serve while the block runs.

    Args:
        app: Any ASGI application; the shell is put around it.
        binding: Where to listen.
        limits: What one client may take.

    Yields:
        Where the server is reached.

    Raises:
        SettingError: The binding is not allowed, or the address cannot be had.
        TidemillError: The application did not start.
    """
    stop = asyncio.Event()
    bound: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve_async(app, binding, limits=limits, on_bound=bound.set_result, stop=stop)
    )
    try:
        either: set[asyncio.Future[Any]] = {task, bound}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if bound.done():
            yield bound.result()
    finally:
        stop.set()
        await task


class _Server(uvicorn.Server):
    """uvicorn's server that tells when it answers, and ends its work before its application."""

    def __init__(
        self, config: uvicorn.Config, *, drain_seconds: int, on_started: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._drain_seconds = drain_seconds
        self._on_started = on_started

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_started()

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # uvicorn would cancel what runs, and not wait for it before the application ends.
        timer = asyncio.get_running_loop().call_later(self._drain_seconds, self._cancel_work)
        try:
            await super().shutdown(sockets)
        finally:
            timer.cancel()

    def _cancel_work(self) -> None:
        for task in self.server_state.tasks:
            task.cancel()

    async def stop_when(self, event: asyncio.Event) -> None:
        await event.wait()
        self.should_exit = True


def _config(app: Application, binding: Binding, limits: Limits, address: Address) -> uvicorn.Config:
    allowed = policy(
        address=address.host,
        port=address.port,
        hosts=binding.hosts,
        origins=binding.origins,
        token=binding.token,
    )
    protocol = partial(GuardedProtocol, limits=limits, places=Places(limits.connections))
    return uvicorn.Config(
        hardened(app, allowed=allowed, limits=limits),
        # A partial makes protocols just as a class does.
        http=cast("type[asyncio.Protocol]", protocol),
        loop="asyncio",
        ws="none",
        interface="asgi3",
        workers=1,
        backlog=_BACKLOG,
        # Logging is the program's; lines about requests would hold what clients send.
        log_config=None,
        access_log=False,
        # Whoever is on loopback could name any address as its own.
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=limits.keep_alive_seconds,  # type: ignore[arg-type] # a delay
        timeout_graceful_shutdown=binding.drain_seconds + _GRACE_SECONDS,
    )


def _ignore(_: Address) -> None:
    return


@contextmanager
def _signals_survived() -> Iterator[None]:
    """Let a signal end the server, but not the program around it.

    uvicorn takes both signals while it serves, and raises again afterwards what it got: they
    must then meet somebody who knows of them already.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _heard) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _heard(*_: object) -> None:
    return
