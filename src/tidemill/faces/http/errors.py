"""What went wrong inside, said outside: every error of the tree as a problem of HTTP.

=================  ======  ==========================================================
error              status  why
=================  ======  ==========================================================
InputError         400     the client's text cannot be used
ParseTimeoutError  422     it is well-formed, and took too long
SettingError       422     a value is unknown or out of range
ExpertError        404     there is no such expert that may be used
BusyError          429     there is room a little later, and the error knows when
DeadlineError      504     it took longer than anybody waits
LockedError        503     another job holds the lock
CapacityError      507     there is no room, however long one waits
StoreError         503     the server's owner can mend it, the client cannot
MissingExtraError  501     the server was installed without it
MissingToolError   501     the server's machine lacks a program
anything else      500     ours; the log says what
=================  ======  ==========================================================
"""

import logging

from tidemill.core.errors import (
    BusyError,
    CapacityError,
    DeadlineError,
    ExpertError,
    InputError,
    LockedError,
    MissingExtraError,
    MissingToolError,
    ParseTimeoutError,
    SettingError,
    StoreError,
    TidemillError,
)
from tidemill.faces.http.asgi import Application, Receive, Scope, Send
from tidemill.faces.http.problems import Problem
from tidemill.faces.http.replies import Reply

__all__ = ["INTERNAL", "ErrorShield", "problem_of", "report"]

INTERNAL = Problem(
    status=500,
    message="the server made a mistake; its log says which",
    code="internal_error",
)
"""What is said of an error that is nobody's business outside."""

_LOGGER = logging.getLogger("tidemill.http")

# From the special to the general; the first that fits counts.
_SPOKEN: tuple[tuple[type[TidemillError], int, str], ...] = (
    (ParseTimeoutError, 422, "parse_timeout"),
    (InputError, 400, "invalid_input"),
    (SettingError, 422, "invalid_value"),
    (ExpertError, 404, "model_not_found"),
    (MissingExtraError, 501, "not_installed"),
    (BusyError, 429, "over_capacity"),
    (DeadlineError, 504, "deadline_exceeded"),
)
# What these say names files, processes and hosts of the server: the log's business.
_LOCKED = Problem(
    status=503,
    message="another job of this kind is running; come again when it has finished",
    code="locked",
).retried_after(1)
_TOOL = Problem(
    status=501,
    message="the server's machine lacks a program that this needs; its log says which",
    code="not_installed",
)
_STORE = Problem(
    status=503,
    message="the server's store cannot be used; its log says why",
    code="store_unavailable",
)
_UNSPOKEN = ((StoreError, _STORE), (MissingToolError, _TOOL))
_FULL = Problem(
    status=507,
    message="the server's disk is full or failed; its log says which",
    code="insufficient_storage",
)


def problem_of(error: BaseException) -> Problem:
    """Say an error to a client: in its own words where the client can mend it.

    Args:
        error: Anything that was raised.
    """
    for kind, status, code in _SPOKEN:
        if isinstance(error, kind):
            problem = Problem(status=status, message=str(error), code=code)
            seconds = getattr(error, "retry_after_seconds", None)
            return problem if seconds is None else problem.retried_after(seconds)
    if isinstance(error, CapacityError):
        return _no_room(error)
    return next((problem for kind, problem in _UNSPOKEN if isinstance(error, kind)), INTERNAL)


def report(error: BaseException, scope: Scope) -> Problem:
    """Return the problem of an error, and log what the client is not told.

    Neither the query nor a header is logged, for both may hold secrets.

    Args:
        error: What was raised.
        scope: Of the request in which it was.
    """
    problem = problem_of(error)
    where = f"{scope['method']} {scope['path'][:200]!r}"
    if problem is INTERNAL:
        _LOGGER.error("%s failed", where, exc_info=error)
    elif problem.status >= 500:
        _LOGGER.warning("%s was refused: %s", where, error)
    return problem


class ErrorShield:
    """Answers for an application that raises, and says nothing of what is inside.

    An answer that has begun cannot be taken back; its connection is closed unfinished.

    Args:
        app: The application.
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one exchange."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        reply = Reply(send)
        try:
            await self._app(scope, receive, reply)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            problem = report(error, scope)
            # The body may still be on its way, and nobody will read it.
            await reply.refuse(problem.closing())


def _no_room(error: CapacityError) -> Problem:
    if isinstance(error, LockedError):
        return _LOCKED
    if isinstance(error.__cause__, OSError):
        return _FULL
    return Problem(status=507, message=str(error), code="no_room")
