"""What one client may take: bytes, seconds, connections. All of it bounded."""

from dataclasses import dataclass

from tidemill.core.bounds import between, check_bounds, count

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the server allows a client.

    Beyond any of them the log says so, and a client that can still read gets an empty answer.

    Attributes:
        request_bytes: Of a program slice, its end not counted.
        idle_seconds: Between two pieces of a request.
        request_seconds: From the first moment of a connection to the end of its request.
        answer_seconds: For the inference, the wait for those before it included.
        send_seconds: For the client to take its answer.
        linger_seconds: How long a connection that was answered is listened to, so that bytes
            still on their way do not cost the client its answer.
        json_depth: Of arrays and objects in one another.
        json_values: Values, keys not counted, in one program slice.
        connections: At once; who comes when all are taken waits to be accepted.

    Raises:
        SettingError: A value is out of its range.
    """

    request_bytes: int = count(64 << 20, 1 << 10, 1 << 30)
    idle_seconds: float = between(10.0, 0.05, 600.0)
    request_seconds: float = between(60.0, 0.05, 3_600.0)
    answer_seconds: float = between(600.0, 0.05, 86_400.0)
    send_seconds: float = between(30.0, 0.05, 3_600.0)
    linger_seconds: float = between(2.0, 0.05, 60.0)
    json_depth: int = count(64, 4, 200)
    json_values: int = count(4_000_000, 1, 50_000_000)
    connections: int = count(8, 1, 1_000)

    def __post_init__(self) -> None:
        check_bounds(self)
