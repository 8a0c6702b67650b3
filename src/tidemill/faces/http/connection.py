"""HTTP/1.1 as h11 reads it, without what it forgives.

Two readers that understand one byte stream differently can be made to disagree where a request
ends (request smuggling), so what has two readings has none here.
"""

from urllib.parse import unquote_to_bytes

import h11
from typing_extensions import override

from tidemill.faces.http.limits import Limits
from tidemill.faces.http.problems import Problem

__all__ = ["StrictConnection"]

METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
"""No CONNECT, which asks for a tunnel, and no TRACE, which shows headers to scripts."""

_VERSIONS = frozenset({b"1.0", b"1.1"})
# A body in crumbs costs a hundred times its bytes: 8 MB of them would keep us busy for minutes.
_FREE_CHUNKS = 1_024
_SMALLEST_MEAN_CHUNK = 64
_CONTROLS = frozenset({*range(0x20), 0x7F})
_VISIBLE_OR_BLANK = frozenset({0x09, *range(0x20, 0x7F)})


class StrictConnection(h11.Connection):
    """The server's side of a connection; stops at the first thing that it does not take.

    Args:
        limits: Of headers and targets.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__(h11.SERVER, max_incomplete_event_size=limits.header_bytes)
        self._limits = limits
        self._chunks = 0
        self._chunk_bytes = 0
        self.refusal: Problem | None = None
        """Why nothing more is read; None while all is well."""
        self.body_left: int = 0
        """Bytes of an announced body that are still to come; 0 where their number is unknown."""
        self.answers_head: bool = False
        """Whether the answer has no body, for the request is a HEAD."""

    @property
    def awaits_header(self) -> bool:
        """Whether the next thing that the client sends, or goes on to send, is a header."""
        return self.their_state is h11.IDLE

    @property
    def awaits_body(self) -> bool:
        """Whether the client still has to send of a body."""
        return self.their_state is h11.SEND_BODY

    @property
    def can_answer(self) -> bool:
        """Whether an answer can begin."""
        return self.our_state in {h11.IDLE, h11.SEND_RESPONSE}

    @override
    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """Return the next event; after a refusal, for ever ``PAUSED``."""
        if self.refusal is None:
            in_body = self.awaits_body
            try:
                event = super().next_event()
            except h11.RemoteProtocolError as error:
                self.refusal = self._named(error, in_body=in_body)
            else:
                self.refusal = self._objection(event)
                if self.refusal is None:
                    return event
        return h11.PAUSED

    def _objection(self, event: object) -> Problem | None:
        if isinstance(event, h11.Request):
            self._chunks = self._chunk_bytes = 0
            self.answers_head = event.method == b"HEAD"
            # h11 has seen to it that there is one length at most, in digits.
            self.body_left = int(dict(event.headers).get(b"content-length", b"0"))
            return (
                _bad_line(event)
                or self._too_long(event)
                or _bad_target(event.target, event.method)
                or _bad_headers(event)
            )
        if isinstance(event, h11.Data):
            return self._count(len(event.data), begins=event.chunk_start)
        return None

    def _too_long(self, request: h11.Request) -> Problem | None:
        if len(request.target) > self._limits.url_bytes:
            return self._long_target()
        size = (
            len(request.method)
            + len(request.target)
            + sum(len(name) + len(value) + 4 for name, value in request.headers)
        )
        if size > self._limits.header_bytes or len(request.headers) > self._limits.header_count:
            return self._large_header()
        return None

    def _count(self, size: int, *, begins: bool) -> Problem | None:
        self.body_left = max(0, self.body_left - size)
        self._chunks += begins
        self._chunk_bytes += size
        if self._chunks > _FREE_CHUNKS and (
            self._chunk_bytes < self._chunks * _SMALLEST_MEAN_CHUNK
        ):
            return _bad("the body comes in chunks that are too small; send larger ones")
        return None

    def _named(self, error: h11.RemoteProtocolError, *, in_body: bool) -> Problem:
        """Say what h11 found, without what the client sent."""
        if in_body:
            return _bad("the body is not framed as HTTP/1.1 frames it")
        if error.error_status_hint == 431:
            line = self.trailing_data[0].partition(b"\n")[0]
            in_line = len(line) > self._limits.url_bytes
            return self._long_target() if in_line else self._large_header()
        if error.error_status_hint == 501:
            return Problem(
                status=501,
                message="of transfer codings, only chunked is known, and once",
                code="unknown_transfer_coding",
            )
        return _bad("the request is no HTTP/1.1")

    def _long_target(self) -> Problem:
        return Problem(
            status=414,
            message=f"the URL is longer than {self._limits.url_bytes:,} bytes",
            code="url_too_long",
        )

    def _large_header(self) -> Problem:
        return Problem(
            status=431,
            message=f"the header is larger than {self._limits.header_bytes:,} bytes, or has "
            f"more than {self._limits.header_count} fields",
            code="header_too_large",
        )


def _bad(message: str) -> Problem:
    return Problem(status=400, message=message, code="bad_request")


def _bad_line(request: h11.Request) -> Problem | None:
    if request.http_version not in _VERSIONS:
        return Problem(status=505, message="HTTP/1.1 is spoken here", code="unknown_http_version")
    if request.method not in METHODS:
        allowed = (b"allow", b", ".join(sorted(METHODS)))
        message = "this method is not served anywhere here"
        return Problem(status=405, message=message, code="unknown_method", headers=(allowed,))
    return None


def _bad_target(target: bytes, method: bytes) -> Problem | None:
    if not target.startswith(b"/") and not (target == b"*" and method == b"OPTIONS"):
        return _bad("the target must be a path that begins with /")
    path = unquote_to_bytes(target.partition(b"?")[0])
    if b"#" in target or not _CONTROLS.isdisjoint(path):
        return _bad("the path holds a character that no path may hold")
    try:
        path.decode("utf-8")
    except UnicodeDecodeError:
        return _bad("the path is not UTF-8")
    return None


def _bad_headers(request: h11.Request) -> Problem | None:
    names = {name for name, _ in request.headers}
    if not all(_VISIBLE_OR_BLANK.issuperset(value) for _, value in request.headers):
        return _bad("a header holds a character that is not visible ASCII")
    if b"transfer-encoding" in names and b"content-length" in names:
        return _bad("Content-Length and Transfer-Encoding exclude each other")
    if b"transfer-encoding" in names and request.http_version == b"1.0":
        return _bad("HTTP/1.0 knows no Transfer-Encoding")
    return None
