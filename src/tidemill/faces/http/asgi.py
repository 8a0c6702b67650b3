"""The words of ASGI, and the few things that everybody asks of a request's scope."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

__all__ = [
    "CLOSE",
    "DISCONNECT",
    "LIMITS",
    "Application",
    "HeaderList",
    "Message",
    "Receive",
    "Scope",
    "Send",
    "header_values",
    "promises_body",
]

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
HeaderList: TypeAlias = tuple[tuple[bytes, bytes], ...]

CLOSE = (b"connection", b"close")
DISCONNECT = "http.disconnect"
LIMITS = "tidemill.limits"
"""Where a scope holds the `Limits` under which its request is served."""


def header_values(scope: Scope, name: bytes) -> list[bytes]:
    """Return the values of a header, in their order.

    Args:
        scope: Of a request; its header names are lower-case, as ASGI has them.
        name: Lower-case.
    """
    return [value for key, value in scope["headers"] if key == name]


def promises_body(scope: Scope) -> bool:
    """Whether the header says that a body follows."""
    lengths = header_values(scope, b"content-length")
    chunked = bool(header_values(scope, b"transfer-encoding"))
    return chunked or any(length.strip(b"0 ") for length in lengths)
