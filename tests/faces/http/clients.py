"""Clients, good and bad: raw sockets, so that nothing is mended on the way."""

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from tidemill.faces.http.binding import Address

__all__ = [
    "Answer",
    "ask",
    "connected",
    "exchange",
    "head",
    "read_answer",
    "read_answers",
    "read_rest",
    "until",
]

PATIENCE = 60.0
"""Seconds after which a test gives up; nothing here waits for it to pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response, as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The word of a problem; fails unless the body is one in our form."""
        facts = self.json["error"]
        assert set(facts) == {"message", "type", "param", "code"}
        assert self.headers["content-type"] == "application/json"
        return str(facts["code"])


@contextmanager
def connected(address: Address) -> Iterator[socket.socket]:
    """A connection to a server."""
    place = (address.host, address.port)
    with closing(socket.create_connection(place, timeout=PATIENCE)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield sock


def head(address: Address, line: str, *fields: str, host: str | None = None) -> bytes:
    """A request's header: its line without the version, and its fields."""
    named = host or address.url.removeprefix("http://")
    lines = (f"{line} HTTP/1.1", f"Host: {named}", *fields, "", "")
    return "\r\n".join(lines).encode("latin-1")


def read_answer(sock: socket.socket, *, method: str = "GET") -> Answer:
    """Read one response to a method, and not more."""
    response = http.client.HTTPResponse(sock, method=method)
    with closing(response):
        response.begin()
        body = response.read()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(status=response.status, headers=headers, body=body)


def read_rest(sock: socket.socket) -> bytes:
    """Read until the server closes, or resets."""
    received = bytearray()
    with suppress(ConnectionError):
        while part := sock.recv(1 << 16):
            received += part
    return bytes(received)


def read_answers(sock: socket.socket, count: int) -> list[Answer]:
    """Read several responses that may have come at once."""

    class Kept:
        """A file that no response closes."""

        def __init__(self) -> None:
            self.file = sock.makefile("rb")

        def makefile(self, _mode: str) -> "Kept":
            return self

        def __getattr__(self, name: str) -> Any:
            return getattr(self.file, name)

        def close(self) -> None:
            return

    kept = Kept()
    with kept.file:
        return [read_answer(kept) for _ in range(count)]  # type: ignore[arg-type] # as below


def exchange(address: Address, raw: bytes) -> Answer:
    """Send bytes as they are, and read one answer."""
    with connected(address) as sock:
        sock.sendall(raw)
        return read_answer(sock, method=raw.partition(b" ")[0].decode("latin-1"))


def ask(
    address: Address, line: str, *fields: str, body: bytes | None = None, host: str | None = None
) -> Answer:
    """Send a good request, and read its answer."""
    framing = () if body is None else (f"Content-Length: {len(body)}",)
    return exchange(address, head(address, line, *fields, *framing, host=host) + (body or b""))


def parsed(raw: bytes) -> Answer:
    """Read a response from bytes that are there already."""

    class Canned:
        def makefile(self, _mode: str) -> BytesIO:
            return BytesIO(raw)

    return read_answer(Canned())  # type: ignore[arg-type] # all that HTTPResponse asks for


def until(holds: Callable[[], bool], *, seconds: float = PATIENCE) -> bool:
    """Wait until something holds; say whether it ever did."""
    give_up_at = time.monotonic() + seconds
    while not holds():
        if time.monotonic() >= give_up_at:
            return False
        time.sleep(0.01)
    return True
