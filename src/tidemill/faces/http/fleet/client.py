"""The gateway's way to the servers of its nodes: one request there, one answer back, bounded."""

from dataclasses import dataclass
from typing import Any

from tidemill.core.errors import CapacityError, MissingExtraError
from tidemill.faces.http.bearer import BearerToken

__all__ = ["NodeClient", "NodeLostError", "NodeReply", "NodeRequest"]

CONNECT_SECONDS = 2.0
IDLE_SECONDS = 2.0
"""Shorter than a server keeps a connection that waits, so that it is seldom the one to hang up."""

MOST_ANSWER_BYTES = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRequest:
    """What a node is asked.

    Attributes:
        method: Of HTTP.
        path: Of the resource, from the first slash.
        body: As the client sent it.
        content_type: As the client named it; empty where there is no body.
    """

    method: str
    path: str
    body: bytes = b""
    content_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReply:
    """What a node answered.

    Attributes:
        status: Of HTTP.
        body: The whole of it.
        content_type: As the node named it.
        retry_after: When to come again, as the node said it; empty where it did not.
    """

    status: int
    body: bytes
    content_type: str = ""
    retry_after: str = ""


class NodeLostError(Exception):
    """A node gave no answer: its connection broke, or there was none.

    Args:
        why: What happened.
        is_refused: Whether nobody listens at its address any more.
    """

    def __init__(self, why: str, *, is_refused: bool = False) -> None:
        super().__init__(why)
        self.is_refused: bool = is_refused


class NodeClient:
    """Asks nodes over connections that are kept. For the thread of its event loop.

    Args:
        token: What the nodes want to see.
        connections: At most, to all nodes together.

    Raises:
        MissingExtraError: The HTTP client is not installed.
    """

    def __init__(self, token: BearerToken, *, connections: int) -> None:
        try:
            import httpx2  # noqa: PLC0415  an extra
        except ImportError as error:
            raise MissingExtraError("serving over several nodes", extra="cluster") from error
        self._httpx2: Any = httpx2
        self._client = httpx2.AsyncClient(
            headers={"authorization": f"Bearer {token.secret}", "accept-encoding": "identity"},
            limits=httpx2.Limits(
                max_connections=connections,
                max_keepalive_connections=connections,
                keepalive_expiry=IDLE_SECONDS,
            ),
            # A proxy that the environment names would be shown the token.
            trust_env=False,
        )

    async def call(self, url: str, request: NodeRequest, *, seconds: float) -> NodeReply:
        """Ask a node, and wait for its whole answer.

        Args:
            url: Of the node's server.
            request: What is asked.
            seconds: How long the node may be silent.

        Raises:
            NodeLostError: It gave no answer.
            CapacityError: Its answer is larger than anything it should say.
        """
        headers = {"content-type": request.content_type} if request.content_type else {}
        try:
            async with self._client.stream(
                request.method,
                url + request.path,
                content=request.body,
                headers=headers,
                timeout=self._httpx2.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS)),
            ) as response:
                return NodeReply(
                    status=response.status_code,
                    body=await _bounded(response),
                    content_type=response.headers.get("content-type", ""),
                    retry_after=response.headers.get("retry-after", ""),
                )
        except self._httpx2.TransportError as error:
            why = f"{type(error).__name__}: {error}"
            raise NodeLostError(why, is_refused=_was_refused(error)) from error

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


async def _bounded(response: Any) -> bytes:
    content = bytearray()
    async for part in response.aiter_raw():
        content += part
        if len(content) > MOST_ANSWER_BYTES:
            raise CapacityError(
                f"a node's answer is larger than {MOST_ANSWER_BYTES:,} bytes",
                hint="Ask for less at once.",
            )
    return bytes(content)


def _was_refused(error: BaseException | None) -> bool:
    """Whether the system itself said that nobody listens: silence may have other reasons."""
    while error is not None:
        if isinstance(error, ConnectionRefusedError):
            return True
        error = error.__cause__ or error.__context__
    return False
