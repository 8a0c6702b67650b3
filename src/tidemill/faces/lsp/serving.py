"""The server from its start to its end: over standard input and output, or TCP on loopback."""

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from pygls.io_ import run_async

from tidemill.core.background import ended
from tidemill.core.errors import SettingError
from tidemill.core.settings import Settings
from tidemill.faces.lsp.configuration import Configuration
from tidemill.faces.lsp.conversation import Conversation
from tidemill.faces.lsp.desk import desk_for
from tidemill.faces.lsp.editor import Editor
from tidemill.faces.lsp.limits import Limits
from tidemill.faces.lsp.server import language_server, register
from tidemill.faces.lsp.transport import (
    BoundedReader,
    DescriptorWriter,
    is_stream,
    stream_from,
)
from tidemill.faces.lsp.workspace import Workspace
from tidemill.tasks.types.source import TypeSource

__all__ = ["Plan", "serve_pipes", "serve_port"]

_LOGGER = logging.getLogger("tidemill.lsp")

LOOPBACK = "127.0.0.1"
BACKLOG = 8
NOT_ENDED = 1
"""How a server ends whose editor left without a word, as the protocol has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is served, and how.

    Attributes:
        source: Makes whoever guesses types, when that is first needed.
        settings: Where a compiler is, and limits of reading.
        limits: What one editor may take.
        configuration: What is set before an editor says anything.
    """

    source: Callable[[], TypeSource]
    settings: Settings
    limits: Limits = field(default_factory=Limits)
    configuration: Configuration = field(default_factory=Configuration)


def serve_pipes(plan: Plan) -> int:
    """Serve the editor that has started this process, over its standard input and output.

    Returns:
        The exit code: 0 where the editor has asked for the end.

    Raises:
        SettingError: The input is no pipe, socket or terminal.
    """
    if not is_stream(0):
        raise SettingError(
            "standard input is not an editor's, which speaks through a pipe",
            hint="Let the editor start the server, or listen: tidemill lsp --port 0",
        )
    with _own_output() as output:
        return asyncio.run(_serve_pipes(plan, output))


async def _serve_pipes(plan: Plan, output: int) -> int:
    with os.fdopen(os.dup(0), "rb", buffering=0) as pipe:
        stream, transport = await stream_from(pipe)
        try:
            return await _converse(plan, stream, output, trusts_projects=True)
        finally:
            transport.close()


def serve_port(plan: Plan, port: int, on_bound: Callable[[str, int], None]) -> None:
    """Serve editors that connect over TCP on this machine, until SIGTERM or SIGINT.

    Args:
        plan: What is served.
        port: Where; 0 takes a free one.
        on_bound: Told the address as soon as editors are answered there.

    Raises:
        SettingError: The port cannot be had.
    """
    with socket.socket() as listener:
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((LOOPBACK, port))
            listener.listen(BACKLOG)
        except OSError as error:
            raise SettingError(
                f"cannot listen at {LOOPBACK} port {port}: {error.strerror}",
                hint="Choose another port, or 0 for a free one.",
            ) from error
        listener.setblocking(False)
        asyncio.run(_serve_listener(plan, listener, on_bound))


async def _serve_listener(
    plan: Plan, listener: socket.socket, on_bound: Callable[[str, int], None]
) -> None:
    stop = asyncio.Event()
    with _signals_set(stop):
        accepting = asyncio.create_task(_accept(plan, listener))
        on_bound(*listener.getsockname())
        await stop.wait()
        await ended(accepting)


async def _accept(plan: Plan, listener: socket.socket) -> None:
    """Take whoever comes, for ever; who comes when all places are taken waits before the door."""
    places = asyncio.Semaphore(plan.limits.connections)
    tasks: set[asyncio.Task[int]] = set()
    loop = asyncio.get_running_loop()
    try:
        while True:
            await places.acquire()
            sock, _ = await loop.sock_accept(listener)
            task = loop.create_task(_serve_socket(plan, sock))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            task.add_done_callback(lambda _: places.release())
    finally:
        await ended(*tasks)


async def _serve_socket(plan: Plan, sock: socket.socket) -> int:
    with sock, sock.makefile("rb", buffering=0) as pipe:
        stream, transport = await stream_from(pipe)
        try:
            # Whoever has connected need not be the user, nor be able to run what the user can.
            return await _converse(plan, stream, sock.fileno(), trusts_projects=False)
        finally:
            transport.close()


async def _converse(
    plan: Plan, stream: asyncio.StreamReader, output: int, *, trusts_projects: bool
) -> int:
    """Talk to one editor until it goes, and return the exit code that says how.

    Args:
        plan: What is served.
        stream: What the editor says.
        output: Descriptor of what it hears.
        trusts_projects: Whether the compilers of the projects that it names are run.
    """
    loop = asyncio.get_running_loop()
    server = language_server()
    editor = Editor(server)

    def tell(words: str) -> None:
        loop.call_soon_threadsafe(editor.tell, words)

    desk = desk_for(plan.source, plan.settings, plan.limits, tell, trusts_projects=trusts_projects)
    workspace = Workspace(editor, desk, plan.limits, plan.configuration)
    register(server, workspace)
    writer = DescriptorWriter(output, plan.limits)
    server.protocol.set_writer(writer)
    conversation = Conversation(server.protocol, writer.send)
    try:
        await run_async(
            threading.Event(),
            BoundedReader(stream, plan.limits),
            cast("Any", conversation),
            error_handler=conversation.failed,
        )
    except SystemExit:
        # How pygls ends a conversation when the editor says so.
        pass
    except BrokenPipeError:
        _LOGGER.warning("the editor does not read any more")
    finally:
        writer.close()
        await workspace.close_all()
    return 0 if conversation.is_ending else NOT_ENDED


@contextmanager
def _own_output() -> Iterator[int]:
    """Keep standard output for messages: whatever else is printed goes to standard error."""
    sys.stdout.flush()
    output = os.dup(1)
    try:
        os.dup2(2, 1)
        yield output
    finally:
        os.close(output)


@contextmanager
def _signals_set(stop: asyncio.Event) -> Iterator[None]:
    """Let signals set an event while the block runs; outside the main thread there are none."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
