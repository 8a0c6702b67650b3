"""One exchange from header to answer: with a deadline, and given up when nobody waits for it."""

import asyncio
from contextlib import suppress

from tidemill.faces.http.asgi import (
    DISCONNECT,
    Application,
    Message,
    Receive,
    Scope,
    Send,
    promises_body,
)
from tidemill.faces.http.limits import Limits
from tidemill.faces.http.problems import Problem
from tidemill.faces.http.replies import Reply

__all__ = ["ExchangeGuard"]

_STOPPING = Problem(
    status=503,
    message="the server is stopping and could not finish in time; ask again later",
    code="stopping",
).closing()


class ExchangeGuard:
    """Ends the work for a client that has gone or waited too long.

    The application is cancelled where it awaits. What runs in a thread cannot be cancelled: the
    client has its answer all the same, and the exchange ends when the thread does. Work that
    must be finished whoever waits belongs to a task of its own.

    Args:
        app: The application.
        limits: Say how long an exchange may take.
    """

    def __init__(self, app: Application, limits: Limits) -> None:
        self._app = app
        self._seconds = limits.request_seconds
        self._too_late = Problem(
            status=504,
            message=f"the answer took longer than {limits.request_seconds:g} s",
            code="deadline_exceeded",
        ).closing()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one exchange."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        reply = Reply(send)
        inbox = _Inbox(receive)
        if not promises_body(scope):
            await inbox.look_ahead()
        work = asyncio.ensure_future(self._app(scope, inbox.receive, reply))
        watch = asyncio.ensure_future(inbox.client_has_gone())
        try:
            await self._wait(work, watch, reply)
        except asyncio.CancelledError:
            # Only a server that stops cancels an exchange, and it waits for nothing more.
            work.cancel()
            await reply.refuse(_STOPPING)
        finally:
            watch.cancel()
        with suppress(asyncio.CancelledError):
            await work

    async def _wait(
        self, work: "asyncio.Future[None]", watch: "asyncio.Future[None]", reply: Reply
    ) -> None:
        """Wait for the work; cancel it when it is not wanted any more."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._seconds
        done, _ = await asyncio.wait(
            {work, watch}, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if work not in done and reply.finished:
            # Answered; what it does behind the answer has the same deadline.
            done, _ = await asyncio.wait({work}, timeout=max(0.0, until - loop.time()))
        if work in done:
            return
        work.cancel()
        if watch in done:
            reply.mute()
        else:
            await reply.refuse(self._too_late)


class _Inbox:
    """What the client sends, for two who listen: the application, and the watch for its end."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._kept: Message | None = None
        self._whole = asyncio.Event()
        self._gone = asyncio.Event()

    async def look_ahead(self) -> None:
        """Fetch the one message of a request without a body, to listen behind it at once."""
        self._kept = await self._receive()
        self._note(self._kept)

    async def receive(self) -> Message:
        """Return the next message for the application, as ASGI's ``receive``."""
        if self._kept is not None:
            kept, self._kept = self._kept, None
            return kept
        if not self._whole.is_set():
            message = await self._receive()
            self._note(message)
            return message
        await self._gone.wait()
        return {"type": DISCONNECT}

    async def client_has_gone(self) -> None:
        """Return when the client has gone, or has its whole answer."""
        await self._whole.wait()
        while not self._gone.is_set():
            self._note(await self._receive())

    def _note(self, message: Message) -> None:
        if message["type"] == DISCONNECT:
            self._gone.set()
        if message["type"] == DISCONNECT or not message.get("more_body", False):
            self._whole.set()
