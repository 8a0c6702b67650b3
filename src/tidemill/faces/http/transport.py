"""A transport whose end is polite and bounded.

Closing a socket with bytes unread resets the connection, and a reset may destroy an answer that
the client has not read yet: just the clients that are refused would never see why. Closing one
with bytes unsent waits for the client, for ever if it takes none. So this one, when it is
closed, stops sending, listens on for a moment, and leaves when nothing moves.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from typing_extensions import override

from tidemill.faces.http.limits import Limits

__all__ = ["PoliteTransport"]

_RESET = struct.pack("ii", 1, 0)
_LEAST_PROGRESS = 4 << 10
"""Bytes that a client takes in a period, or it does not move."""


class PoliteTransport(asyncio.Transport):
    """Stands before the real transport of one connection.

    Args:
        wire: The real one.
        limits: How long to listen on, and how long to wait for a client that takes nothing.
        on_leave: Called once when leaving begins, before anything else is done; says whether
            the client may still be sending, and is worth listening to.
    """

    def __init__(
        self, wire: asyncio.Transport, limits: Limits, *, on_leave: Callable[[], bool]
    ) -> None:
        super().__init__()
        self._wire = wire
        self._limits = limits
        self._on_leave = on_leave
        self._timer: asyncio.TimerHandle | None = None
        self.leaving: bool = False

    @override
    def close(self) -> None:
        """Send what is unsent, and listen on where that is worth it."""
        if self.is_closing():
            return
        self.leaving = True
        if self._on_leave() and self._wire.can_write_eof():
            with suppress(OSError):
                self._wire.write_eof()
            self._wire.resume_reading()
            self._watch(self._limits.linger_seconds)
        else:
            self._close_wire()

    def hang_up(self) -> None:
        """Send what is unsent, and listen to nothing."""
        if self.is_closing():
            return
        self.leaving = True
        self._on_leave()
        self._close_wire()

    @override
    def abort(self) -> None:
        """Leave at once, whatever is unsent."""
        self.leaving = True
        self.release()
        sock = self._wire.get_extra_info("socket")
        if sock is not None:
            # Else the system would go on sending what the client does not take.
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._wire.abort()

    def watch_for_a_stall(self) -> None:
        """Leave when the client takes nothing of what is sent to it."""
        if self._timer is None:
            self._watch(self._limits.stall_seconds)

    def stop_watching(self) -> None:
        """The client has taken what was sent."""
        if not self.leaving:
            self.release()

    def release(self) -> None:
        """Forget the timer: the connection is no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close_wire(self) -> None:
        self._wire.close()
        self._watch(self._limits.stall_seconds)

    def _watch(self, seconds: float) -> None:
        self.release()
        unsent = self._wire.get_write_buffer_size()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, self._leave_unless_moving, unsent)

    def _leave_unless_moving(self, unsent_before: int) -> None:
        unsent = self._wire.get_write_buffer_size()
        if unsent and unsent_before - unsent >= _LEAST_PROGRESS:
            self._watch(self._limits.stall_seconds)
        else:
            self.abort()

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, unless we are leaving."""
        if not self.leaving:
            self._wire.write(data)

    @override
    def is_closing(self) -> bool:
        """Whether nothing more is sent."""
        return self.leaving or self._wire.is_closing()

    @override
    def pause_reading(self) -> None:
        """Read nothing for now, unless we are leaving."""
        if not self.leaving:
            self._wire.pause_reading()

    @override
    def resume_reading(self) -> None:
        """Read on."""
        self._wire.resume_reading()

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the real transport knows."""
        return self._wire.get_extra_info(name, default)

    @override
    def get_write_buffer_size(self) -> int:
        """Return the bytes that are unsent."""
        return self._wire.get_write_buffer_size()
