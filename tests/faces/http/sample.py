"""A small application that shows what reaches it."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tidemill.faces.http.asgi import Message, Receive, Scope, Send

__all__ = ["SampleApplication"]


class SampleApplication:
    """Counts bodies, sleeps, hangs, breaks, floods: what the path says."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.paths: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        self.paths.append(scope["path"])
        work = getattr(self, "do_" + scope["path"].strip("/").replace("/", "_"), None)
        if work is None:
            await answer(send, {"error": "nothing here"}, status=404)
        else:
            await work(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        for phase in ("startup", "shutdown"):
            await receive()
            self.events.append(phase)
            await send({"type": f"lifespan.{phase}.complete"})

    async def do_health(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await answer(send, {"status": "ok"})

    async def do_facts(self, scope: Scope, _receive: Receive, send: Send) -> None:
        facts = {
            "peak_kib": peak_kib(),
            "events": self.events,
            "client": scope.get("client"),
            "scheme": scope.get("scheme"),
        }
        await answer(send, facts)

    async def do_count(self, _scope: Scope, receive: Receive, send: Send) -> None:
        parts = await self._parts(receive)
        if parts is not None:
            await answer(send, {"bytes": sum(map(len, parts))})

    async def do_echo(self, _scope: Scope, receive: Receive, send: Send) -> None:
        parts = await self._parts(receive)
        if parts is not None:
            await answer(send, {"body": b"".join(parts).decode()})

    async def _parts(self, receive: Receive) -> list[bytes] | None:
        """Read all of the body, and keep it, as frameworks do."""
        parts: list[bytes] = []
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.events.append("gone while reading")
                return None
            parts.append(message["body"])
            if not message["more_body"]:
                return parts

    async def do_ignore(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await answer(send, {"read": 0})

    async def do_sleep(self, scope: Scope, _receive: Receive, send: Send) -> None:
        self.events.append("asleep")
        try:
            await asyncio.sleep(float(query(scope, "seconds")))
        except asyncio.CancelledError:
            # Some things take a moment to put away.
            await asyncio.sleep(0.05)
            self.events.append("cancelled")
            raise
        await answer(send, {"slept": True})

    async def do_hang(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        """Wait for the client to go, and note that it did."""
        self.events.append("hanging")
        while (await receive())["type"] != "http.disconnect":
            pass
        self.events.append("gone")

    async def do_boom(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ZeroDivisionError("the combination is 1234")

    async def do_half(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise ZeroDivisionError("the other half is missing")

    async def do_big(self, scope: Scope, _receive: Receive, send: Send) -> None:
        size = int(query(scope, "bytes"))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(0, size, 1 << 16):
            await send({"type": "http.response.body", "body": b"x" * (1 << 16), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def answer(send: Send, facts: dict[str, Any], *, status: int = 200) -> None:
    """Send JSON."""
    body = json.dumps(facts).encode()
    start: Message = {
        "type": "http.response.start",
        "status": status,
        "headers": [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body})


def query(scope: Scope, name: str) -> str:
    """A parameter of the URL."""
    values: list[str] = parse_qs(scope["query_string"].decode())[name]
    return values[0]


def peak_kib() -> int:
    """The most memory that we ever had."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])
