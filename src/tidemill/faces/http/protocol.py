"""uvicorn's protocol with a guard at its door: what no ASGI application can see or stop.

An application is called when a header is whole. Everything before (who connects and sends
nothing, a header that never ends, text that is no HTTP) and everything after (who does not read
the answer) is decided here.
"""

import asyncio
import logging
from typing import Any

import h11
from typing_extensions import override
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import (
    STATUS_PHRASES,
    H11Protocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from tidemill.faces.http.connection import StrictConnection
from tidemill.faces.http.headers import with_security_headers
from tidemill.faces.http.limits import Limits
from tidemill.faces.http.places import Places
from tidemill.faces.http.problems import Problem
from tidemill.faces.http.transport import PoliteTransport

__all__ = ["GuardedProtocol"]

_WORTH_WAKING = 32 << 10

_LOGGER = logging.getLogger("tidemill.http")


class GuardedProtocol(H11Protocol):
    """One connection: uvicorn's reading and answering, under our limits.

    Args:
        config: uvicorn's.
        server_state: uvicorn's.
        app_state: Of the application's lifespan.
        _loop: Unused by uvicorn's server.
        limits: What a client may take.
        places: For connections; one object for all of a server.
    """

    def __init__(
        self,
        *,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        limits: Limits,
        places: Places,
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn: StrictConnection = StrictConnection(limits)
        self._limits = limits
        self._places = places
        self._polite: PoliteTransport
        self._header_timer: asyncio.TimerHandle | None = None
        self._held = b""
        self._refused = False

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the connection a place, or tell it that there is none."""
        self._polite = PoliteTransport(transport, self._limits, on_leave=self._begin_to_leave)
        super().connection_made(self._polite)
        if self._places.admit(self):
            self._expect_header()
        else:
            self._refuse(_crowded(self._limits))

    @override
    def data_received(self, data: bytes) -> None:
        """Read on; what comes after the last answer is dropped unread."""
        if self._polite.leaving:
            return
        if self.conn.awaits_header:
            self._expect_header()
        if self._held:
            data = self._held + data
        # Bytes of a body that come one by one are not worth waking the application.
        if len(data) < min(self.conn.body_left, _WORTH_WAKING):
            self._held = data
        else:
            self._held = b""
            super().data_received(data)

    @override
    def handle_events(self) -> None:
        """Act on what was read so far, or refuse it."""
        super().handle_events()
        if self.conn.refusal is not None and not self._polite.leaving:
            self._refuse(self.conn.refusal)
        elif not self.conn.awaits_header:
            self._stop_header_timer()
            self._places.begins_work(self)

    @override
    def on_response_complete(self) -> None:
        """Wait for the next request, or leave when this one was not even read."""
        if self.conn.awaits_body:
            # Reading what nobody wants would be a place for nothing.
            self._polite.close()
        super().on_response_complete()
        if self.conn.awaits_header and not self._polite.is_closing():
            if not self._polite.get_write_buffer_size():
                self._places.begins_to_wait(self)
            if self.conn.trailing_data[0]:
                # The next request has begun: its clock runs, not that of idleness.
                self._unset_keepalive_if_required()
                self._expect_header()

    @override
    def eof_received(self) -> None:
        """The client sends no more: it has gone, as uvicorn sees it."""
        self._polite.hang_up()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the application, and free the place."""
        self._stop_header_timer()
        self._unset_keepalive_if_required()
        self._polite.leaving = True
        self._polite.release()
        self._places.left(self)
        super().connection_lost(exc)

    @override
    def shutdown(self) -> None:
        """Finish what runs, and leave; uvicorn calls this when the server stops."""
        if not self._polite.leaving:
            super().shutdown()

    @override
    def pause_writing(self) -> None:
        """The client does not take what is sent; uvicorn makes the application wait."""
        super().pause_writing()
        self._polite.watch_for_a_stall()

    @override
    def resume_writing(self) -> None:
        """The client has taken enough."""
        super().resume_writing()
        self._polite.stop_watching()

    def give_way(self) -> None:
        """Go at once: this connection only waited, and its place is needed."""
        self._polite.abort()

    @override
    def _should_upgrade(self) -> bool:
        # Web sockets are not spoken here; uvicorn would log every client that asks.
        return False

    def _expect_header(self) -> None:
        """Start the clock of a header, unless it runs."""
        if self._header_timer is None:
            self._header_timer = self.loop.call_later(
                self._limits.header_seconds, self._header_is_late
            )

    def _stop_header_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _header_is_late(self) -> None:
        self._header_timer = None
        if self._polite.is_closing():
            return
        if self.conn.trailing_data[0]:
            self._write(_late(self._limits))
        # The client had its time.
        self._polite.hang_up()

    def _refuse(self, problem: Problem) -> None:
        """Answer in place of the application, and leave."""
        _LOGGER.debug("a connection was refused: %s", problem.code)
        self._refused = True
        _silence(self.cycle)
        if self.conn.can_answer:
            self._write(problem)
        self._polite.close()

    def _write(self, problem: Problem) -> None:
        problem = problem.closing()
        headers = self.server_state.default_headers + list(with_security_headers(problem.head()))
        response = h11.Response(
            status_code=problem.status, headers=headers, reason=STATUS_PHRASES[problem.status]
        )
        content = b"" if self.conn.answers_head else problem.content()
        self._polite.write(self.conn.send(response))
        self._polite.write(self.conn.send(h11.Data(data=content)))
        self._polite.write(self.conn.send(h11.EndOfMessage()))

    def _begin_to_leave(self) -> bool:
        """Free the place; say whether the client may still be sending."""
        self._stop_header_timer()
        self._unset_keepalive_if_required()
        return self._places.begins_to_leave(self) and (self._refused or self.conn.awaits_body)


def _silence(cycle: RequestResponseCycle | None) -> None:
    """Tell an application, if one is at work, that its client has gone: we answer for it."""
    if cycle is not None and not cycle.response_complete:
        cycle.disconnected = True
        cycle.message_event.set()


def _crowded(limits: Limits) -> Problem:
    problem = Problem(
        status=503,
        message="the server has as many connections as it takes; come again",
        code="too_many_connections",
    )
    return problem.retried_after(limits.retry_after_seconds)


def _late(limits: Limits) -> Problem:
    return Problem(
        status=408,
        message=f"the header did not arrive within {limits.header_seconds:g} s",
        code="header_timeout",
    )
