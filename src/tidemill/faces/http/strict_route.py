"""FastAPI's routes with our reading of JSON."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import override

from tidemill.faces.http.asgi import LIMITS
from tidemill.faces.http.json_body import parse_json
from tidemill.faces.http.limits import Limits

__all__ = ["StrictRequest", "StrictRoute"]

_NOT_READ = object()
_USUAL = Limits()


class StrictRequest(Request):
    """A request whose JSON is read by `parse_json`, under the limits of its server."""

    _value: object = _NOT_READ

    @override
    async def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            InputError: It is no JSON, or more than is allowed.
        """
        if self._value is _NOT_READ:
            self._value = parse_json(await self.body(), self.scope.get(LIMITS, _USUAL))
        return self._value


class StrictRoute(APIRoute):
    """A route that reads its JSON strictly.

    A router takes it as ``route_class``, an application as ``app.router.route_class``; routes
    of a router that is included elsewhere stay what they are.
    """

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler, given our request."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(StrictRequest(request.scope, request.receive))

        return handle
