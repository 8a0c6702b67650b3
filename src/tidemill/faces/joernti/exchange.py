"""One connection: a request, its answer, and a polite end, whatever the client does."""

import asyncio
import logging
import socket
from contextlib import suppress

from tidemill.core.errors import DeadlineError, TidemillError
from tidemill.faces.joernti.answers import NOTHING
from tidemill.faces.joernti.framing import PIECE_BYTES, receive
from tidemill.faces.joernti.inference import InferenceThread
from tidemill.faces.joernti.limits import Limits

__all__ = ["Exchange"]

_LOGGER = logging.getLogger("tidemill.joernti")


class Exchange:
    """Serves the one request of a connection.

    The client knows two outcomes, types or none, so what cannot be answered is answered with
    none, and the log says why. Nothing that the client sent is logged.

    Args:
        sock: The connection; it does not block, and is closed at the end.
        thread: Who answers.
        limits: What the client may take.
    """

    def __init__(self, sock: socket.socket, thread: InferenceThread, limits: Limits) -> None:
        self._sock = sock
        self._thread = thread
        self._limits = limits
        self.has_request: bool = False
        """Whether the client has sent all of it: work that is worth finishing."""

    async def serve(self) -> None:
        """Receive, answer and leave."""
        try:
            await self._send(await self._answer())
            await self._linger()
        except OSError as error:
            self._log(f"the client has gone: {error.strerror or 'the connection broke'}")
        except DeadlineError as error:
            self._log(error.message)
        finally:
            self._sock.close()

    async def _answer(self) -> bytes:
        try:
            raw = await receive(self._sock, self._limits)
        except TidemillError as error:
            return self._nothing(error)
        if not raw.strip():
            _LOGGER.debug("%s: connected, and asked for nothing", self._client)
            return NOTHING
        self.has_request = True
        return await self._inferred(raw)

    async def _inferred(self, raw: bytes) -> bytes:
        try:
            return await self._thread.answer(raw)
        except TidemillError as error:
            return self._nothing(error)
        except Exception:
            _LOGGER.exception("%s: answered with nothing: the inference failed", self._client)
            return NOTHING

    def _nothing(self, error: TidemillError) -> bytes:
        self._log(f"answered with nothing: {' '.join(str(error).split())}")
        return NOTHING

    async def _send(self, answer: bytes) -> None:
        seconds = self._limits.send_seconds
        try:
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().sock_sendall(self._sock, answer)
        except TimeoutError as error:
            raise DeadlineError(
                f"the client did not take its answer within {seconds:g} s"
            ) from error

    async def _linger(self) -> None:
        """Say that this was all, and drop what still comes.

        Closing with bytes unread resets the connection, which may destroy an answer that the
        client has not read yet.
        """
        with suppress(OSError, TimeoutError):
            self._sock.shutdown(socket.SHUT_WR)
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(self._limits.linger_seconds):
                while await loop.sock_recv(self._sock, PIECE_BYTES):
                    pass

    def _log(self, message: str) -> None:
        _LOGGER.warning("%s: %s", self._client, message)

    @property
    def _client(self) -> str:
        with suppress(OSError):
            host, port = self._sock.getpeername()[:2]
            return f"{host} port {port}"
        return "a client that has gone"
