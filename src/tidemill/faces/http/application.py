"""A FastAPI application that keeps to itself."""

from fastapi import FastAPI

from tidemill.faces.http.handlers import install_error_handlers
from tidemill.faces.http.strict_route import StrictRoute

__all__ = ["quiet_application"]


def quiet_application(*, title: str, version: str) -> FastAPI:
    """Return an application without routes: strict JSON, errors in our form, no calls home.

    Its own pages of documentation load scripts from elsewhere, its telemetry sends what an
    environment variable says, and its redirects repeat the Host that a client named: all three
    are off.

    Args:
        title: Of the API, in its schema.
        version: Of the API, in its schema.
    """
    app = FastAPI(
        title=title,
        version=version,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    app.router.route_class = StrictRoute
    install_error_handlers(app)
    return app
