"""An application called without a server."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.faces.http.clients import Answer
from tidemill.faces.http.asgi import Application, Message, Scope

__all__ = ["Client", "call", "scope_of"]

WHOLE: Message = {"type": "http.request", "body": b"", "more_body": False}


def scope_of(method: str, path: str, *fields: tuple[bytes, bytes]) -> Scope:
    """The scope of a request to a server at 127.0.0.1:8420."""
    named = any(name == b"host" for name, _ in fields)
    host = () if named else ((b"host", b"127.0.0.1:8420"),)
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [*host, *fields],
    }


@dataclass
class Client:
    """What a client sends, and what it has got."""

    sends: Sequence[Message | float] = (WHOLE,)
    got: list[Message] = field(default_factory=list)
    received: int = 0

    async def receive(self) -> Message:
        """The next message; a number is a pause before it; at the end, silence."""
        while self.received < len(self.sends):
            message = self.sends[self.received]
            self.received += 1
            if not isinstance(message, int | float):
                return message
            await asyncio.sleep(message)
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, message: Message) -> None:
        """Take a part of the answer."""
        self.got.append(message)

    @property
    def answer(self) -> Answer:
        """The answer, which must be whole."""
        start, *parts = self.got
        assert start["type"] == "http.response.start"
        assert [part.get("more_body", False) for part in parts][-1:] == [False]
        headers = {name.decode(): value.decode() for name, value in start.get("headers", ())}
        body = b"".join(part.get("body", b"") for part in parts)
        return Answer(status=start["status"], headers=headers, body=body)


def call(app: Application, scope: Scope, *sends: Message | float) -> Client:
    """Serve one exchange, and return what the client has of it."""
    client = Client(sends=sends or (WHOLE,))
    asyncio.run(_serve(app, scope, client))
    return client


async def _serve(app: Application, scope: Scope, client: Client) -> None:
    async with asyncio.timeout(60):
        await app(scope, client.receive, client.send)
