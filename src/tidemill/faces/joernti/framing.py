"""Where a request ends: at two carriage returns, or when the client has no more to send."""

import asyncio
import socket

from tidemill.core.errors import CapacityError, DeadlineError
from tidemill.faces.joernti.limits import Limits

__all__ = ["PIECE_BYTES", "TERMINATOR", "receive"]

TERMINATOR = b"\r\r"
PIECE_BYTES = 1 << 18


async def receive(sock: socket.socket, limits: Limits) -> bytes:
    """Receive one request, without its end and what comes after.

    JSON has no use for a carriage return but between its tokens, and Joern sends none there.

    Args:
        sock: A connection that does not block.
        limits: Of bytes and seconds.

    Raises:
        CapacityError: It is larger than a request may be; what was received is dropped.
        DeadlineError: The client paused for too long, or took too long in all.
        OSError: The connection broke.
    """
    received = bytearray()
    deadline = _Deadline(limits)
    while True:
        piece = await deadline.bounded_receive(sock)
        if not piece:
            return bytes(received)
        # The end may be split over two pieces.
        unsearched = max(0, len(received) - len(TERMINATOR) + 1)
        received += piece
        end = received.find(TERMINATOR, unsearched)
        if (len(received) if end < 0 else end) > limits.request_bytes:
            raise CapacityError(f"a program slice of more than {limits.request_bytes:,} bytes")
        if end >= 0:
            return bytes(received[:end])


class _Deadline:
    """How long a client may still take."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._ends_at = self._loop.time() + limits.request_seconds

    async def bounded_receive(self, sock: socket.socket) -> bytes:
        """Return what comes next; nothing where the client has ended."""
        left = self._ends_at - self._loop.time()
        try:
            async with asyncio.timeout(min(left, self._limits.idle_seconds)):
                return await self._loop.sock_recv(sock, PIECE_BYTES)
        except TimeoutError as error:
            raise DeadlineError(self._reason(left)) from error

    def _reason(self, left: float) -> str:
        if left > self._limits.idle_seconds:
            return f"nothing came for {self._limits.idle_seconds:g} s before the request ended"
        return f"the request was not complete after {self._limits.request_seconds:g} s"
