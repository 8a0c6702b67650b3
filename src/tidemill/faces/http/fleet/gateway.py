"""The gateway's application: the routes of a node's server, over several nodes."""

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from tidemill import __version__
from tidemill.faces.http.application import quiet_application
from tidemill.faces.http.fleet import experts, forwarding, health
from tidemill.faces.http.fleet.fleet import Fleet, NoNodeError
from tidemill.faces.http.fleet.replies import no_node

__all__ = ["gateway"]


def gateway(fleet: Fleet) -> FastAPI:
    """Return the API over several nodes.

    Args:
        fleet: The nodes.
    """
    app = quiet_application(title="Tidemill", version=__version__)
    app.state.fleet = fleet
    for resource in (forwarding, experts, health):
        app.include_router(resource.router)
    app.add_exception_handler(NoNodeError, _on_no_node)
    return app


async def _on_no_node(_: Request, __: Exception) -> Response:
    return no_node()
