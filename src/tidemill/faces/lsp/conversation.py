"""What is answered when a message is none, comes too early, or comes too late.

pygls leaves such requests without an answer, for which their editor would wait for ever.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from lsprotocol import types

__all__ = ["Conversation", "Refusal"]

_LOGGER = logging.getLogger("tidemill.lsp")

EARLY = "the server is not initialized"
LATE = "the server is shutting down"
TWICE = "the server is initialized already"
LONGEST = 200


class Receiver(Protocol):
    """Whoever makes objects of messages, and handles them."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Make an object of a message, or of a part of one."""
        ...

    def handle_message(self, message: Any) -> None:
        """Handle a message."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A message that is not handled.

    Attributes:
        id: Of the request; None where it has none, or is no request.
        code: The protocol's number of the reason.
        reason: In words.
        is_request: Whether somebody waits for an answer.
    """

    id: int | str | None
    code: int
    reason: str
    is_request: bool


class Conversation:
    """Hands messages on, and answers those that cannot be handled.

    Args:
        receiver: Who handles them.
        send: Sends an answer.

    Attributes:
        is_ending: Whether the editor has asked for the end.
    """

    def __init__(self, receiver: Receiver, send: Callable[[dict[str, Any]], None]) -> None:
        self._receiver = receiver
        self._send = send
        self._has_begun = False
        self.is_ending: bool = False

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Make an object of a message, or a refusal of what has not the form of one."""
        try:
            return self._receiver.structure_message(data)
        except Exception as error:  # noqa: BLE001  whatever is wrong with it, it is refused
            return Refusal(
                id=_id_of(data),
                code=types.ErrorCodes.InvalidParams,
                reason=f"{_short(data.get('method'))}: cannot be read: {_why(error)}",
                is_request="id" in data and "method" in data,
            )

    def handle_message(self, message: Any) -> None:
        """Hand a message on, if it is one and its time is right."""
        if isinstance(message, Refusal):
            self._refuse(message)
            return
        if not isinstance(getattr(message, "jsonrpc", None), str):
            if message is not None:
                code = types.ErrorCodes.InvalidRequest
                self._refuse(Refusal(id=None, code=code, reason="no message", is_request=True))
            return
        reason = self._untimely(str(getattr(message, "method", "")))
        if reason is None:
            self._receiver.handle_message(message)
            return
        number, words = reason
        is_request = hasattr(message, "id")
        self._refuse(
            Refusal(
                id=getattr(message, "id", None), code=number, reason=words, is_request=is_request
            )
        )

    def failed(self, error: Exception, _: object = None) -> None:
        """Answer what is no JSON, or broke on the way to whoever handles it."""
        _LOGGER.error("a message could not be handled: %s", _why(error))
        if isinstance(error, ValueError | RecursionError):
            code = types.ErrorCodes.ParseError
            self._send({"id": None, "error": {"code": code, "message": _why(error)}})

    def _untimely(self, method: str) -> tuple[int, str] | None:
        """Return why a message may not come now, or None."""
        if method == types.EXIT or not method:
            return None
        if self.is_ending:
            return types.ErrorCodes.InvalidRequest, LATE
        is_first = method == types.INITIALIZE
        if is_first and self._has_begun:
            return types.ErrorCodes.InvalidRequest, TWICE
        if not is_first and not self._has_begun:
            return types.ErrorCodes.ServerNotInitialized, EARLY
        self._has_begun = True
        self.is_ending = method == types.SHUTDOWN
        return None

    def _refuse(self, refusal: Refusal) -> None:
        _LOGGER.error("a message was refused: %s", refusal.reason)
        if refusal.is_request:
            error = {"code": int(refusal.code), "message": refusal.reason}
            self._send({"id": refusal.id, "error": error})


def _id_of(data: dict[str, Any]) -> int | str | None:
    found = data.get("id")
    return found if isinstance(found, int | str) and not isinstance(found, bool) else None


def _why(error: Exception) -> str:
    """Return what an error says, or what has led to it, on one short line."""
    cause = error.__cause__ or error
    return _short(" ".join(str(cause).split()) or type(cause).__name__)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
