"""What large bodies cost: nothing that grows with them."""

import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.faces.http.clients import ask, connected, head, read_answer
from tests.faces.http.servers import ServerProcess, process_serving

BODY = 300 << 20
BLOCK = 1 << 20
MOST_KIB = 10 << 10
"""How much the server may grow while somebody sends 300 MB."""


@pytest.fixture
def server() -> Iterator[ServerProcess]:
    with process_serving() as started:
        yield started


@pytest.mark.parametrize("path", ["/count", "/ignore"])
@pytest.mark.parametrize("framing", [f"Content-Length: {BODY}", "Transfer-Encoding: chunked"])
def test_300_megabytes_are_refused_in_constant_memory(
    server: ServerProcess, path: str, framing: str
) -> None:
    address = server.address
    ask(address, "POST /count", body=b"x" * 1_000)
    before = ask(address, "GET /facts").json["peak_kib"]
    with connected(address) as sock:
        sock.sendall(head(address, f"POST {path}", framing))
        block = b"x" * BLOCK
        unit = b"%x\r\n%b\r\n" % (BLOCK, block) if "chunked" in framing else block

        def pump() -> None:
            with suppress(OSError):
                for _ in range(BODY // BLOCK):
                    sock.sendall(unit)

        pumping = threading.Thread(target=pump)
        pumping.start()
        # An application that reads nothing may answer; then the rest is not read either.
        unread = path == "/ignore" and "chunked" in framing
        answer = read_answer(sock)
        assert answer.status == (200 if unread else 413)
        assert unread or answer.code == "body_too_large"
        assert ask(address, "GET /health").status == 200
        pumping.join()
    facts = ask(address, "GET /facts").json
    assert facts["peak_kib"] - before <= MOST_KIB


def test_headers_without_end_cost_no_more(server: ServerProcess) -> None:
    address = server.address
    before = ask(address, "GET /facts").json["peak_kib"]
    for _ in range(20):
        with connected(address) as sock, suppress(ConnectionError):
            for _ in range(100):
                sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"Name: value\r\n" * 10_000)
    assert ask(address, "GET /facts").json["peak_kib"] - before <= MOST_KIB
