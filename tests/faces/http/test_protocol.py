"""The guard at the door, attacked through real sockets."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from tests.faces.http.clients import (
    ask,
    connected,
    exchange,
    head,
    parsed,
    read_answer,
    read_answers,
    read_rest,
    until,
)
from tests.faces.http.sample import SampleApplication
from tests.faces.http.servers import serving
from tidemill.faces.http.binding import Address
from tidemill.faces.http.limits import Limits

QUICK = Limits(
    header_seconds=0.5,
    keep_alive_seconds=0.5,
    body_seconds=0.5,
    stall_seconds=0.5,
    linger_seconds=0.3,
    request_seconds=20,
)


# One reader sees a body that ends at once and a second request, another a body of 6 bytes.
SMUGGLED = (
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
)


@pytest.fixture(scope="module")
def sample() -> SampleApplication:
    return SampleApplication()


@pytest.fixture(scope="module")
def quick(sample: SampleApplication) -> Iterator[Address]:
    """A server whose patience is short."""
    with serving(sample, limits=QUICK) as address:
        yield address


@pytest.fixture(autouse=True)
def nothing_breaks(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No attack makes the server fail inside, which asyncio and uvicorn would log."""
    yield
    records = caplog.get_records("call")
    broken = [entry.getMessage() for entry in records if entry.levelno >= logging.ERROR]
    expected = ("'/boom' failed", "'/half' failed", "returned without completing response")
    assert not [said for said in broken if not any(words in said for words in expected)]


def assert_well(address: Address) -> None:
    """A good client is answered."""
    assert ask(address, "GET /health").json == {"status": "ok"}


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nHost: x\r\nName: \x00\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nName: \xff\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nName: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nName: " + b"x" * 1_000_000, 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: x\r\n" * 200 + b"\r\n", 431),
        (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /" + b"x" * 1_000_000, 414),
        (b"HEAD http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (SMUGGLED, 400),
    ],
)
def test_hostile_headers_get_an_error_object_and_no_more(
    quick: Address, sample: SampleApplication, raw: bytes, status: int
) -> None:
    before = len(sample.paths)
    with connected(quick) as sock:
        sock.sendall(raw)
        received = read_rest(sock)
    if raw.startswith(b"HEAD"):
        assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert received.endswith(b"\r\n\r\n")
    else:
        answer = parsed(received)
        assert answer.status == status
        assert answer.code
        assert answer.headers["connection"] == "close"
        assert answer.headers["x-content-type-options"] == "nosniff"
        # One answer, and nothing behind it.
        assert received.count(b"HTTP/1.1 %d " % status) == received.count(b"server: ") == 1
    assert len(sample.paths) == before
    assert_well(quick)


@pytest.mark.parametrize("begun", [b"", b"G", b"GET / HTTP/1.1\r\nHost: x\r\nName: "])
def test_a_header_that_is_never_finished_costs_seconds(quick: Address, begun: bytes) -> None:
    with connected(quick) as sock:
        sock.sendall(begun)
        received = read_rest(sock)
    if begun:
        assert parsed(received).status == 408
        assert parsed(received).code == "header_timeout"
    else:
        assert received == b""


def test_nor_does_a_byte_now_and_then_keep_it_open(quick: Address) -> None:
    began = time.monotonic()
    with connected(quick) as sock:
        sock.setblocking(False)
        drip = iter(b"GET / HTTP/1.1\r\nHost: x\r\nName: " + b"x" * 10_000)

        def closed() -> bool:
            try:
                sock.send(bytes([next(drip)]))
                time.sleep(0.05)
                return sock.recv(1) == b"" or parsed(b"H" + sock.recv(4_096)).status == 408
            except BlockingIOError:
                return False
            except ConnectionError:
                return True

        assert until(closed)
    assert time.monotonic() - began >= 0.4
    assert_well(quick)


def test_nor_one_that_begins_after_a_while(quick: Address) -> None:
    with connected(quick) as sock, ExitStack() as stack:
        sock.sendall(head(quick, "GET /health"))
        assert read_answer(sock).status == 200
        time.sleep(0.1)
        sock.sendall(b"GET /health HTTP/1.1\r\nName: ")
        stack.enter_context(dripping(sock, b"x"))
        assert parsed(read_rest(sock)).code == "header_timeout"


def test_nor_a_second_header_that_is_never_finished(quick: Address) -> None:
    with connected(quick) as sock:
        sock.sendall(head(quick, "GET /health") + b"GET /hea")
        first, second = read_answers(sock, 2)
    assert first.status == 200
    assert second.code == "header_timeout"


def test_a_connection_without_a_next_request_is_closed(quick: Address) -> None:
    with connected(quick) as sock:
        for _ in range(3):
            sock.sendall(head(quick, "GET /health"))
            assert read_answer(sock).status == 200
        assert read_rest(sock) == b""


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_body_that_trickles_is_cut_off(quick: Address, framing: str) -> None:
    with connected(quick) as sock, ExitStack() as stack:
        sock.sendall(head(quick, "POST /count", framing))
        unit = b"1\r\nx\r\n" if "chunked" in framing else b"x"
        stack.enter_context(dripping(sock, unit))
        answer = read_answer(sock)
        assert (answer.status, answer.code) == (408, "body_timeout")
        assert read_rest(sock) == b""
    assert_well(quick)


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_body_that_trickles_to_an_application_that_does_not_care(
    quick: Address, framing: str
) -> None:
    with connected(quick) as sock, ExitStack() as stack:
        sock.sendall(head(quick, "POST /ignore", framing))
        stack.enter_context(dripping(sock, b"1\r\nx\r\n" if "chunked" in framing else b"x"))
        assert read_answer(sock).status == 200
        # What is left of the body buys no time.
        assert read_rest(sock) == b""


class dripping:  # noqa: N801 - reads as a word
    """Sends a few bytes now and then, as long as the block runs."""

    def __init__(self, sock: socket.socket, unit: bytes) -> None:
        self._sock = sock
        self._unit = unit
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._drip)

    def _drip(self) -> None:
        while not self._stop.wait(0.05):
            try:
                self._sock.send(self._unit)
            except OSError:
                return

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@pytest.mark.parametrize("raw", [b"zz\r\n", b"3\r\nabcd\r\n", b"f" * 30 + b"\r\n", b"-1\r\n"])
def test_bad_chunks_end_the_request(quick: Address, sample: SampleApplication, raw: bytes) -> None:
    before = sample.events.count("gone while reading")
    answer = exchange(quick, head(quick, "POST /count", "Transfer-Encoding: chunked") + raw)
    assert (answer.status, answer.code) == (400, "bad_request")
    # The application learns of it too, and may not answer once more.
    assert until(lambda: sample.events.count("gone while reading") == before + 1)


def test_bad_chunks_are_answered_once(quick: Address) -> None:
    with connected(quick) as sock:
        sock.sendall(head(quick, "POST /sleep?seconds=0.1", "Transfer-Encoding: chunked"))
        sock.sendall(b"zz\r\n")
        received = read_rest(sock)
        # The application wakes up, and its answer goes nowhere.
        time.sleep(0.2)
    assert received.count(b"server: ") == 1
    assert parsed(received).status == 400


def test_a_body_in_pieces_is_put_together(quick: Address) -> None:
    body = b"0123456789"
    with connected(quick) as sock:
        sock.sendall(head(quick, "POST /echo", "Content-Length: 10"))
        for byte in body[:-1]:
            sock.sendall(bytes([byte]))
            time.sleep(0.01)
        sock.sendall(body[-1:] + head(quick, "GET /health"))
        echo, health = read_answers(sock, 2)
    assert echo.json == {"body": body.decode()}
    assert health.status == 200


def test_a_client_that_sends_all_before_it_reads_learns_why_it_was_refused() -> None:
    body = b"x" * (20 << 20)
    limits = Limits(connections=2, linger_seconds=60)
    with serving(SampleApplication(), limits=limits) as address:
        # More often than there are places to leave from.
        for _ in range(4):
            with connected(address) as sock:
                sock.sendall(head(address, "POST /count", f"Content-Length: {len(body)}"))
                sock.sendall(body)
                assert read_answer(sock).code == "body_too_large"


def test_bad_chunks_behind_an_answer_that_has_begun(quick: Address) -> None:
    with connected(quick) as sock:
        sock.sendall(head(quick, "POST /big?bytes=100000000", "Transfer-Encoding: chunked"))
        assert sock.recv(4_096).startswith(b"HTTP/1.1 200")
        sock.sendall(b"zz\r\n")
        rest = read_rest(sock)
    assert b"HTTP/1.1" not in rest
    assert not rest.endswith(b"0\r\n\r\n")


def test_pipelined_requests_are_answered_in_order(quick: Address) -> None:
    with connected(quick) as sock:
        bodies = [b"x" * size for size in (3, 0, 70_000, 1)]
        for body in bodies:
            sock.sendall(head(quick, "POST /count", f"Content-Length: {len(body)}") + body)
        sock.sendall(head(quick, "GET /health", "Connection: close"))
        got = [answer.json for answer in read_answers(sock, 5)]
        assert read_rest(sock) == b""
    assert got == [*({"bytes": len(body)} for body in bodies), {"status": "ok"}]


def test_what_is_pipelined_behind_the_last_request_is_not_served(
    quick: Address, sample: SampleApplication
) -> None:
    before = len(sample.paths)
    with connected(quick) as sock:
        sock.sendall(head(quick, "GET /health", "Connection: close"))
        sock.sendall(head(quick, "GET /smuggled") * 3)
        received = read_rest(sock)
    assert received.count(b"HTTP/1.1 200") == 1
    assert sample.paths[before:] == ["/health"]


def test_a_refused_request_ends_its_pipeline(quick: Address, sample: SampleApplication) -> None:
    before = len(sample.paths)
    with connected(quick) as sock:
        sock.sendall(head(quick, "GET /health"))
        sock.sendall(head(quick, "GET http://evil.example/"))
        sock.sendall(head(quick, "GET /smuggled") * 3)
        received = read_rest(sock)
    assert received.count(b"HTTP/1.1 200") == 1
    assert received.count(b"HTTP/1.1 400") == 1
    assert sample.paths[before:] == ["/health"]


@pytest.mark.parametrize("fields", [(), ("Content-Length: 100000",), ("Content-Length: 1",)])
def test_an_application_learns_that_its_client_has_gone(
    quick: Address, sample: SampleApplication, fields: tuple[str, ...]
) -> None:
    hanging, gone = sample.events.count("hanging"), sample.events.count("gone")
    with connected(quick) as sock:
        sock.sendall(head(quick, "POST /hang", *fields) + (b"x" * 100_000 if fields else b""))
        assert until(lambda: sample.events.count("hanging") == hanging + 1)
    assert until(lambda: sample.events.count("gone") == gone + 1)


def test_and_so_does_work_that_does_not_listen(quick: Address, sample: SampleApplication) -> None:
    asleep, cancelled = sample.events.count("asleep"), sample.events.count("cancelled")
    with connected(quick) as sock:
        sock.sendall(head(quick, "GET /sleep?seconds=600"))
        assert until(lambda: sample.events.count("asleep") == asleep + 1)
    assert until(lambda: sample.events.count("cancelled") == cancelled + 1)


def test_a_client_that_takes_no_answer_is_dropped(quick: Address) -> None:
    with connected(quick) as sock:
        sock.sendall(head(quick, "GET /big?bytes=500000000"))
        time.sleep(3 * QUICK.stall_seconds)
        received = read_rest(sock)
    assert received.startswith(b"HTTP/1.1 200")
    assert len(received) < 100_000_000


def test_a_client_that_reads_slowly_gets_all_of_it(quick: Address) -> None:
    size = 30 << 20
    with connected(quick) as sock:
        sock.sendall(head(quick, f"GET /big?bytes={size}", "Connection: close"))
        received = bytearray()
        while part := sock.recv(1 << 18):
            received += part
            time.sleep(0.01)
    assert len(parsed(bytes(received)).body) == size


def test_one_that_sends_no_more_has_gone(quick: Address, sample: SampleApplication) -> None:
    gone = sample.events.count("gone")
    with connected(quick) as sock:
        sock.sendall(head(quick, "GET /hang"))
        sock.shutdown(socket.SHUT_WR)
        assert read_rest(sock) == b""
    assert until(lambda: sample.events.count("gone") == gone + 1)


def test_errors_inside_are_error_objects_outside(quick: Address) -> None:
    answer = ask(quick, "GET /boom")
    assert (answer.status, answer.code) == (500, "internal_error")
    assert b"1234" not in answer.body
    with connected(quick) as sock:
        sock.sendall(head(quick, "GET /half"))
        # Half an answer is recognisable as one: its last chunk is missing.
        assert not read_rest(sock).endswith(b"0\r\n\r\n")
    assert_well(quick)


def test_an_upgrade_is_ignored(quick: Address) -> None:
    answer = ask(quick, "GET /health", "Connection: Upgrade", "Upgrade: websocket")
    assert answer.json == {"status": "ok"}
    assert ask(quick, "GET /health", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c").status


def test_a_client_that_asks_before_it_sends_is_told_to(quick: Address) -> None:
    with connected(quick) as sock:
        sock.sendall(head(quick, "POST /count", "Content-Length: 3", "Expect: 100-continue"))
        assert sock.recv(4_096).startswith(b"HTTP/1.1 100")
        sock.sendall(b"abc")
        assert read_answer(sock).json == {"bytes": 3}
    with connected(quick) as sock:
        sock.sendall(head(quick, "POST /count", "Content-Length: 99999999", "Expect: 100-continue"))
        assert read_answer(sock).status == 413


def test_beyond_the_connections_there_is_a_clear_answer() -> None:
    sample = SampleApplication()
    limits = Limits(connections=3, retry_after_seconds=7)
    with serving(sample, limits=limits) as address, ExitStack() as stack:
        socks = [stack.enter_context(connected(address)) for _ in range(3)]
        for sock in socks:
            sock.sendall(head(address, "GET /sleep?seconds=600"))
        assert until(lambda: sample.events.count("asleep") == 3)
        answer = exchange(address, head(address, "GET /health"))
        assert (answer.status, answer.code) == (503, "too_many_connections")
        assert answer.headers["retry-after"] == "7"
        # With one gone there is room again.
        socks[0].close()
        assert until(lambda: ask(address, "GET /health").status == 200)


def test_those_that_wait_give_way_to_those_that_come() -> None:
    limits = Limits(connections=4, header_seconds=600, keep_alive_seconds=600)
    with serving(SampleApplication(), limits=limits) as address, ExitStack() as stack:
        half_open = [stack.enter_context(connected(address)) for _ in range(50)]
        for sock in half_open[::2]:
            # Of most of them the place has gone already.
            with suppress(ConnectionError):
                sock.sendall(b"GET / HTTP/1.1\r\nHost: ")
        idle = stack.enter_context(connected(address))
        idle.sendall(head(address, "GET /health"))
        assert read_answer(idle).status == 200
        for _ in range(10):
            assert_well(address)
        # The four that came last may wait on.
        assert [read_rest(sock) for sock in half_open[:47]] == [b""] * 47


@pytest.mark.parametrize(
    "count", [pytest.param(60, id="60"), pytest.param(300, id="300", marks=pytest.mark.slow)]
)
def test_half_open_and_trickling_clients_keep_nobody_out(count: int) -> None:
    """The attack under which uvicorn alone keeps 300 of 300 sockets."""
    limits = Limits(header_seconds=1.0, body_seconds=1.0)
    sample = SampleApplication()
    with serving(sample, limits=limits) as address, ExitStack() as stack:
        half_open = [stack.enter_context(connected(address)) for _ in range(count)]
        for sock in half_open[::2]:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nName: ")
        bodies = [stack.enter_context(connected(address)) for _ in range(count)]
        for sock in bodies:
            sock.sendall(head(address, "POST /count", "Content-Length: 1000") + b"x")
        for _ in range(20):
            assert_well(address)
        assert {read_rest(sock)[:12] for sock in half_open[::2]} == {b"HTTP/1.1 408"}
        assert {read_rest(sock) for sock in half_open[1::2]} == {b""}
        assert {read_rest(sock)[:12] for sock in bodies} == {b"HTTP/1.1 408"}
        assert_well(address)
