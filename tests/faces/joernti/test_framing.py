"""Where a request ends, however it is cut."""

import asyncio
import socket
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import CapacityError, DeadlineError, TidemillError
from tidemill.faces.joernti.framing import receive
from tidemill.faces.joernti.limits import Limits

SMALL = Limits(request_bytes=1_024)


def received(pieces: Sequence[bytes], *, limits: Limits = SMALL, end: bool = False) -> bytes:
    """What is read of pieces that come one by one, each only when the one before was read."""

    async def talk() -> bytes:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            reading = asyncio.create_task(receive(ours, limits))
            for piece in pieces:
                theirs.sendall(piece)
                await _read_by(reading, ours)
            if end:
                theirs.shutdown(socket.SHUT_WR)
            return await reading

    return asyncio.run(talk())


async def _read_by(reading: "asyncio.Task[bytes]", sock: socket.socket) -> None:
    """Wait until nothing is left to be read, or nobody reads any more."""
    while not reading.done():
        try:
            sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        await asyncio.sleep(0)


@pytest.mark.claim("tidal.protocol")
@pytest.mark.parametrize("cut", range(1, 8))
def test_the_end_may_be_split_over_two_reads(cut: int) -> None:
    whole = b'{"a"}\r\r'
    assert received([whole[:cut], whole[cut:]]) == b'{"a"}'


def test_every_byte_may_come_alone() -> None:
    assert received([bytes([byte]) for byte in b"{}\r \r\r"]) == b"{}\r "


def test_what_comes_after_the_end_is_not_the_request() -> None:
    assert received([b"{}\r\r{}\r\r"]) == b"{}"
    assert received([b"{}\r\r\r"]) == b"{}"


def test_a_client_that_has_no_more_to_send_has_ended() -> None:
    assert received([b"{}"], end=True) == b"{}"
    assert received([b"{}\r"], end=True) == b"{}\r"
    assert received([], end=True) == b""


@given(st.binary(max_size=40), st.lists(st.integers(1, 40), max_size=4))
def test_cuts_do_not_matter(data: bytes, cuts: list[int]) -> None:
    whole = data + b"\r\r"
    edges = [0, *sorted({min(cut, len(whole)) for cut in cuts}), len(whole)]
    pieces = [whole[low:high] for low, high in pairwise(edges) if low < high]
    assert received(pieces) == whole[: whole.index(b"\r\r")]


def test_size_is_bounded() -> None:
    assert received([b"x" * 1_024, b"\r\r"]) == b"x" * 1_024
    for pieces in ([b"x" * 1_000, b"x" * 100], [b"x" * 1_027 + b"\r\r"]):
        with pytest.raises(CapacityError, match="more than 1,024 bytes"):
            received(pieces)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(idle_seconds=0.05), r"nothing came for 0\.05 s"),
        (Limits(request_seconds=0.05), r"not complete after 0\.05 s"),
    ],
)
def test_time_is_bounded(limits: Limits, words: str) -> None:
    with pytest.raises(DeadlineError, match=words):
        received([b"{"], limits=limits)


def test_a_slow_drip_does_not_win_time() -> None:
    async def drip() -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            limits = Limits(request_seconds=0.2, idle_seconds=0.15)
            reading = asyncio.create_task(receive(ours, limits))
            while not reading.done():
                theirs.sendall(b"x")
                await asyncio.sleep(0.01)
            with pytest.raises(TidemillError, match="not complete"):
                await reading

    asyncio.run(drip())
