"""HTTP/1.1 without what h11 forgives."""

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.faces.http.connection import METHODS, StrictConnection
from tidemill.faces.http.limits import Limits

LIMITS = Limits(header_bytes=2_048, url_bytes=256, header_count=20)
GOOD = b"Host: x\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def events_of(*parts: bytes) -> tuple[StrictConnection, list[object]]:
    """What a connection reads from bytes that come in parts."""
    connection = StrictConnection(LIMITS)
    events: list[object] = []
    for part in parts:
        connection.receive_data(part)
        while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            events.append(event)
    return connection, events


def refusal_of(*parts: bytes) -> tuple[int, str]:
    connection, _ = events_of(*parts)
    assert connection.refusal is not None
    # Whatever comes afterwards is not read.
    connection.receive_data(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connection.next_event() is h11.PAUSED
    return connection.refusal.status, connection.refusal.message


def request(line: bytes, *fields: bytes) -> bytes:
    return b"".join((line, b"\r\n", *(field + b"\r\n" for field in fields), b"\r\n"))


def test_a_good_request_is_read() -> None:
    connection, events = events_of(
        request(b"POST /a%20b?c=%00 HTTP/1.1", b"Host: x", b"X: a\tb", b"Content-Length: 3"), b"abc"
    )
    assert connection.refusal is None
    assert [type(event) for event in events] == [h11.Request, h11.Data, h11.EndOfMessage]


@pytest.mark.parametrize("size", [1, 2, 7])
def test_it_does_not_matter_how_the_bytes_are_cut(size: int) -> None:
    raw = CHUNKED + b"3\r\nabc\r\n0\r\n\r\n"
    connection, events = events_of(*[raw[at : at + size] for at in range(0, len(raw), size)])
    assert connection.refusal is None
    assert b"".join(event.data for event in events if isinstance(event, h11.Data)) == b"abc"


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b" GET / HTTP/1.1\r\n",
        request(b"GET /a b HTTP/1.1", b"Host: x"),
        request(b"GET / http/1.1", b"Host: x"),
        request(b"GET /\xc3\xa9 HTTP/1.1", b"Host: x"),
        request(b"GET / HTTP/1.1", b"Host: x", b"Host: y"),
        request(b"GET / HTTP/1.1", b"Host: x", b"no colon"),
        request(b"GET / HTTP/1.1", b"Host: x", b"Name : blank before the colon"),
        request(b"GET / HTTP/1.1", b"Host: x", b"Name\x00: x"),
        request(b"GET / HTTP/1.1", b"Host: x", b"N\xc3\xa4me: x"),
        request(b"GET / HTTP/1.1", b"Host: x", b"Name: a\x00b"),
        request(b"GET / HTTP/1.1", b"Host: x", b"Name: a\x01b"),
        request(b"GET / HTTP/1.1", b"Host: x", b"Name: a\x7fb"),
        request(b"GET / HTTP/1.1", b"Host: x", b"Name: a\rb"),
        request(b"GET / HTTP/1.1", b"Host: x", b"Name: \xc3\xa4"),
        request(b"GET http://evil.example/ HTTP/1.1", b"Host: x"),
        request(b"GET evil.example:80 HTTP/1.1", b"Host: x"),
        request(b"GET * HTTP/1.1", b"Host: x"),
        request(b"GET /#fragment HTTP/1.1", b"Host: x"),
        request(b"GET /a%00b HTTP/1.1", b"Host: x"),
        request(b"GET /a%0d%0ab HTTP/1.1", b"Host: x"),
        request(b"GET /%7f HTTP/1.1", b"Host: x"),
        request(b"GET /%ff%fe HTTP/1.1", b"Host: x"),
        request(b"GET /%c0%ae%c0%ae/ HTTP/1.1", b"Host: x"),
    ],
)
def test_what_is_no_good_request_is_refused(raw: bytes) -> None:
    assert refusal_of(raw)[0] == 400


@pytest.mark.parametrize(
    "fields",
    [
        (b"Content-Length: 5", b"Transfer-Encoding: chunked"),
        (b"Transfer-Encoding: chunked", b"Content-Length: 5"),
        (b"Content-Length: 5", b"Content-Length: 6"),
        (b"Content-Length: 5, 6",),
        (b"Content-Length: +5",),
        (b"Content-Length: -5",),
        (b"Content-Length: 0x5",),
        (b"Content-Length: 5 5",),
        (b"Content-Length:",),
    ],
)
def test_a_body_has_one_end(fields: tuple[bytes, ...]) -> None:
    assert refusal_of(request(b"POST / HTTP/1.1", b"Host: x", *fields))[0] == 400


@pytest.mark.parametrize(
    "fields",
    [
        (b"Transfer-Encoding: gzip, chunked",),
        (b"Transfer-Encoding: identity",),
        (b"Transfer-Encoding: xchunked",),
        (b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
    ],
)
def test_only_one_transfer_coding_is_known(fields: tuple[bytes, ...]) -> None:
    assert refusal_of(request(b"POST / HTTP/1.1", b"Host: x", *fields))[0] == 501


def test_http_1_0_knows_no_chunks() -> None:
    raw = request(b"POST / HTTP/1.0", b"Host: x", b"Transfer-Encoding: chunked")
    assert refusal_of(raw)[0] == 400
    connection, events = events_of(request(b"GET / HTTP/1.0", b"Host: x"))
    assert connection.refusal is None
    assert len(events) == 2


@pytest.mark.parametrize("version", [b"0.9", b"1.2", b"2.0", b"3.0"])
def test_other_versions_are_refused(version: bytes) -> None:
    assert refusal_of(request(b"GET / HTTP/" + version, b"Host: x"))[0] == 505


def test_the_greeting_of_http_2_is_refused() -> None:
    assert refusal_of(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")[0] == 505


@pytest.mark.parametrize("method", [b"CONNECT", b"TRACE", b"get", b"PROPFIND", b"X" * 100])
def test_only_common_methods_are_known(method: bytes) -> None:
    connection, _ = events_of(request(method + b" / HTTP/1.1", b"Host: x"))
    assert connection.refusal is not None
    assert connection.refusal.status == 405
    assert dict(connection.refusal.headers)[b"allow"].split(b", ") == sorted(METHODS)


@pytest.mark.parametrize(
    "raw",
    [
        b"zz\r\n",
        b"-1\r\n",
        b"+3\r\nabc\r\n",
        b"0x3\r\nabc\r\n",
        b" 3\r\nabc\r\n",
        b"3\r\nabcd\r\n",
        b"3\nabc\n\r\n",
        b"\r\n",
        b"f" * 21 + b"\r\n",
        b"3;" + b"x" * 4_096,
        b"0\r\nbad trailer\r\n\r\n",
    ],
)
def test_bad_chunks_are_refused(raw: bytes) -> None:
    status, message = refusal_of(CHUNKED + raw)
    assert status == 400
    assert "framed" in message


def test_a_body_in_crumbs_is_refused() -> None:
    status, message = refusal_of(CHUNKED + b"1\r\nx\r\n" * 2_000)
    assert status == 400
    assert "too small" in message


def test_some_small_chunks_and_large_ones_in_small_packets_are_read() -> None:
    connection, _ = events_of(CHUNKED, b"1\r\nx\r\n" * 1_000)
    assert connection.refusal is None
    chunk = b"100\r\n" + b"x" * 256 + b"\r\n"
    packets = [(chunk * 2_000)[at : at + 100] for at in range(0, 2_000 * len(chunk), 100)]
    connection, events = events_of(CHUNKED, *packets)
    assert connection.refusal is None
    assert sum(len(event.data) for event in events if isinstance(event, h11.Data)) == 512_000


@pytest.mark.parametrize("whole", [True, False])
def test_a_long_target_is_told_from_a_large_header(whole: bool) -> None:
    end = b"\r\n\r\n" if whole else b""
    long_target = b"GET /" + b"x" * 3_000 + (b" HTTP/1.1\r\nHost: x" + end if whole else b"")
    assert refusal_of(long_target)[0] == 414
    large = b"GET / HTTP/1.1\r\nHost: x\r\nName: " + b"x" * 3_000 + end
    assert refusal_of(large)[0] == 431


def test_targets_and_headers_at_the_edge_are_read() -> None:
    target = b"/" + b"x" * 255
    assert events_of(request(b"GET " + target + b" HTTP/1.1", b"Host: x"))[0].refusal is None
    assert refusal_of(request(b"GET " + target + b"x HTTP/1.1", b"Host: x"))[0] == 414
    many = [b"A%d: x" % number for number in range(19)]
    assert events_of(request(b"GET / HTTP/1.1", b"Host: x", *many))[0].refusal is None
    assert refusal_of(request(b"GET / HTTP/1.1", b"Host: x", *many, b"B: x"))[0] == 431


def test_every_request_of_a_connection_is_looked_at() -> None:
    connection = StrictConnection(LIMITS)
    connection.receive_data(request(b"GET / HTTP/1.1", b"Host: x"))
    connection.receive_data(request(b"GET http://evil.example/ HTTP/1.1", b"Host: x"))
    assert isinstance(connection.next_event(), h11.Request)
    assert isinstance(connection.next_event(), h11.EndOfMessage)
    connection.send(h11.Response(status_code=204, headers=[]))
    connection.send(h11.EndOfMessage())
    connection.start_next_cycle()
    assert connection.next_event() is h11.PAUSED
    assert connection.refusal is not None


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.sampled_from([b"", GOOD, CHUNKED])
)
def test_no_bytes_make_it_raise(parts: list[bytes], before: bytes) -> None:
    connection, _ = events_of(*[part for part in (before, *parts) if part])
    if connection.refusal is not None:
        assert 400 <= connection.refusal.status < 600
