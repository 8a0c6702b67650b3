"""One exchange from header to answer: with a deadline, and given up when nobody waits for it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

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

_UNWATCHED_SECONDS = 0.05

_STOPPING = Problem(
    status=503,
    message="the server is stopping and could not finish in time; ask again later",
    code="stopping",
).closing()


class ExchangeGuard:
    """Ends the work for a client that has gone or waited too long.

    The application is cancelled where it awaits, unless it listens itself for the client to go.
    What runs in a thread cannot be cancelled: the client has its answer all the same, and the
    exchange ends when the thread does. Work that must be finished whoever waits belongs to a
    task of its own.

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
        task = asyncio.current_task()
        if scope["type"] != "http" or task is None:
            await self._app(scope, receive, send)
            return
        inbox = _Inbox(receive)
        if not promises_body(scope):
            await inbox.look_ahead()
        await self._serve(scope, inbox, Reply(send), task)

    async def _serve(
        self, scope: Scope, inbox: "_Inbox", reply: Reply, task: "asyncio.Task[Any]"
    ) -> None:
        watch = _Watch(partial(self._end_of_patience, inbox, reply), task)
        watch.begin_after(min(_UNWATCHED_SECONDS, self._seconds))
        try:
            await self._app(scope, inbox.receive, reply)
        except asyncio.CancelledError:
            # Either the watch did it, or the server stops; both want no more than an end.
            task.uncancel()
            await reply.refuse(_STOPPING)
        finally:
            watch.end()

    async def _end_of_patience(self, inbox: "_Inbox", reply: Reply) -> None:
        """Return when the work is not wanted any more, and the client knows."""
        try:
            async with asyncio.timeout(max(0.0, self._seconds - _UNWATCHED_SECONDS)):
                await inbox.client_has_gone()
                if reply.finished or inbox.is_listened_to:
                    # What is done behind an answer, or by who knows that the client has gone,
                    # has time until the deadline.
                    await asyncio.Event().wait()
            reply.mute()
        except TimeoutError:
            await reply.refuse(self._too_late)


class _Watch:
    """Cancels a task at the end of patience, unless the task ends before."""

    def __init__(self, patience: Callable[[], Awaitable[None]], task: "asyncio.Task[Any]") -> None:
        self._patience = patience
        self._task = task
        self._timer: asyncio.TimerHandle | None = None
        self._watching: asyncio.Task[None] | None = None

    def begin_after(self, seconds: float) -> None:
        """Most exchanges are over before it is worth a task to watch them."""
        self._timer = asyncio.get_running_loop().call_later(seconds, self._begin)

    def end(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()

    def _begin(self) -> None:
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        await self._patience()
        self._task.cancel()


class _Inbox:
    """What the client sends, for two who listen: the application, and the watch for its end."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._kept: Message | None = None
        self.is_listened_to = False
        """Whether the application waits for the client to go."""
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
        self.is_listened_to = True
        try:
            await self._gone.wait()
        finally:
            self.is_listened_to = False
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
