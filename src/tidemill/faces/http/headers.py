"""What every answer carries, so that a browser does no more with it than was meant."""

from tidemill.faces.http.asgi import Application, HeaderList, Message, Receive, Scope, Send

__all__ = ["SECURITY_HEADERS", "SecurityHeaders", "with_security_headers"]

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; media-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, nothing inline: a script in an indexed file stays a text."""

SECURITY_HEADERS: HeaderList = (
    (b"server", b"tidemill"),
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""Of every answer; an application cannot change them."""

NO_STORE = (b"cache-control", b"no-store")
"""Of every answer whose application says nothing of caches."""

_OURS = {name for name, _ in SECURITY_HEADERS}


def with_security_headers(headers: HeaderList) -> HeaderList:
    """Return headers with those that every answer has; ours take the place of equal names."""
    kept = tuple((name, value) for name, value in headers if name.lower() not in _OURS)
    says_of_caches = any(name.lower() == NO_STORE[0] for name, _ in kept)
    return (*SECURITY_HEADERS, *kept) if says_of_caches else (*SECURITY_HEADERS, NO_STORE, *kept)


class SecurityHeaders:
    """Adds to every answer what `with_security_headers` says.

    Args:
        app: The application.
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one exchange."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = with_security_headers(tuple(message.get("headers", ())))
                message = {**message, "headers": list(headers)}
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
