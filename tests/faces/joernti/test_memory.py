"""What a gigabyte costs: nothing that grows with it."""

import threading
from contextlib import suppress

import pytest

from tests.faces.joernti.clients import ask, connected, read_rest, request
from tests.faces.joernti.sample import ANSWER, AS_MAP
from tests.faces.joernti.servers import process_serving

BLOCK = 1 << 20
BLOCKS = 1 << 10
LIMIT = 8 << 20
MOST_KIB = (3 * LIMIT) >> 10
"""How much the server may grow while somebody sends a gigabyte: the limit, and room to grow in."""


@pytest.mark.slow
def test_a_gigabyte_is_refused_in_bounded_memory() -> None:
    with process_serving({"request_bytes": LIMIT}) as server:
        assert ask(server.address, request(AS_MAP)) == [ANSWER.to_dict()]
        before = server.peak_kib
        for _ in range(3):
            with connected(server.address) as sock:

                def pump() -> None:
                    block = b"x" * BLOCK
                    with suppress(OSError):
                        for _ in range(BLOCKS):
                            sock.sendall(block)

                pumping = threading.Thread(target=pump)
                pumping.start()
                assert read_rest(sock) == b"[]"
                pumping.join()
        assert server.peak_kib - before <= MOST_KIB
        assert ask(server.address, request(AS_MAP)) == [ANSWER.to_dict()]


@pytest.mark.slow
def test_json_that_would_fill_the_memory_is_refused_before_it_does() -> None:
    with process_serving() as server:
        assert ask(server.address, request(AS_MAP)) == [ANSWER.to_dict()]
        before = server.peak_kib
        raw = b"[" + b"[]," * ((60 << 20) // 3) + b"[]]\r\r"
        assert ask(server.address, raw) == []
        # The request itself, what is outside its strings, and little more.
        assert server.peak_kib - before <= 5 * len(raw) >> 10
        assert ask(server.address, request(AS_MAP)) == [ANSWER.to_dict()]
