"""Bodies of requests: not too large, not too slow, not packed.

An application learns of a refused body as of a client that has gone, which every ASGI
application must bear anyway; the client has been told why by then.
"""

import asyncio

from tidemill.faces.http.asgi import (
    DISCONNECT,
    LIMITS,
    Application,
    Message,
    Receive,
    Scope,
    Send,
    header_values,
    promises_body,
)
from tidemill.faces.http.limits import Limits
from tidemill.faces.http.problems import Problem
from tidemill.faces.http.replies import Reply

__all__ = ["BodyLimits"]

_PACKED = Problem(
    status=415,
    message="bodies must not be compressed; send it without Content-Encoding",
    code="unsupported_encoding",
    headers=((b"accept-encoding", b"identity"),),
)
_BAD_LENGTH = Problem(status=400, message="Content-Length is no number", code="bad_content_length")


class BodyLimits:
    """Refuses bodies that are announced or turn out too large, or take too long.

    Args:
        app: The application.
        limits: What is allowed.
    """

    def __init__(self, app: Application, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._too_large = Problem(
            status=413,
            message=f"the body is larger than {limits.body_bytes:,} bytes; send less at once",
            code="body_too_large",
        ).closing()
        self._too_slow = Problem(
            status=408,
            message=f"the body did not arrive within {limits.body_seconds:g} s",
            code="body_timeout",
        ).closing()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one exchange."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[LIMITS] = self._limits
        reply = Reply(send)
        refusal = self._at_first_sight(scope)
        if refusal is not None:
            await reply.refuse(refusal)
            return
        await self._serve(scope, receive, reply)

    async def _serve(self, scope: Scope, receive: Receive, reply: Reply) -> None:
        until = asyncio.get_running_loop().time() + self._limits.body_seconds
        body = _Body(receive, most=self._limits.body_bytes, until=until)
        refused = False

        async def receive_within_limits() -> Message:
            nonlocal refused
            try:
                return await body.receive()
            except _TooLargeError:
                refused = await reply.refuse(self._too_large)
            except TimeoutError:
                refused = await reply.refuse(self._too_slow)
            return {"type": DISCONNECT}

        try:
            await self._app(scope, receive_within_limits, reply)
        except Exception:
            # What an application makes of a client that has gone is of no interest.
            if not refused:
                raise

    def _at_first_sight(self, scope: Scope) -> Problem | None:
        """Say what the header alone gives away."""
        encodings = b",".join(header_values(scope, b"content-encoding"))
        if encodings.strip().lower() not in {b"", b"identity"}:
            return _PACKED.closing() if promises_body(scope) else _PACKED
        for length in header_values(scope, b"content-length"):
            if not length.isdigit():
                return _BAD_LENGTH.closing()
            if len(length) > 20 or int(length) > self._limits.body_bytes:
                return self._too_large
        return None


class _TooLargeError(Exception):
    """More bytes than are allowed have arrived."""


class _Body:
    """One body on its way in: counts its bytes and knows its deadline."""

    def __init__(self, receive: Receive, *, most: int, until: float) -> None:
        self._receive = receive
        self._most = most
        self._until = until
        self._bytes = 0
        self._ended = False
        self._failure: type[Exception] | None = None

    async def receive(self) -> Message:
        if self._failure is not None:
            return {"type": DISCONNECT}
        if self._ended:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
            self._count(message)
        except (TimeoutError, _TooLargeError) as error:
            self._failure = type(error)
            raise
        return message

    def _count(self, message: Message) -> None:
        self._ended = message["type"] != "http.request" or not message.get("more_body", False)
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._most:
            raise _TooLargeError
