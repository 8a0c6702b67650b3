"""Messages as bytes: read within bounds, and written until whoever reads has taken them."""

import asyncio
import json
import logging
import os
import select
import stat
from typing import Any

from tidemill.faces.lsp.limits import Limits

__all__ = ["BoundedReader", "DescriptorWriter", "is_stream", "stream_from"]

_LOGGER = logging.getLogger("tidemill.lsp")

HEADER_BYTES = 1 << 10
CHUNK = 1 << 16
NO_HEADER = b"too long for a header\r\n"
NO_MESSAGE = b"null"
"""Stands for a message that was thrown away."""


class BoundedReader:
    """Reads the lines and bodies of messages, none of them longer than is allowed.

    Args:
        stream: Where they come from.
        limits: How long a message may be.
    """

    def __init__(self, stream: asyncio.StreamReader, limits: Limits) -> None:
        self._stream = stream
        self._most = limits.message_bytes

    async def readline(self) -> bytes:
        """Return a line of a header; nothing at the end, and no header for what is too long."""
        is_short = True
        while True:
            try:
                line = await self._stream.readuntil(b"\n")
            except asyncio.IncompleteReadError:
                return b""
            except asyncio.LimitOverrunError as error:
                await self._stream.readexactly(error.consumed)
                is_short = False
            else:
                return line if is_short else NO_HEADER

    async def readexactly(self, size: int) -> bytes:
        """Return a message; nothing where the stream ends in it.

        Args:
            size: As its header says.
        """
        try:
            if size <= self._most:
                return await self._stream.readexactly(size)
            _LOGGER.error("a message of %s bytes is too long and was left out", f"{size:,}")
            while size > 0:
                size -= len(await self._stream.readexactly(min(size, CHUNK)))
        except asyncio.IncompleteReadError:
            return b""
        return NO_MESSAGE


class DescriptorWriter:
    """Writes to a pipe or socket; whoever does not read makes us wait, and costs no memory.

    Args:
        descriptor: Of the pipe or socket.
        limits: How long we wait.
    """

    def __init__(self, descriptor: int, limits: Limits) -> None:
        self._descriptor = descriptor
        self._seconds = limits.send_seconds
        self._is_closed = False
        # A terminal is also the shell's, which does not expect this of it.
        if not os.isatty(descriptor):
            os.set_blocking(descriptor, False)

    def close(self) -> None:
        """Write nothing more; whoever has opened it closes it."""
        self._is_closed = True

    def write(self, data: bytes) -> None:
        """Write all of it.

        Raises:
            BrokenPipeError: Nobody reads any more.
        """
        rest = memoryview(data)
        while rest and not self._is_closed:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                if not select.select([], [self._descriptor], [], self._seconds)[1]:
                    raise BrokenPipeError(f"nothing was read for {self._seconds:g} s") from None
            except ConnectionError as error:
                raise BrokenPipeError from error

    def send(self, message: dict[str, Any]) -> None:
        """Write a message that is JSON already in all but form."""
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))


def is_stream(descriptor: int) -> bool:
    """Whether a descriptor is that of a pipe, a socket or a terminal, which can be waited for."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)


async def stream_from(pipe: Any) -> tuple[asyncio.StreamReader, asyncio.BaseTransport]:
    """Return a stream of what comes through a pipe, a socket or a terminal.

    Args:
        pipe: An open binary file of it.
    """
    loop = asyncio.get_running_loop()
    stream = asyncio.StreamReader(limit=HEADER_BYTES)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), pipe)
    return stream, transport
