"""Clients, good and bad: raw sockets, so that nothing is mended on the way."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

from tidemill.faces.joernti.binding import Address

__all__ = ["PATIENCE", "ask", "connected", "read_rest", "request", "until"]

PATIENCE = 60.0
"""Seconds after which a test gives up; nothing here waits for it to pass."""


@contextmanager
def connected(address: Address) -> Iterator[socket.socket]:
    """A connection to a server."""
    place = (address.host, address.port)
    with closing(socket.create_connection(place, timeout=PATIENCE)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield sock


def request(program_slice: object) -> bytes:
    """A program slice as Joern sends it."""
    return json.dumps(program_slice).encode() + b"\r\r"


def read_rest(sock: socket.socket) -> bytes:
    """Read until the server closes, or resets."""
    received = bytearray()
    with suppress(ConnectionError):
        while part := sock.recv(1 << 16):
            received += part
    return bytes(received)


def ask(address: Address, raw: bytes) -> Any:
    """Send bytes, and read the answer as Joern does: every byte is a character."""
    with connected(address) as sock:
        sock.sendall(raw)
        return json.loads(read_rest(sock).decode("latin-1"))


def until(holds: Callable[[], bool], *, seconds: float = PATIENCE) -> bool:
    """Wait until something holds; say whether it ever did."""
    give_up_at = time.monotonic() + seconds
    while not holds():
        if time.monotonic() >= give_up_at:
            return False
        time.sleep(0.01)
    return True
