"""Bodies: not too large, not too slow, not packed."""

import asyncio
import gzip

import pytest

from tests.faces.http.asgi_calls import call, scope_of
from tests.faces.http.sample import SampleApplication
from tidemill.faces.http.asgi import LIMITS, Message, Receive, Scope, Send
from tidemill.faces.http.bodies import BodyLimits
from tidemill.faces.http.limits import Limits

SMALL = Limits(body_bytes=10, body_seconds=0.2)
CHUNKED = (b"transfer-encoding", b"chunked")


def part(data: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": data, "more_body": more}


def length(size: int | bytes) -> tuple[bytes, bytes]:
    return b"content-length", size if isinstance(size, bytes) else str(size).encode()


def test_a_body_within_its_limits_passes() -> None:
    app = BodyLimits(SampleApplication(), SMALL)
    got = call(
        app, scope_of("POST", "/count", length(10)), part(b"12345"), part(b"67890", more=False)
    )
    assert got.answer.json == {"bytes": 10}


@pytest.mark.parametrize("size", [11, 300 << 20, b"9" * 20, b"9" * 400])
def test_an_announced_body_that_is_too_large_is_refused_unread(size: int | bytes) -> None:
    sample = SampleApplication()
    client = call(BodyLimits(sample, SMALL), scope_of("POST", "/count", length(size)))
    assert (client.answer.status, client.answer.code) == (413, "body_too_large")
    assert client.answer.headers["connection"] == "close"
    assert client.received == 0
    assert not sample.paths


def test_one_that_turns_out_too_large_is_refused_at_once() -> None:
    sample = SampleApplication()
    client = call(
        BodyLimits(sample, SMALL), scope_of("POST", "/count", CHUNKED), *[part(b"123456")] * 100
    )
    assert (client.answer.status, client.answer.code) == (413, "body_too_large")
    assert client.received == 2
    # To the application, such a client has gone.
    assert sample.events == ["gone while reading"]


@pytest.mark.parametrize("size", [b"x", b"-1", b"", b"1 1"])
def test_a_length_that_is_no_number_is_refused(size: bytes) -> None:
    client = call(BodyLimits(SampleApplication(), SMALL), scope_of("POST", "/count", length(size)))
    assert (client.answer.status, client.answer.code) == (400, "bad_content_length")


def test_a_body_that_trickles_is_cut_off_by_one_deadline_for_all_of_it() -> None:
    sample = SampleApplication()
    drops: list[Message | float] = [part(b""), 0.05] * 1_000
    client = call(BodyLimits(sample, SMALL), scope_of("POST", "/count", CHUNKED), *drops)
    assert (client.answer.status, client.answer.code) == (408, "body_timeout")
    assert client.answer.headers["connection"] == "close"
    assert sample.events == ["gone while reading"]
    assert client.received < 100


def test_the_deadline_of_a_body_is_not_that_of_the_work() -> None:
    async def slow(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await asyncio.sleep(0.5)
        await SampleApplication()(scope_of("GET", "/health"), receive, send)

    answer = call(BodyLimits(slow, SMALL), scope_of("POST", "/", length(0))).answer
    assert answer.status == 200


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"zstd", b"identity, gzip", b"x"])
def test_packed_bodies_are_refused_unread(coding: bytes) -> None:
    sample = SampleApplication()
    bomb = gzip.compress(b"0" * 1_000_000)
    scope = scope_of("POST", "/count", (b"content-encoding", coding), length(5))
    client = call(BodyLimits(sample, SMALL), scope, part(bomb, more=False))
    assert (client.answer.status, client.answer.code) == (415, "unsupported_encoding")
    assert client.received == 0
    assert not sample.paths


def test_the_coding_that_is_none_passes() -> None:
    scope = scope_of("POST", "/count", (b"content-encoding", b"Identity"), length(1))
    client = call(BodyLimits(SampleApplication(), SMALL), scope, part(b"1", more=False))
    assert client.answer.json == {"bytes": 1}


def test_an_application_that_answers_anyway_is_not_heard() -> None:
    async def stubborn(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        assert (await receive())["type"] == "http.disconnect"
        await SampleApplication()(scope | {"path": "/health"}, receive, send)  # type: ignore[operator] # a dict
        raise ConnectionError("the client has gone")

    client = call(
        BodyLimits(stubborn, SMALL), scope_of("POST", "/", CHUNKED), *[part(b"123456")] * 9
    )
    assert client.answer.status == 413


def test_an_answer_that_has_begun_ends_where_the_body_is_refused() -> None:
    async def hasty(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (await receive())["type"] != "http.disconnect":
            pass
        await send({"type": "http.response.body", "body": b"all is well"})

    client = call(BodyLimits(hasty, SMALL), scope_of("POST", "/", CHUNKED), *[part(b"123456")] * 9)
    assert [message["type"] for message in client.got] == ["http.response.start"]


def test_other_errors_of_an_application_pass() -> None:
    with pytest.raises(ZeroDivisionError):
        call(BodyLimits(SampleApplication(), SMALL), scope_of("GET", "/boom"))


def test_the_limits_travel_with_the_request() -> None:
    scope = scope_of("GET", "/health")
    call(BodyLimits(SampleApplication(), SMALL), scope)
    assert scope[LIMITS] is SMALL
