"""Bad clients: some open a connection and never end their header, some send a byte a second.

Whoever is cut off comes again at once, until standard input ends. Standard output says when all
of them have come once.

    python benches/serving_strangers.py PORT HALF_OPEN DRIPPING
"""

import asyncio
import sys
from contextlib import suppress

HEAD = b"POST /v1/embeddings HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n"
PAUSE_SECONDS = 1.0
AGAIN_SECONDS = 0.1


class Strangers:
    """All of them."""

    def __init__(self, port: int, half_open: int, dripping: int) -> None:
        self._port = port
        self._numbers = (half_open, dripping)
        self._missing = half_open + dripping
        self._all_there = asyncio.Event()

    async def run(self) -> None:
        """Come, say so, and stay until standard input ends."""
        half_open, dripping = self._numbers
        jobs = [asyncio.create_task(self._again_and_again(drips=False)) for _ in range(half_open)]
        jobs += [asyncio.create_task(self._again_and_again(drips=True)) for _ in range(dripping)]
        await self._all_there.wait()
        print("there", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for job in jobs:
            job.cancel()

    async def _again_and_again(self, *, drips: bool) -> None:
        is_new = True
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                if is_new:
                    is_new = False
                    self._missing -= 1
                    if not self._missing:
                        self._all_there.set()
                await (_drip(writer) if drips else _hold(reader, writer))
                writer.close()
            await asyncio.sleep(AGAIN_SECONDS)


async def _hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send half a header, and wait to be cut off."""
    writer.write(HEAD[: len(HEAD) // 2])
    await writer.drain()
    while await reader.read(4_096):
        pass


async def _drip(writer: asyncio.StreamWriter) -> None:
    """Send a request, one byte a second."""
    for place in range(len(HEAD)):
        writer.write(HEAD[place : place + 1])
        await writer.drain()
        await asyncio.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    asyncio.run(Strangers(*map(int, sys.argv[1:4])).run())
