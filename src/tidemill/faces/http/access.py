"""Who may ask: known host names, pages of our own, and holders of the token.

A page from elsewhere reaches a server on loopback through the visitor's browser, either under
its own name that it has pointed at 127.0.0.1 (DNS rebinding: a foreign Host) or by a request
across sites (a foreign Origin). Both are refused for every method, before anything is read.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from tidemill.core.errors import SettingError
from tidemill.faces.http.asgi import Application, Receive, Scope, Send, header_values
from tidemill.faces.http.bearer import BearerToken
from tidemill.faces.http.problems import Problem
from tidemill.faces.http.replies import Reply

__all__ = ["AccessGuard", "AccessPolicy", "policy"]

OPEN_PATH = "/health"
"""Asked for by those who start and stop servers, who hold no token; it says that we are alive,
and nothing else. Host and Origin are checked there too."""

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_HOST = re.compile(
    r"(?P<name>[a-z0-9](?:[a-z0-9._-]{0,252}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
)
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>.+)")
_DEFAULT_PORTS = {"http": 80, "https": 443}

_MISDIRECTED = Problem(
    status=421,
    message="this server does not answer to that Host; its owner can allow the name",
    code="unknown_host",
).closing()
_FOREIGN = Problem(
    status=403,
    message="pages of other sites may not ask this server; its owner can allow the Origin",
    code="foreign_origin",
).closing()
_UNKNOWN = Problem(
    status=401,
    message="show the server's token: Authorization: Bearer <token>",
    code="invalid_token",
    headers=((b"www-authenticate", b'Bearer realm="tidemill"'),),
).closing()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPolicy:
    """Who may ask.

    Attributes:
        hosts: What a Host header may name, as ``name:port``, in lower case.
        origins: What an Origin header may name, as ``scheme://name:port``.
        token: What everybody must show, or None where only this machine can ask.
    """

    hosts: frozenset[str]
    origins: frozenset[str]
    token: BearerToken | None = None


def policy(
    *,
    address: str,
    port: int,
    hosts: Iterable[str] = (),
    origins: Iterable[str] = (),
    token: BearerToken | None = None,
) -> AccessPolicy:
    """Say who may ask a server at an address.

    Loopback names are always known, and the address itself unless it stands for all
    (``0.0.0.0``, ``::``). What else the server is called must be told.

    Args:
        address: IP address in digits that the server listens at.
        port: That it listens at.
        hosts: More names, as ``name``, which has the server's port, or as ``name:port``.
        origins: Pages of other servers that may ask, as ``https://name`` or with a port.
        token: What everybody must show.

    Raises:
        SettingError: A host or origin is none.
    """
    own = {f"{name}:{port}" for name in (*_LOOPBACK_NAMES, *_own_name(address))}
    told = {_allowed_host(host, port) for host in hosts}
    # A page that came from us may ask us; under a name that was told, a proxy may add TLS.
    pages = {f"http://{host}" for host in own | told} | {f"https://{host}" for host in told}
    return AccessPolicy(
        hosts=frozenset(own | told),
        origins=frozenset(pages | {_allowed_origin(origin) for origin in origins}),
        token=token,
    )


class AccessGuard:
    """Refuses what a policy does not allow: 421 for a Host, 403 for an Origin, 401 for a token.

    Args:
        app: The application.
        allowed: The policy.
    """

    def __init__(self, app: Application, allowed: AccessPolicy) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one exchange; connections that are no HTTP (web sockets) are closed."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif (refusal := self._refusal(scope)) is not None:
            await Reply(send).refuse(refusal)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Problem | None:
        if not self._knows_host(scope):
            return _MISDIRECTED
        if not self._knows_origin(scope):
            return _FOREIGN
        if not self._knows_client(scope):
            return _UNKNOWN
        return None

    def _knows_host(self, scope: Scope) -> bool:
        named = header_values(scope, b"host")
        if len(named) != 1:
            return False
        # A Host without a port is at its scheme's, and behind a proxy that may be https.
        read = {_canonical_host(named[0], port) for port in _DEFAULT_PORTS.values()}
        return not self._allowed.hosts.isdisjoint(read)

    def _knows_origin(self, scope: Scope) -> bool:
        """Whether no foreign page has sent this, as far as a browser tells.

        Browsers name the Origin but for plain loads of pictures, scripts and links; of these,
        newer ones tell at least whether they cross sites. A link may lead to us.
        """
        origins = header_values(scope, b"origin")
        if any(_canonical_origin(origin) not in self._allowed.origins for origin in origins):
            return False
        if origins:
            return len(origins) == 1
        crosses = {b"cross-site", b"same-site"} & {*header_values(scope, b"sec-fetch-site")}
        is_link = header_values(scope, b"sec-fetch-mode") == [b"navigate"]
        return not crosses or (is_link and scope["method"] in {"GET", "HEAD"})

    def _knows_client(self, scope: Scope) -> bool:
        token = self._allowed.token
        if token is None or (scope["path"] == OPEN_PATH and scope["method"] in {"GET", "HEAD"}):
            return True
        shown = header_values(scope, b"authorization")
        if len(shown) != 1:
            return False
        scheme, _, secret = shown[0].partition(b" ")
        # Compared even under another scheme, so that the answer takes as long.
        return token.matches(secret.strip(b" ")) and scheme.lower() == b"bearer"


def _own_name(address: str) -> tuple[str, ...]:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if parsed.is_unspecified:
        return ()
    return (f"[{parsed}]" if parsed.version == 6 else str(parsed),)


def _canonical_host(value: bytes, default_port: int) -> str | None:
    """Return ``name:port`` in one spelling, or None when it is no host."""
    parts = _HOST.fullmatch(value.decode("latin-1").lower())
    if parts is None:
        return None
    name, port = parts["name"], int(parts["port"] or default_port)
    if name.startswith("["):
        try:
            name = f"[{ipaddress.IPv6Address(name[1:-1])}]"
        except ValueError:
            return None
    return f"{name}:{port}" if 0 < port < 1 << 16 else None


def _canonical_origin(value: bytes) -> str | None:
    parts = _ORIGIN.fullmatch(value.decode("latin-1").lower())
    if parts is None:
        return None
    host = _canonical_host(parts["host"].encode("latin-1"), _DEFAULT_PORTS[parts["scheme"]])
    return host and f"{parts['scheme']}://{host}"


def _allowed_host(host: str, port: int) -> str:
    known = _canonical_host(host.encode("utf-8"), port)
    if known is None:
        raise SettingError(
            f"{host!r} is no host name", hint="Write name, name:port, or [address]:port."
        )
    return known


def _allowed_origin(origin: str) -> str:
    known = _canonical_origin(origin.encode("utf-8"))
    if known is None:
        raise SettingError(
            f"{origin!r} is no origin", hint="Write https://name or https://name:port."
        )
    return known
