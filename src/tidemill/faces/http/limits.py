"""What one client may take: bytes, seconds, connections. All of it bounded."""

from dataclasses import dataclass

from tidemill.core.bounds import between, check_bounds, count
from tidemill.core.errors import SettingError

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the server allows a client, and what it answers beyond.

    Attributes:
        header_bytes: Of a request line and its headers together; beyond: 431.
        header_count: Headers of a request; beyond: 431.
        header_seconds: From the first moment of a connection, or the first byte of its next
            request, to the end of the header; then 408, and the connection is closed.
        url_bytes: Of a request's target; beyond: 414.
        body_bytes: Of a request's body; beyond: 413, before it is read.
        body_seconds: From the end of the header to the end of the body; then 408.
        json_depth: Of arrays and objects in one another; beyond: 400.
        json_values: Values, keys not counted, in one JSON text; beyond: 400.
        request_seconds: From the end of the header to the end of the answer; then 504.
        keep_alive_seconds: How long a connection may wait for its next request.
        stall_seconds: How long a client may take no bytes of its answer; then it is dropped.
        linger_seconds: How long a connection that was refused is listened to, so that the
            client sees why.
        connections: At once; beyond: 503 with Retry-After, unless one that waits can give way.
        retry_after_seconds: What Retry-After says where nothing better is known.

    Raises:
        SettingError: A value is out of its range, or two do not go together.
    """

    header_bytes: int = count(16 << 10, 1 << 10, 1 << 20)
    header_count: int = count(100, 8, 1_000)
    header_seconds: float = between(8.0, 0.1, 600.0)
    url_bytes: int = count(8 << 10, 64, 1 << 20)
    body_bytes: int = count(8 << 20, 0, 1 << 30)
    body_seconds: float = between(30.0, 0.1, 3_600.0)
    json_depth: int = count(64, 1, 200)
    json_values: int = count(250_000, 1, 10_000_000)
    request_seconds: float = between(120.0, 0.1, 86_400.0)
    keep_alive_seconds: float = between(5.0, 0.1, 600.0)
    stall_seconds: float = between(15.0, 0.1, 600.0)
    linger_seconds: float = between(2.0, 0.05, 60.0)
    connections: int = count(1_000, 1, 100_000)
    retry_after_seconds: int = count(1, 1, 3_600)

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.url_bytes > self.header_bytes:
            raise SettingError(
                f"url_bytes = {self.url_bytes} is more than header_bytes = {self.header_bytes}",
                hint="The target is a part of the header; raise header_bytes too.",
            )
