"""One form for every refusal: the error object that clients of OpenAI's API know.

``{"error": {"message": ..., "type": ..., "param": ..., "code": ...}}``
"""

import json
from dataclasses import dataclass, replace
from typing import Self

from tidemill.faces.http.asgi import CLOSE, HeaderList, Message

__all__ = ["Problem"]

_LONGEST_MESSAGE = 1_000
_KINDS = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
    505: "invalid_request_error",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A refusal, ready to be sent.

    Attributes:
        status: Of HTTP.
        message: For people: what happened, and what to do. It holds no secret, and nothing
            that the client sent.
        code: For programs: a word that does not change.
        param: The field of the request that is to blame, if one is.
        headers: That go with it, such as ``retry-after``.
    """

    status: int
    message: str
    code: str
    param: str | None = None
    headers: HeaderList = ()

    @property
    def kind(self) -> str:
        """The family of the error, in OpenAI's words."""
        otherwise = "server_error" if self.status >= 500 else "invalid_request_error"
        return _KINDS.get(self.status, otherwise)

    def closing(self) -> Self:
        """Return the same, as the last answer of its connection."""
        return replace(self, headers=(*self.headers, CLOSE))

    def retried_after(self, seconds: float) -> Self:
        """Return the same with the advice to come again, in whole seconds and at least one."""
        pause = max(1, int(-(-seconds // 1)))
        return replace(self, headers=(*self.headers, (b"retry-after", str(pause).encode())))

    def to_dict(self) -> dict[str, object]:
        """Return the error object, ready for JSON."""
        facts = {
            "message": self.message[:_LONGEST_MESSAGE],
            "type": self.kind,
            "param": self.param,
            "code": self.code,
        }
        return {"error": facts}

    def content(self) -> bytes:
        """Return the body of the answer."""
        return json.dumps(self.to_dict()).encode("ascii")

    def head(self) -> HeaderList:
        """Return all headers of the answer but those that every answer has."""
        return (
            (b"content-type", b"application/json"),
            (b"content-length", str(len(self.content())).encode()),
            *self.headers,
        )

    def messages(self) -> tuple[Message, Message]:
        """Return the answer as ASGI sends it."""
        start = {
            "type": "http.response.start",
            "status": self.status,
            "headers": list(self.head()),
        }
        return start, {"type": "http.response.body", "body": self.content(), "more_body": False}
