"""The server: how it starts, and how it stops without leaving anybody behind."""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias

from tidemill.core.background import ended
from tidemill.faces.joernti.binding import (
    Address,
    Binding,
    address_of,
    check_rights,
    listener_for,
)
from tidemill.faces.joernti.exchange import Exchange
from tidemill.faces.joernti.inference import InferenceThread, SliceInference
from tidemill.faces.joernti.limits import Limits

__all__ = ["BoundHandler", "running", "serve", "serve_async"]

_LOGGER = logging.getLogger("tidemill.joernti")
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PAUSE_SECONDS = 0.1
"""After a connection could not be accepted, which soon may go better."""

BoundHandler: TypeAlias = Callable[[Address], None]
"""What is told the address of a server that answers."""


def serve(
    inference: SliceInference,
    binding: Binding,
    *,
    limits: Limits | None = None,
    on_bound: BoundHandler | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was asked.

    It returns in the normal way after a signal. Outside the main thread there are no signals.

    Args:
        inference: Who is asked for types; in one thread, one request at a time.
        binding: Where to listen.
        limits: What one client may take.
        on_bound: Told the address as soon as clients are answered there.

    Raises:
        SettingError: The binding is not allowed, or the address cannot be had.
    """

    async def until_a_signal() -> None:
        stop = asyncio.Event()
        with _signals_set(stop):
            await serve_async(inference, binding, limits=limits, on_bound=on_bound, stop=stop)

    asyncio.run(until_a_signal())


async def serve_async(
    inference: SliceInference,
    binding: Binding,
    *,
    stop: asyncio.Event,
    limits: Limits | None = None,
    on_bound: BoundHandler | None = None,
) -> None:
    """Serve in a loop that runs already.

    Args:
        inference: Who is asked for types; in one thread, one request at a time.
        binding: Where to listen.
        stop: Ends the server when it is set.
        limits: What one client may take.
        on_bound: Told the address as soon as clients are answered there.

    Raises:
        SettingError: The binding is not allowed, or the address cannot be had.
    """
    check_rights(binding)
    limits = limits or Limits()
    thread = InferenceThread(inference, limits)
    try:
        with listener_for(binding) as listener:
            reception = _Reception(listener, thread, limits)
            accepting = asyncio.create_task(reception.accept())
            if on_bound is not None:
                on_bound(address_of(listener))
            await stop.wait()
            await ended(accepting)
        await reception.drain(binding.drain_seconds)
    finally:
        thread.close()


@asynccontextmanager
async def running(
    inference: SliceInference, binding: Binding, *, limits: Limits | None = None
) -> AsyncIterator[Address]:
    """Serve while the block runs.

    Args:
        inference: Who is asked for types.
        binding: Where to listen.
        limits: What one client may take.

    Yields:
        Where the server is reached.

    Raises:
        SettingError: The binding is not allowed, or the address cannot be had.
    """
    stop = asyncio.Event()
    bound: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve_async(inference, binding, limits=limits, on_bound=bound.set_result, stop=stop)
    )
    try:
        either: set[asyncio.Future[Any]] = {task, bound}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if bound.done():
            yield bound.result()
    finally:
        stop.set()
        await task


class _Reception:
    """Accepts connections while there are places; who comes besides waits before the door."""

    def __init__(self, listener: socket.socket, thread: InferenceThread, limits: Limits) -> None:
        self._listener = listener
        self._thread = thread
        self._limits = limits
        self._places = asyncio.Semaphore(limits.connections)
        self._exchanges: dict[asyncio.Task[None], Exchange] = {}

    async def accept(self) -> None:
        """Take whoever comes, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await self._places.acquire()
            try:
                sock, _ = await loop.sock_accept(self._listener)
            except OSError as error:
                _LOGGER.warning("a connection could not be accepted: %s", error.strerror)
                self._places.release()
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                self._begin(sock)

    async def drain(self, seconds: float) -> None:
        """Finish what was asked, and let go of those who are still asking."""
        for task, exchange in self._exchanges.items():
            if not exchange.has_request:
                task.cancel()
        if self._exchanges:
            await asyncio.wait([*self._exchanges], timeout=seconds)
        await ended(*self._exchanges)

    def _begin(self, sock: socket.socket) -> None:
        exchange = Exchange(sock, self._thread, self._limits)
        task = asyncio.create_task(exchange.serve())
        self._exchanges[task] = exchange
        task.add_done_callback(self._end)

    def _end(self, task: "asyncio.Task[None]") -> None:
        del self._exchanges[task]
        self._places.release()
        if not task.cancelled() and task.exception() is not None:
            _LOGGER.error("an exchange has failed", exc_info=task.exception())


@contextmanager
def _signals_set(stop: asyncio.Event) -> Iterator[None]:
    """Let signals set an event while the block runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in _STOP_SIGNALS:
            loop.remove_signal_handler(number)
