import asyncio
import logging
import os
import socket
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tidemill.faces.lsp.limits import Limits
from tidemill.faces.lsp.transport import (
    HEADER_BYTES,
    BoundedReader,
    DescriptorWriter,
    is_stream,
    stream_from,
)

SMALL = Limits(message_bytes=1_024, send_seconds=0.05)


async def reader_of(data: bytes) -> BoundedReader:
    stream = asyncio.StreamReader(limit=HEADER_BYTES)
    stream.feed_data(data)
    stream.feed_eof()
    return BoundedReader(stream, SMALL)


def test_lines_and_bodies_come_as_they_are() -> None:
    async def live() -> None:
        reader = await reader_of(b"Content-Length: 3\r\n\r\nabcrest")
        assert await reader.readline() == b"Content-Length: 3\r\n"
        assert await reader.readline() == b"\r\n"
        assert await reader.readexactly(3) == b"abc"
        assert await reader.readexactly(9) == b""
        assert await reader.readline() == b""

    asyncio.run(live())


def test_a_line_that_is_too_long_is_left_out_and_the_next_one_comes() -> None:
    async def live() -> None:
        reader = await reader_of(b"x" * 10_000 + b"\nnext\n")
        assert b"Content-Length" not in await reader.readline()
        assert await reader.readline() == b"next\n"

    asyncio.run(live())


def test_a_body_that_is_too_long_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    async def live() -> None:
        reader = await reader_of(b"x" * 200_000 + b"next\n")
        assert await reader.readexactly(200_000) == b"null"
        assert await reader.readline() == b"next\n"
        assert await reader.readexactly(1 << 60) == b""

    with caplog.at_level(logging.ERROR):
        asyncio.run(live())
    assert "a message of 200,000 bytes is too long" in caplog.text


def test_all_is_written_however_slowly_it_is_read() -> None:
    ours, theirs = socket.socketpair()
    received = bytearray()

    def read() -> None:
        while part := theirs.recv(1 << 12):
            received.extend(part)

    with closing(theirs):
        reading = threading.Thread(target=read)
        reading.start()
        with closing(ours):
            writer = DescriptorWriter(ours.fileno(), Limits())
            writer.write(b"x" * 3_000_000)
            writer.close()
            writer.write(b"too late")
        reading.join()
    assert received == b"x" * 3_000_000


def test_who_does_not_read_is_not_waited_for() -> None:
    ours, theirs = socket.socketpair()
    late = pytest.raises(BrokenPipeError, match=r"nothing was read for 0\.05 s")
    with closing(ours), closing(theirs), late:
        DescriptorWriter(ours.fileno(), SMALL).write(b"x" * 10_000_000)


def test_who_has_gone_is_known() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        DescriptorWriter(writing, SMALL).send({"method": "x"})
    os.close(writing)


def test_what_can_be_waited_for() -> None:
    reading, writing = os.pipe()
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        assert is_stream(reading)
        assert is_stream(ours.fileno())
    os.close(reading)
    os.close(writing)
    for path in (Path(__file__), Path(os.devnull)):
        with path.open("rb") as file:
            assert not is_stream(file.fileno())
    assert not is_stream(reading)


def test_a_stream_of_a_pipe() -> None:
    async def live() -> None:
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb", buffering=0) as pipe:
            stream, transport = await stream_from(pipe)
            os.write(writing, b"one\ntwo")
            os.close(writing)
            assert await stream.read() == b"one\ntwo"
            transport.close()

    asyncio.run(live())
