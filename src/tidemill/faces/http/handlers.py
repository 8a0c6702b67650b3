"""FastAPI's errors in our form: what its own handlers would say otherwise."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tidemill.core.errors import TidemillError
from tidemill.faces.http.asgi import HeaderList
from tidemill.faces.http.errors import INTERNAL, problem_of, report
from tidemill.faces.http.problems import Problem

__all__ = ["install_error_handlers", "problem_of_http", "problem_of_validation"]

_CODES = {
    404: ("not_found", "there is nothing at this path"),
    405: ("method_not_allowed", "this path does not take this method"),
}
# What the answer says of itself is ours.
_FRAMING = {"content-type", "content-length", "transfer-encoding", "connection"}


def install_error_handlers(app: FastAPI) -> None:
    """Make an application answer every error as a problem.

    Errors that nothing here knows are said to be internal, raised on, and logged by the shell.

    Args:
        app: The application.
    """
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(TidemillError, _on_ours)
    app.add_exception_handler(Exception, _on_unknown)


def problem_of_http(error: HTTPException) -> Problem:
    """Say one of Starlette's errors; of one that was made of ours, say ours.

    Args:
        error: With a status, and perhaps a detail that is a text.
    """
    if isinstance(error.__cause__, TidemillError):
        # FastAPI hides what the reading of a body raises behind a text of its own.
        return problem_of(error.__cause__)
    if error.status_code >= 500 and error.status_code != 503:
        return INTERNAL
    code, message = _CODES.get(error.status_code, (f"http_{error.status_code}", error.detail))
    return Problem(
        status=error.status_code,
        message=str(message)[:500],
        code=code,
        headers=_headers(error.headers),
    )


def problem_of_validation(error: RequestValidationError) -> Problem:
    """Say the first thing that does not fit, and how many more there are.

    What the client sent is not repeated.

    Args:
        error: Of FastAPI.
    """
    found = error.errors()
    if not found:
        return Problem(status=422, message="the request does not fit", code="invalid_request")
    first = found[0]
    place = _place(first.get("loc", ()))
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return Problem(
        status=422,
        message=f"{place or 'request'}: {str(first.get('msg', 'does not fit'))[:500]}{more}",
        code=str(first.get("type", "invalid_request")),
        param=place or None,
    )


def _place(parts: Any) -> str:
    """Return a field as ``messages.0.role``, without the word for where it stood."""
    words = [str(part)[:100] for part in tuple(parts)[:10]]
    return ".".join(words[1:] if words and words[0] in {"body", "query", "path"} else words)


def _headers(given: Mapping[str, str] | None) -> HeaderList:
    return tuple(
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in (given or {}).items()
        if name.lower() not in _FRAMING
    )


def _response(problem: Problem) -> Response:
    response = Response(problem.content(), status_code=problem.status)
    response.raw_headers = list(problem.head())
    return response


async def _on_http(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return _response(INTERNAL)
    if error.status_code < 400:
        # Somebody's way to redirect; it is no problem, and may not have a body.
        return Response(status_code=error.status_code, headers=error.headers)
    return _response(problem_of_http(error))


async def _on_validation(_: Request, error: Exception) -> Response:
    if isinstance(error, RequestValidationError):
        return _response(problem_of_validation(error))
    return _response(INTERNAL)


async def _on_ours(request: Request, error: Exception) -> Response:
    return _response(report(error, request.scope))


async def _on_unknown(_: Request, error: Exception) -> Response:
    # Starlette raises it again behind this answer; whoever stands outside logs it, once.
    return _response(problem_of(error))
