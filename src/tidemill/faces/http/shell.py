"""The shell around an application, from the outermost layer to the innermost."""

from tidemill.faces.http.access import AccessGuard, AccessPolicy
from tidemill.faces.http.asgi import Application
from tidemill.faces.http.bodies import BodyLimits
from tidemill.faces.http.errors import ErrorShield
from tidemill.faces.http.exchanges import ExchangeGuard
from tidemill.faces.http.headers import SecurityHeaders
from tidemill.faces.http.limits import Limits

__all__ = ["hardened"]


def hardened(app: Application, *, allowed: AccessPolicy, limits: Limits) -> Application:
    """Return an application that can be shown to strangers.

    Every answer has the security headers, an error included; an error of any layer below is
    answered; the deadline holds for all that follows; who may not ask is refused before a
    byte of a body is read.

    Args:
        app: Any ASGI application.
        allowed: Who may ask.
        limits: What one client may take.
    """
    inner = BodyLimits(app, limits)
    guarded = ExchangeGuard(AccessGuard(inner, allowed), limits)
    return SecurityHeaders(ErrorShield(guarded))
