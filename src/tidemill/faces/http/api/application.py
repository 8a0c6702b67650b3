"""The application: every route over one node."""

from fastapi import FastAPI

from tidemill import __version__
from tidemill.faces.http.api import embeddings, experts, health, search
from tidemill.faces.http.api.service import Service
from tidemill.faces.http.application import quiet_application

__all__ = ["application"]


def application(service: Service) -> FastAPI:
    """Return the API over a node.

    Args:
        service: What the routes speak for.
    """
    app = quiet_application(title="Tidemill", version=__version__)
    app.state.service = service
    for resource in (embeddings, experts, search, health):
        app.include_router(resource.router)
    return app
